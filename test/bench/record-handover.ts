// `npm run bench -- handover`: what it costs calls that their records are handed over to D1, how fast a backlog drains
// without calls, and whether one grows while calls go on for --minutes. For the first two platforms take turns: of one
// the table of records is away, so that all stay where they are. Ratios, medians of the pairs.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { basic, GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { connect, median, type Sample } from "./load.ts";
import * as measures from "./measures.ts";
import { fillLedgers, open, prepare } from "./record-maker.ts";

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "8" },
    ms: { type: "string", default: "5000" },
    backlog: { type: "string", default: "200000" },
    minutes: { type: "string", default: "5" },
    only: { type: "string", default: "calls,drain,growth" },
  },
});
const only = new Set(values.only.split(","));
const CALLERS = 16;
/** ms between two looks. */
const LOOK_MS = 500;
/** ms of calls between two looks at what waits. */
const SPELL_MS = 10_000;

console.log("| what | figure | target |\n|---|---|---|");
if (only.has("calls")) await calls();
if (only.has("drain")) await drain();
if (only.has("growth")) await growth();

async function calls(): Promise<void> {
  const states = ["paused", "on"].map((name) => mkdtempSync(join(tmpdir(), `edgewhisk-bench-${name}-`)));
  const [paused = "", on = ""] = states;
  const platforms: Platform[] = [];
  try {
    await prepare(paused);
    const database = open(paused, "records");
    database.exec("ALTER TABLE records RENAME TO records_away");
    database.close();
    for (const state of states) platforms.push(await startPlatform({ engine: "process", state }));
    const callers = platforms.map(({ url }) => connect(url, CALLERS));
    for (const each of callers) await measures.createAction(each, "bench-noop");
    for (const each of callers) await measures.warm(each, CALLERS, 3_000);
    const pairs: Sample[][] = [];
    const left: number[] = [];
    for (let pair = 0; pair < Number(values.pairs); pair++) {
      const samples: Sample[] = [];
      for (const each of callers) samples.push(await measures.warm(each, CALLERS, Number(values.ms)));
      pairs.push(samples);
      left.push(await waiting(platforms[1], on));
      console.error(
        `${samples.map(({ rate, p99 }) => `${rate.toFixed(0)}/s p99 ${p99.toFixed(1)} ms`)}; ${left.at(-1)} wait`,
      );
    }
    const ratio = (of: (sample: Sample) => number) => median(pairs.map(([off, with_]) => of(with_!) / of(off!)));
    console.log(
      `| rate of ${CALLERS} callers, handed over / not | ${ratio(({ rate }) => rate).toFixed(2)} × | ≥ 0.8 |`,
    );
    console.log(`| p99 of theirs | ${ratio(({ p99 }) => p99).toFixed(2)} × | ≤ 2 |`);
    console.log(`| records that wait after each spell | ${left.join(", ")} | does not grow |`);
    await Promise.all(callers.map((each) => each.close()));
  } finally {
    for (const platform of platforms) await platform.stop();
    for (const state of states) rmSync(state, { recursive: true, force: true });
  }
}

/** Records that have ended and are not in the table yet. */
async function waiting(platform: Platform | undefined, state: string): Promise<number> {
  const answer = await fetch(`${platform?.url}/api/v1/namespaces/_/activations?count=true`, {
    headers: { authorization: basic(GUEST) },
  });
  const { activations } = (await answer.json()) as { activations: number };
  return activations - inTable(state);
}

function inTable(state: string): number {
  const database = open(state, "records");
  const row = database.prepare("SELECT count(*) AS n FROM records").get();
  database.close();
  return Number(row?.n);
}

/** 16 callers go on without a pause. What waits in the first minute is not yet what stays. */
async function growth(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "edgewhisk-bench-growth-"));
  const platform = await startPlatform({ engine: "process", state });
  try {
    const callers = connect(platform.url, CALLERS);
    await measures.createAction(callers, "bench-noop");
    const left: number[] = [];
    let calls = 0;
    const began = performance.now();
    const end = began + Number(values.minutes) * 60_000;
    while (performance.now() < end) {
      calls += (await measures.warm(callers, CALLERS, SPELL_MS)).count;
      left.push(await waiting(platform, state));
      console.error(`${calls} calls, ${left.at(-1)} records wait`);
    }
    const rate = (calls * 1_000) / (performance.now() - began);
    await callers.close();
    const settled = left.slice(Math.ceil(60_000 / SPELL_MS));
    const third = Math.ceil(settled.length / 3);
    const parts = [settled.slice(0, third), settled.slice(-third)].map(median);
    console.log(
      `| ${values.minutes} minutes of ${CALLERS} callers, ${rate.toFixed(0)} calls per s: records that wait, median of the first third ` +
        `after a minute, of the last; at most | ${parts.join(", ")}; ${Math.max(...left)} | does not grow |`,
    );
  } finally {
    await platform.stop();
    rmSync(state, { recursive: true, force: true });
  }
}

async function drain(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "edgewhisk-bench-drain-"));
  const count = Number(values.backlog);
  try {
    await prepare(state);
    fillLedgers(state, count);
    const platform = await startPlatform({ engine: "process", state });
    try {
      const began = { at: performance.now(), there: inTable(state) };
      for (let there = began.there; there < count; there = inTable(state)) {
        await sleep(LOOK_MS);
        const seconds = (performance.now() - began.at) / 1_000;
        if (seconds > 400) throw new Error(`${there} of ${count} after ${seconds.toFixed(0)} s`);
      }
      const seconds = (performance.now() - began.at) / 1_000;
      const rate = (count - began.there) / seconds;
      console.log(`| ${count} records leave their objects, without calls | ${rate.toFixed(0)} per s | ≥ 1,500 per s |`);
    } finally {
      await platform.stop();
    }
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}
