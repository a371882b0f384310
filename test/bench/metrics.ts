// `npm run bench -- metrics`: what counting costs a warm call, in pairs of one platform that counts and one that does
// not; how long a scrape of a thousand actions takes, how old its values are; and what 100,000 actions leave. Two
// platforms differ by more than counting: with `--into FILE` and `--pairs 5`, then 10, then 15, each run adds pairs of
// two fresh ones. `--same`: both count, which shows the noise.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ActivationCounts } from "../../src/metrics/activations.ts";
import { Meter } from "../../src/metrics/meter.ts";
import { MAX_ACTIONS, SeriesBook } from "../../src/metrics/series-book.ts";
import { ended } from "../metrics/ended.ts";
import { basic, GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { type Call, connect, load, median, sampleOf, send, timed } from "./load.ts";
import { differences, measurePairs } from "./pairs.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "bound,scrape,calls" },
    pairs: { type: "string", default: "15" },
    calls: { type: "string", default: "5000" },
    into: { type: "string", default: "" },
    engine: { type: "string", default: "process" },
    same: { type: "boolean", default: false },
  },
});
const only = new Set(values.only.split(","));
const engine = values.engine === "docker" ? "docker" : "process";
const state = mkdtempSync(join(tmpdir(), "edgewhisk-bench-metrics-"));
const headers = { authorization: basic(GUEST), "content-type": "application/json" };
const CALL: Call = { method: "POST", path: "/api/v1/namespaces/_/actions/a?blocking=true", headers, body: '{"n":1}' };
const MANY = 100_000;
const closers: (() => Promise<unknown>)[] = [() => Promise.resolve(rmSync(state, { recursive: true, force: true }))];

try {
  if (only.has("bound")) bound();
  if (only.has("scrape")) await scrapes();
  if (only.has("calls")) await calls();
} finally {
  for (const close of closers.reverse()) await close();
}

function freshBook() {
  const kept = { groups: new Map(), sources: new Map(), stores: new Map(), schedulers: new Map() };
  return { kept, book: new SeriesBook(kept) };
}

/** So many actions are called once, each in a series of its own as far as it is told apart. */
function filled(actions: number) {
  const { kept, book } = freshBook();
  const batch = 200;
  for (let from = 0; from < actions; from += batch) {
    const meter = new Meter();
    for (let at = from; at < Math.min(actions, from + batch); at++) {
      const { record, about } = ended({ action: `action-${at}`, initMs: 20, result: '{"statusCode":200}' });
      new ActivationCounts(meter).ended(record, about);
    }
    book.apply({ source: "bench", number: from + 1, changes: meter.take() }, Date.now());
  }
  return { kept, book };
}

function bound(): void {
  const began = performance.now();
  const { kept, book } = filled(MANY);
  const seconds = (performance.now() - began) / 1_000;
  const text = book.expose({ openMetrics: false, hosts: [] }, Date.now());
  const told = new Set(text.match(/action="[^"]*"/g)).size;
  console.log(`\n| ${MANY} actions, each called once | |\n|---|---|`);
  console.log(`| told apart | ${told} (other among them; ${kept.groups.size} groups; at most ${MAX_ACTIONS}) |`);
  console.log(`| text | ${(text.length / 1_024).toFixed(0)} KB, ${text.split("\n").length} lines |`);
  console.log(`| adding them up | ${seconds.toFixed(1)} s |`);
}

/** Puts what is told of a thousand actions where a platform keeps it, while it does not run. */
function keep(kept: ReturnType<typeof filled>["kept"]): void {
  const folder = readdirSync(join(state, "v3/do")).find((name) => name.endsWith("Metrics"));
  if (folder === undefined) throw new Error("the platform has no Metrics object");
  const [file] = readdirSync(join(state, "v3/do", folder)).filter(
    (name) => name.endsWith(".sqlite") && name !== "metadata.sqlite",
  );
  const database = new DatabaseSync(join(state, "v3/do", folder, file ?? ""));
  const put = database.prepare("INSERT OR REPLACE INTO kept (place, key, value) VALUES ('groups', ?, ?)");
  for (const [key, value] of kept.groups) put.run(key, JSON.stringify(value));
  database.close();
}

async function scrapes(): Promise<void> {
  let platform = await prepared(await startPlatform({ engine, state }));
  const first = connect(platform.url, 1);
  await load(first, () => CALL, { callers: 1, calls: 50, status: 200 });
  await age(platform);
  await first.close();
  await platform.stop();
  keep(filled(MAX_ACTIONS).kept);
  platform = await startPlatform({ engine, state });
  closers.push(() => platform.stop());
  const scrape: Call = { method: "GET", path: "/metrics", headers: { authorization: `Bearer ${tokenOf(platform)}` } };
  const pool = connect(platform.url, 1);
  closers.push(() => pool.close());
  const { text } = await send(pool, scrape);
  const told = new Set(text.match(/action="[^"]*"/g)).size;
  if (told < MAX_ACTIONS) throw new Error(`only ${told} actions are told`);
  const times: number[] = [];
  for (let at = 0; at < 50; at++) {
    const began = performance.now();
    const { status } = await send(pool, scrape);
    if (status !== 200) throw new Error(`the scrape answered ${status}`);
    times.push(performance.now() - began);
  }
  const { p50, p99, longest } = sampleOf(times);
  console.log(`\n| \`/metrics\` of ${told} actions, ${(text.length / 1_024).toFixed(0)} KB | ms |\n|---|---|`);
  for (const [name, ms] of Object.entries({ p50, p99, longest })) console.log(`| ${name} | ${ms.toFixed(1)} |`);
  const ages: number[] = [];
  for (let at = 0; at < 3; at++) ages.push(await age(platform));
  console.log(`| until a call is told: longest of ${ages.length} | ${Math.max(...ages).toFixed(0)} |`);
}

/** ms from the answer of a call until a scrape tells it. */
async function age(platform: Platform): Promise<number> {
  const authorization = `Bearer ${tokenOf(platform)}`;
  const told = async () => {
    const text = await (await fetch(`${platform.url}/metrics`, { headers: { authorization } })).text();
    const lines = text.match(/^openwhisk_action_activations_total\{[^}]*action="a"[^}]*\} (\d+)$/m);
    return Number(lines?.[1] ?? 0);
  };
  const before = await told();
  const answer = await fetch(`${platform.url}${CALL.path}`, { method: "POST", headers, body: "{}" });
  await answer.text();
  const began = performance.now();
  while ((await told()) <= before) {
    if (performance.now() - began > 60_000) throw new Error("a call was not told within a minute");
    await sleep(100);
  }
  return performance.now() - began;
}

