// `npm run bench -- records`: what reading records takes with few and with many of them, made by a generator, in each
// mode: counts, lists, one by its id, figures, and what a search costs its neighbours. Two platforms take turns, of
// which one has few records and one many: medians, and ratios of many to few. With --state what was made is kept, and
// may be made in several runs of --minutes.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { median, quantile } from "./load.ts";
import { fill, modeOf, prepare, sampleOfIds } from "./record-maker.ts";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "1000000" },
    few: { type: "string", default: "1000" },
    repeats: { type: "string", default: "30" },
    warmup: { type: "string", default: "150" },
    mode: { type: "string", default: "d1" },
    only: { type: "string", default: "reads,searches" },
    state: { type: "string" },
    minutes: { type: "string", default: "60" },
  },
});
const repeats = Number(values.repeats);
const only = new Set(values.only.split(","));
const mode = modeOf(values.mode);
/** Questions of each kind before anything is measured: a Worker that has just started compiles what it runs. */
const warmUp = Number(values.warmup);
/** Turns of a neighbour's gets without and with a search beside them, and ms of one. */
const TURNS = 4;
const TURN_MS = 2_000;
/** ms for which a search goes on before it is measured what is beside it. */
const SETTLE_MS = 200;

/** A platform with so many records, and what was measured of it. */
interface Subject {
  records: number;
  platform: Platform;
  anId: () => string;
  figures: Map<string, number>;
}

const root = values.state ?? mkdtempSync(join(tmpdir(), "edgewhisk-bench-records-"));
const end = performance.now() + Number(values.minutes) * 60_000;
const sizes = [Number(values.few), Number(values.records)];
try {
  if (await made()) await measure();
  else
    console.log(
      `not all of them are made yet: the same again goes on${values.state === undefined ? " with --state" : ""}`,
    );
} finally {
  if (values.state === undefined) rmSync(root, { recursive: true, force: true });
}

function folderOf(records: number): string {
  return join(root, `${mode.replace("+", "-")}-${records}`);
}

/** False: the time was up before. */
async function made(): Promise<boolean> {
  for (const records of sizes) {
    const state = folderOf(records);
    if (!existsSync(state)) {
      mkdirSync(state, { recursive: true });
      await prepare(state);
    }
    if ((await fill(state, records, { mode, end })) < records) return false;
  }
  return true;
}

async function measure(): Promise<void> {
  const subjects: Subject[] = [];
  try {
    for (const records of sizes) {
      const state = folderOf(records);
      const ids = sampleOfIds(state, { records, mode });
      const platform = await startPlatform({ engine: "process", state, flags: ["--activation-store", values.mode] });
      const anId = () => `activations/${ids[Math.floor(Math.random() * ids.length)]}`;
      subjects.push({ records, platform, anId, figures: new Map() });
    }
    if (only.has("reads")) await reads(subjects);
    if (only.has("searches")) for (const subject of subjects) await searches(subject);
    const [few, many] = subjects;
    console.log(`\n| ${mode}: median of ${repeats} | ${sizes.join(" records | ")} | ratio |\n|---|---|---|---|`);
    for (const [name, figure] of many?.figures ?? []) {
      const small = few?.figures.get(name) ?? Number.NaN;
      console.log(`| ${name} | ${small.toFixed(2)} | ${figure.toFixed(2)} | ${(figure / small).toFixed(2)} |`);
    }
  } finally {
    for (const { platform } of subjects) await platform.stop();
  }
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

async function reads(subjects: readonly Subject[]): Promise<void> {
  type Line = { name: string; path: (subject: Subject) => string };
  const time = async (lines: readonly Line[]) => {
    const samples = lines.map(() => subjects.map((): number[] => []));
    // By turns, so that the machine's moods meet all of them.
    for (let at = 0; at < repeats; at++) {
      for (const [line, { path }] of lines.entries()) {
        for (const [nth, subject] of subjects.entries()) {
          samples[line]?.[nth]?.push((await ask(subject.platform, path(subject))).ms);
        }
      }
    }
    for (const [line, { name }] of lines.entries()) {
      for (const [nth, { records, figures }] of subjects.entries()) {
        const all = samples[line]?.[nth] ?? [];
        figures.set(`${name}, ms`, median(all));
        console.error(`${records}: ${name}: ${median(all).toFixed(2)} ms (first ${all[0]?.toFixed(1)})`);
      }
    }
  };
  const lineOf = (name: string, path: string): Line => ({ name, path: () => path });
  // Before all are counted: no pieces are there that another count made.
  const week = `activations?count=true&since=${Date.now() - 7 * 86_400_000}`;
  await time([lineOf("count of a week before any other", week)]);
  const lists = [
    { name: "get by id", path: ({ anId }: Subject) => anId() },
    lineOf("30 newest", "activations"),
    lineOf("30 newest of a name", "activations?name=action7"),
    lineOf("the 1,000th page of a list", "activations?skip=30000"),
  ];
  for (let at = 0; at < warmUp; at++) {
    for (const { path } of lists.slice(0, 3)) {
      for (const subject of subjects) await ask(subject.platform, path(subject));
    }
  }
  await time([...lists, lineOf("no record: limits of a namespace", "limits")]);
  await time([
    lineOf("count", "activations?count=true"),
    lineOf("count of a name", "activations?count=true&name=action7"),
    lineOf("count of a week", week),
    lineOf("figures of a day", "stats"),
  ]);
}

async function searches({ platform, anId, figures }: Subject): Promise<void> {
  for (let at = 0; at < warmUp; at++) await ask(platform, anId());
  const search = { isOn: true, scanned: 0, ms: 0, requests: 0 };
  const searching = async () => {
    search.isOn = true;
    for (let cursor = ""; search.isOn; ) {
      const found = await ask(platform, `activations?text=nowhere&cursor=${cursor}`);
      search.scanned += Number(found.headers.get("x-scanned"));
      search.ms += found.ms;
      search.requests++;
      cursor = found.headers.get("x-next-cursor") ?? "";
    }
  };
  const alone: number[] = [];
  const beside: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    alone.push(...(await pace(platform, anId)));
    const over = searching();
    await sleep(SETTLE_MS);
    beside.push(...(await pace(platform, anId)));
    search.isOn = false;
    await over;
  }
  const sifted = { scanned: 0, ms: 0 };
  for (let cursor = "", over = performance.now() + 3_000; performance.now() < over; ) {
    const found = await ask(platform, `activations?status=developer_error&cursor=${cursor}`);
    sifted.scanned += Number(found.headers.get("x-scanned"));
    sifted.ms += found.ms;
    cursor = found.headers.get("x-next-cursor") ?? "";
  }
  const order = (one: number, other: number) => one - other;
  figures.set("records searched by a column per second", (sifted.scanned / sifted.ms) * 1_000);
  figures.set("a neighbour's get, ms", median(alone));
  figures.set("the same beside a search, ms", median(beside));
  figures.set("the latter as a multiple of the former", median(beside) / median(alone));
  figures.set("p99 of the former, ms", quantile(alone.toSorted(order), 0.99));
  figures.set("p99 of the latter, ms", quantile(beside.toSorted(order), 0.99));
  figures.set("records searched per second", (search.scanned / search.ms) * 1_000);
  figures.set("one search request, ms", search.ms / search.requests);
}

/** One caller. */
async function pace(platform: Platform, path: () => string): Promise<number[]> {
  const samples: number[] = [];
  for (const over = performance.now() + TURN_MS; performance.now() < over; )
    samples.push((await ask(platform, path())).ms);
  return samples;
}
