// `npm run bench -- records`: what reading records takes with few and with many of them in D1, made by a generator: counts, lists,
// one by its id, figures, and what a search costs its neighbours. Medians; each line also as a ratio of many to few.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { newActivationId } from "../../src/entities/activation-id.ts";
import { checksumOf } from "../../src/entities/checksum.ts";
import { GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { median } from "./load.ts";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "1000000" },
    few: { type: "string", default: "1000" },
    repeats: { type: "string", default: "30" },
  },
});
const repeats = Number(values.repeats);
const NAMES = 50;
const BATCH = 10_000;
/** Of the guest; its key says it. */
const [namespaceId = ""] = GUEST.split(":");

type Figures = Map<string, number>;

const state = mkdtempSync(join(tmpdir(), "edgewhisk-bench-records-"));
try {
  // Makes the databases.
  await (await startPlatform({ engine: "process", state })).stop();
  fill(Number(values.few));
  const few = await measured(Number(values.few));
  fill(Number(values.records) - Number(values.few));
  const many = await measured(Number(values.records));
  console.log(`\n| median of ${repeats} | ${values.few} records | ${values.records} | ratio |\n|---|---|---|---|`);
  for (const [name, figure] of many) {
    const small = few.get(name) ?? Number.NaN;
    console.log(`| ${name} | ${small.toFixed(2)} | ${figure.toFixed(2)} | ${(figure / small).toFixed(2)} |`);
  }
} finally {
  rmSync(state, { recursive: true, force: true });
}

/** The database that has this table. */
function open(table: string): DatabaseSync {
  const folder = join(state, "v3/d1/miniflare-D1DatabaseObject");
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".sqlite") && each !== "metadata.sqlite")) {
    const database = new DatabaseSync(join(folder, name));
    const found = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
    if (found !== undefined) return database;
    database.close();
  }
  throw new Error(`no database has the table ${table}`);
}

/** Records of the last thirty days, in the order of their time. */
function fill(count: number): void {
  const database = open("records");
  const insert = database.prepare(
    `INSERT INTO records (id, namespace_id, list_name, start, ended, duration, namespace, subject, kind, cause, status_code,
      checksum, record) VALUES (?, ?, ?, ?, ?, ?, 'guest', 'guest', 'nodejs:20', NULL, ?, ?, ?)`,
  );
  database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000");
  const from = Date.now() - 30 * 86_400_000 - 3_600_000;
  for (let done = 0; done < count; done += BATCH) {
    database.exec("BEGIN");
    for (let at = done; at < Math.min(count, done + BATCH); at++) {
      const start = from + Math.floor((at / count) * 30 * 86_400_000);
      const name = `action${at % NAMES}`;
      const statusCode = at % 100 === 0 ? 1 : 0;
      const id = newActivationId(start, at % 4);
      const text = recordText({ id, name, start, statusCode });
      insert.run(id, namespaceId, name, start, start + 7, 7, statusCode, checksumOf(text), text);
    }
    database.exec("COMMIT");
  }
  database.close();
  console.error(`made ${count} records`);
}

interface Made {
  id: string;
  name: string;
  start: number;
  statusCode: number;
}

function recordText({ id, name, start, statusCode }: Made): string {
  const limits = { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 };
  const annotations = [
    { key: "path", value: `guest/${name}` },
    { key: "kind", value: "nodejs:20" },
    { key: "limits", value: limits },
    { key: "timeout", value: false },
    { key: "waitTime", value: 3 },
  ];
  return JSON.stringify({
    ...{ activationId: id, namespace: "guest", name, version: "0.0.1", subject: "guest", start, end: start + 7 },
    ...{ duration: 7, statusCode, result: { inline: `{"greeting":"hello ${id}"}` }, size: 50 },
    logs: { inline: JSON.stringify([`2026-11-28T00:00:00.000000Z stdout: said hello to ${id}`]) },
    annotations: JSON.stringify(annotations),
    meta: {
      ...{ v: 1, nsId: namespaceId, listName: name, kind: "nodejs:20", acceptedAt: start - 3, waitMs: 3 },
      ...{ scheduler: "h/0", attempt: 1, start: "warm", runMs: 7, logBytes: 60, traceId: id, memoryMb: 256 },
    },
  });
}

/** `ms`: until all of the answer was here. */
async function ask({ url }: Platform, path: string): Promise<{ ms: number; headers: Headers }> {
  const headers = { authorization: `Basic ${Buffer.from(GUEST).toString("base64")}` };
  const began = performance.now();
  const response = await fetch(`${url}/api/v1/namespaces/_/${path}`, { headers });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`);
  return { ms: performance.now() - began, headers: response.headers };
}

async function measured(records: number): Promise<Figures> {
  const platform = await startPlatform({ engine: "process", state });
  const figures: Figures = new Map();
  const time = async (name: string, path: () => string) => {
    const samples: number[] = [];
    for (let at = 0; at < repeats; at++) samples.push((await ask(platform, path())).ms);
    figures.set(name, median(samples));
    console.error(`${records}: ${name}: ${median(samples).toFixed(2)} ms (first ${samples[0]?.toFixed(1)})`);
  };
  try {
    const database = open("records");
    const ids = database
      .prepare("SELECT id FROM records WHERE rowid % ? = 0 LIMIT 1000")
      .all(Math.max(1, Math.floor(records / 1000)))
      .map((row) => String(row.id));
    database.close();
    const anId = () => `activations/${ids[Math.floor(Math.random() * ids.length)]}`;
    await time("get by id, ms", anId);
    await time("30 newest, ms", () => "activations");
    await time("30 newest of a name, ms", () => "activations?name=action7");
    await time("count, ms", () => "activations?count=true");
    await time("count of a name, ms", () => "activations?count=true&name=action7");
    await time("count of a week, ms", () => `activations?count=true&since=${Date.now() - 7 * 86_400_000}`);
    await time("figures of a day, ms", () => "stats");
    const alone = await pace(platform, anId);
    const search = { isOver: false, scanned: 0, ms: 0, requests: 0 };
    const searching = (async () => {
      for (let cursor = ""; !search.isOver; ) {
        const found = await ask(platform, `activations?text=nowhere&cursor=${cursor}`);
        search.scanned += Number(found.headers.get("x-scanned"));
        search.ms += found.ms;
        search.requests++;
        cursor = found.headers.get("x-next-cursor") ?? "";
      }
    })();
    await sleep(200);
    const beside = await pace(platform, anId);
    search.isOver = true;
    await searching;
    figures.set("a neighbour's get, ms", alone.p50);
    figures.set("the same beside a search, ms", beside.p50);
    figures.set("p99 of the former, ms", alone.p99);
    figures.set("p99 of the latter, ms", beside.p99);
    figures.set("records searched per second", (search.scanned / search.ms) * 1_000);
    figures.set("one search request, ms", search.ms / search.requests);
    return figures;
  } finally {
    await platform.stop();
  }
}

/** One caller for three seconds. */
async function pace(platform: Platform, path: () => string) {
  const samples: number[] = [];
  for (const end = performance.now() + 3_000; performance.now() < end; ) samples.push((await ask(platform, path())).ms);
  samples.sort((one, other) => one - other);
  return { p50: median(samples), p99: samples[Math.floor(samples.length * 0.99)] ?? Number.NaN };
}
