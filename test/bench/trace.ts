// `npm run bench -- tail`: where the time of a warm call goes, hop by hop, and what is different in the slowest of a
// hundred; and what each process holds. Ratios and shares within one run: on a machine that others load the times
// themselves say little.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Pool } from "undici";
import { type Platform, startPlatform } from "../support/platform.ts";
import { connect, quantile, send } from "./load.ts";
import { createAction, invokeCall, warm } from "./measures.ts";
import { IDLE_MS, memoryOf } from "./process-memory.ts";

/** ns of the machine's monotonic clock, as the host's side of the trace has them. */
interface Seen {
  heard?: number;
  asked?: number;
  answered?: number;
  told?: number;
}

interface Traced {
  calls: [string, Seen][];
  collections: [number, number][];
}

/** ms by hop, and where in time the call was (ns). */
interface Hops {
  hops: number[];
  total: number;
  began: number;
  ended: number;
}

const HOPS = [
  "client to host: door, rules, scheduler, socket",
  "host: from the frame to the container's request",
  "container: request and answer",
  "host: from the answer to the frame",
  "host to client: scheduler, answer",
];
const TRACE_WAIT_MS = 30_000;

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "docker" },
    calls: { type: "string", default: "10000" },
    callers: { type: "string", default: "1" },
  },
});
const engine = values.engine === "process" ? "process" : "docker";
const file = join(tmpdir(), `edgewhisk-trace-${process.pid}.json`);
const platform = await startPlatform({
  engine,
  env: {
    NODE_OPTIONS: `--import ${new URL("trace-host.mjs", import.meta.url).href}`,
    EDGEWHISK_BENCH_TRACE: file,
  },
});
const pool = connect(platform.url, Number(values.callers));
try {
  memory("before any load");
  await createAction(pool, "bench-noop");
  await warm(pool, Number(values.callers), 2_000);
  await collect(platform);
  const before = processor();
  const own = await callAll(pool, { calls: Number(values.calls), callers: Number(values.callers) });
  const used = processor();
  report(own, await collect(platform));
  for (const [name, { ran, waited }] of used) {
    const was = before.get(name) ?? { ran: 0, waited: 0 };
    const each = (ns: number) => (ns / 1e3 / own.size).toFixed(0);
    console.log(
      `${name}: ${each(ran - was.ran)} µs of processor a call, ${each(waited - was.waited)} µs waiting for one`,
    );
  }
  await sleep(IDLE_MS);
  memory("idle after it");
} finally {
  await pool.close();
  await platform.stop();
  rmSync(file, { force: true });
}

async function callAll(to: Pool, { calls, callers }: { calls: number; callers: number }) {
  const seen = new Map<string, { began: number; ended: number }>();
  const call = invokeCall("bench-noop");
  let next = 0;
  const caller = async () => {
    while (next < calls) {
      const began = now();
      const { status, text } = await send(to, call(next++));
      const ended = now();
      const id = /"activationId":"([0-9a-f]{32})"/.exec(text)?.[1];
      if (status !== 200 || id === undefined)
        throw new Error(`expected a record, got ${status}: ${text.slice(0, 300)}`);
      seen.set(id, { began, ended });
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return seen;
}

/** What the host has seen since it was asked last. */
async function collect({ pids }: Platform): Promise<Traced> {
  rmSync(file, { force: true });
  for (const pid of pids().host) process.kill(pid, "SIGUSR2");
  for (let waited = 0; waited < TRACE_WAIT_MS; waited += 50) {
    await sleep(50);
    if (!existsSync(file)) continue;
    try {
      return JSON.parse(readFileSync(file, "utf8")) as Traced;
    } catch {
      // It is being written.
    }
  }
  throw new Error(`the host has not told what it has seen; its platform said:\n${platform.output()}`);
}

function report(own: ReadonlyMap<string, { began: number; ended: number }>, { calls, collections }: Traced): void {
  const all: Hops[] = [];
  for (const [id, { heard, asked, answered, told }] of calls) {
    const mine = own.get(id);
    if (mine === undefined || heard === undefined || asked === undefined) continue;
    if (answered === undefined || told === undefined) continue;
    const { began, ended } = mine;
    const at = [began, heard, asked, answered, told, ended];
    const hops = at.slice(1).map((to, index) => (to - (at[index] ?? 0)) / 1e6);
    all.push({ hops, total: (ended - began) / 1e6, began, ended });
  }
  const totals = all.map((each) => each.total).sort((one, other) => one - other);
  const slowest = all.filter((each) => each.total >= quantile(totals, 0.99));
  const figure = (q: number, of: readonly number[]) =>
    quantile(
      [...of].sort((a, b) => a - b),
      q,
    ).toFixed(2);
  const excess = HOPS.map((_, hop) => mean(slowest, hop) - mean(all, hop));
  const sum = excess.reduce((total, each) => total + each, 0);
  console.log(`\n${all.length} calls of ${own.size} were seen whole\n`);
  console.log("| hop | p50 ms | p99 ms | p99.9 ms | of what the slowest 1 % took more |\n|---|---|---|---|---|");
  for (const [hop, name] of HOPS.entries()) {
    const times = all.map((each) => each.hops[hop] ?? 0);
    const share = ((100 * (excess[hop] ?? 0)) / sum).toFixed(0);
    console.log(`| ${name} | ${figure(0.5, times)} | ${figure(0.99, times)} | ${figure(0.999, times)} | ${share} % |`);
  }
  console.log(`| all | ${figure(0.5, totals)} | ${figure(0.99, totals)} | ${figure(0.999, totals)} | |\n`);
  const hit = (each: Hops) => collections.some(([from, to]) => from < each.ended && to > each.began);
  const paused = collections.map(([from, to]) => (to - from) / 1e6);
  const part = (list: readonly Hops[]) => `${((100 * list.filter(hit).length) / list.length).toFixed(0)} %`;
  console.log(
    `the host's own collections: ${paused.length}, the longest ${Math.max(0, ...paused).toFixed(1)} ms; one fell into ` +
      `${part(slowest)} of the slowest and ${part(all)} of all calls`,
  );
}

function mean(list: readonly Hops[], hop: number): number {
  return list.reduce((total, each) => total + (each.hops[hop] ?? 0), 0) / list.length;
}

/** ns that the threads of workerd and of the host ran and waited for a processor, as the kernel counts them. */
function processor(): Map<string, { ran: number; waited: number }> {
  const { workerd, host } = platform.pids();
  const of = (list: readonly number[]) => {
    const total = { ran: 0, waited: 0 };
    for (const pid of list) {
      const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
      total.ran += ran;
      total.waited += waited;
    }
    return total;
  };
  return new Map([
    ["workerd", of(workerd)],
    ["host", of(host)],
  ]);
}

function memory(when: string): void {
  const each = memoryOf(platform.pids().all);
  const sum = (what: "pss" | "rss") => each.reduce((total, one) => total + one[what], 0).toFixed(0);
  console.log(`memory ${when}: ${sum("pss")} MB (pages that processes share counted once; ${sum("rss")} MB if not)`);
  for (const { name, pss, rss } of each) console.log(`  ${name}: ${pss.toFixed(0)} MB (${rss.toFixed(0)})`);
}

function now(): number {
  return Number(process.hrtime.bigint());
}
