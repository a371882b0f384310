// `npm run bench -- records`: what reading records takes with few and with many of them, made by a generator, in each
// mode: counts, lists, one by its id, figures, and what a search costs its neighbours. Medians; each line also as a
// ratio of many to few.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  ACTIVATION_STORE_CHOICES,
  type ActivationStoreMode,
  activationStoreModeOf,
} from "../../src/entities/activation-store-mode.ts";
import { GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { median, quantile } from "./load.ts";
import { fill, prepare, sampleOfIds } from "./record-maker.ts";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "1000000" },
    few: { type: "string", default: "1000" },
    repeats: { type: "string", default: "30" },
    mode: { type: "string", default: "d1" },
    only: { type: "string", default: "reads,searches" },
  },
});
const repeats = Number(values.repeats);
const only = new Set(values.only.split(","));
const mode = modeOf(values.mode);
/** Questions before anything is measured: a Worker that has just started compiles what it runs. */
const WARM_UP = 150;
/** Turns of a neighbour's gets without and with a search beside them, and ms of one. */
const TURNS = 4;
const TURN_MS = 2_000;
/** ms for which a search goes on before it is measured what is beside it. */
const SETTLE_MS = 200;
type Figures = Map<string, number>;

const state = mkdtempSync(join(tmpdir(), "edgewhisk-bench-records-"));
try {
  await prepare(state);
  await fill(state, Number(values.few), mode);
  const few = await measured(Number(values.few));
  await fill(state, Number(values.records) - Number(values.few), mode);
  const many = await measured(Number(values.records));
  console.log(
    `\n| ${mode}: median of ${repeats} | ${values.few} records | ${values.records} | ratio |\n|---|---|---|---|`,
  );
  for (const [name, figure] of many) {
    const small = few.get(name) ?? Number.NaN;
    console.log(`| ${name} | ${small.toFixed(2)} | ${figure.toFixed(2)} | ${(figure / small).toFixed(2)} |`);
  }
} finally {
  rmSync(state, { recursive: true, force: true });
}

function modeOf(text: string): ActivationStoreMode {
  const known = activationStoreModeOf(text);
  if (known === undefined) throw new Error(`--mode is ${ACTIVATION_STORE_CHOICES}`);
  return known;
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
  const platform = await startPlatform({ engine: "process", state, flags: ["--activation-store", values.mode] });
  const figures: Figures = new Map();
  try {
    const ids = sampleOfIds(state, { records, mode });
    const anId = () => `activations/${ids[Math.floor(Math.random() * ids.length)]}`;
    if (only.has("reads")) await reads(platform, { records, anId, figures });
    if (only.has("searches")) await searches(platform, { anId, figures });
    return figures;
  } finally {
    await platform.stop();
  }
}

async function reads(
  platform: Platform,
  { records, anId, figures }: { records: number; anId: () => string; figures: Figures },
): Promise<void> {
  const time = async (lines: Record<string, () => string>) => {
    const samples = new Map<string, number[]>(Object.keys(lines).map((name) => [name, []]));
    // By turns, so that the machine's moods meet all of them.
    for (let at = 0; at < repeats; at++) {
      for (const [name, path] of Object.entries(lines)) samples.get(name)?.push((await ask(platform, path())).ms);
    }
    for (const [name, all] of samples) {
      figures.set(`${name}, ms`, median(all));
      console.error(`${records}: ${name}: ${median(all).toFixed(2)} ms (first ${all[0]?.toFixed(1)})`);
    }
  };
  // Before all are counted: no pieces are there that another count made.
  const week = () => `activations?count=true&since=${Date.now() - 7 * 86_400_000}`;
  await time({ "count of a week before any other": week });
  const lists = {
    "get by id": anId,
    "30 newest": () => "activations",
    "30 newest of a name": () => "activations?name=action7",
    "the 1,000th page of a list": () => "activations?skip=30000",
  };
  for (let at = 0; at < WARM_UP; at++) {
    for (const path of Object.values(lists).slice(0, 3)) await ask(platform, path());
  }
  await time({ ...lists, "no record: limits of a namespace": () => "limits" });
  await time({
    count: () => "activations?count=true",
    "count of a name": () => "activations?count=true&name=action7",
    "count of a week": week,
    "figures of a day": () => "stats",
  });
}

async function searches(
  platform: Platform,
  { anId, figures }: { anId: () => string; figures: Figures },
): Promise<void> {
  for (let at = 0; at < WARM_UP; at++) await ask(platform, anId());
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
  for (let cursor = "", end = performance.now() + 3_000; performance.now() < end; ) {
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
  for (const end = performance.now() + TURN_MS; performance.now() < end; )
    samples.push((await ask(platform, path())).ms);
  return samples;
}