async function calls(): Promise<void> {
  const counting = await prepared(await startPlatform({ engine }));
  closers.push(() => counting.stop());
  const flags = values.same ? [] : ["--var", "METRICS_MODE=off"];
  const silent = await prepared(await startPlatform({ engine, flags }));
  closers.push(() => silent.stop());
  const [on, off] = [counting, silent].map(({ url }) => connect(url, 1));
  if (on === undefined || off === undefined) throw new Error("no pools");
  closers.push(
    () => on.close(),
    () => off.close(),
  );
  // A machine that is starved loses a call now and then: that block is said, and taken anew.
  const block = async (pool: typeof on, count: number, tries = 3): Promise<number[]> => {
    try {
      return await timed(pool, () => CALL, { callers: 1, calls: count, status: 200 });
    } catch (error) {
      if (tries <= 1) throw error;
      process.stderr.write(`bench: a block was taken anew: ${String(error).slice(0, 300)}\n`);
      return block(pool, count, tries - 1);
    }
  };
  // Warm, as the others are.
  await block(on, 1_000);
  await block(off, 1_000);
  const count = Number(values.calls);
  const pairs = await measurePairs({
    ...{
      name: `metrics${values.same ? " in both" : ""} ${engine} ${count}`,
      pairs: Number(values.pairs),
      calls: count,
    },
    into: values.into,
    plain: (of) => block(off, of),
    other: (of) => block(on, of),
  });
  const { ofPairs, ofBlocks, blocks } = differences(pairs, (plain, other) => 100 * (other / plain - 1));
  const text = ({ middle, low, high }: typeof ofPairs) =>
    `${middle.toFixed(1)} % (${low.toFixed(1)} % to ${high.toFixed(1)} %)`;
  console.log(`\n| ${pairs.length} pairs of ${count} warm calls, 1 caller | |\n|---|---|`);
  const plain = values.same ? "metrics on both" : "METRICS_MODE=off";
  console.log(`| p50 with ${plain} | ${median(pairs.map((each) => each.plain)).toFixed(3)} ms |`);
  console.log(`| median of the paired differences of p50 with metrics (95 %) | ${text(ofPairs)} |`);
  console.log(`| the same of ${blocks} pairs of blocks | ${text(ofBlocks)} |`);
}

async function prepared(platform: Platform): Promise<Platform> {
  const exec = { kind: "nodejs:default", code: "function main(args) { return { n: args.n }; }" };
  const path = `${platform.url}/api/v1/namespaces/_/actions/a?overwrite=true`;
  const answer = await fetch(path, { method: "PUT", headers, body: JSON.stringify({ exec }) });
  if (!answer.ok) throw new Error(`the action cannot be made: ${answer.status} ${await answer.text()}`);
  await answer.text();
  return platform;
}

function tokenOf(platform: Platform): string {
  return JSON.parse(readFileSync(join(platform.state, "secrets.json"), "utf8")).adminToken;
}
