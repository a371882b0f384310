// The container pool under strain: paused containers, cold starts in number, more actions than there is room for. What the engine
// made and removed meanwhile is counted from its own events.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Pool } from "undici";
import { type Platform, startPlatform } from "../support/platform.ts";
import { connect, load, median, quantile, type Sample, send } from "./load.ts";
import { createAction, invokeCall } from "./measures.ts";

export interface PoolLine {
  letter: string;
  name: string;
  unit: "p50 ms" | "per s";
  run(): Promise<Sample>;
}

export const POOL_LETTERS = ["p", "q", "r", "z"];

/** Actions, and containers there may be at once. */
const ACTIONS = 500;
const ROOM = 50;
const AT_ONCE = 16;
const PAUSE_GRACE = 150;

interface Churn {
  made: number;
  removed: number;
}

/** Starts a platform of its own, with room for few containers. */
export async function openPool(
  letters: ReadonlySet<string>,
  options: { engine: "docker" | "process"; ms: number },
): Promise<{ lines: PoolLine[]; stop(): Promise<void> }> {
  if (options.engine !== "docker" || POOL_LETTERS.every((each) => !letters.has(each))) {
    return { lines: [], stop: async () => {} };
  }
  const env = { EDGEWHISK_CONTAINERS: String(ROOM), EDGEWHISK_PAUSE_GRACE: String(PAUSE_GRACE) };
  const platform = await startPlatform({ engine: "docker", env });
  const pool = connect(platform.url, AT_ONCE);
  const engine = await watch(platform);
  if (letters.has("r") || letters.has("z")) {
    for (let n = 0; n < ACTIONS; n++) await createAction(pool, nameOf(n), { memory: 128 });
  }
  const ms = Math.max(10_000, 4 * options.ms);
  const churn: Churn = { made: 0, removed: 0 };
  const lines: PoolLine[] = [
    { letter: "p", name: "unpause and run", unit: "p50 ms", run: () => paused(pool, engine) },
    {
      letter: "q",
      name: `${AT_ONCE} cold starts of different actions at once`,
      unit: "per s",
      run: () => atOnce(pool),
    },
    {
      letter: "r",
      name: `${ACTIONS} different actions in turn, room for ${ROOM}`,
      unit: "per s",
      run: () => engine.counting(churn, () => inTurn(pool, ms)),
    },
    { letter: "r", name: "containers made meanwhile", unit: "per s", run: async () => figure(churn.made) },
    { letter: "r", name: "containers removed meanwhile", unit: "per s", run: async () => figure(churn.removed) },
    {
      letter: "z",
      name: `the same actions by Zipf(1.0), room for ${ROOM}`,
      unit: "per s",
      run: async () => {
        await zipf(pool, ms);
        return engine.counting(churn, () => zipf(pool, ms));
      },
    },
    { letter: "z", name: "containers made meanwhile", unit: "per s", run: async () => figure(churn.made) },
    { letter: "z", name: "containers removed meanwhile", unit: "per s", run: async () => figure(churn.removed) },
  ];
  return {
    lines: lines.filter((line) => letters.has(line.letter)),
    async stop() {
      engine.stop();
      await pool.close();
      await platform.stop();
    },
  };
}

/** p50 of the first call of a paused container: it is paused when the engine says so. */
async function paused(pool: Pool, engine: Watched): Promise<Sample> {
  await createAction(pool, "bench-paused", { memory: 128 });
  const times: number[] = [];
  for (let n = 0; n < 10; n++) {
    await answered(pool, "bench-paused", n);
    for (let waited = 0; !(await engine.paused("bench-paused")); waited += 50) {
      if (waited > 10_000) throw new Error("the container was never paused");
      await sleep(50);
    }
    times.push(await answered(pool, "bench-paused", n));
  }
  times.sort((a, b) => a - b);
  return { rate: Number.NaN, p50: quantile(times, 0.5), p99: quantile(times, 0.99), count: times.length };
}

/** New actions all called in one moment. In order: nobody is answered much earlier than his place in the line. */
async function atOnce(pool: Pool): Promise<Sample> {
  const names = Array.from({ length: AT_ONCE }, (_, n) => `bench-at-once-${n}`);
  for (const name of names) await createAction(pool, name, { memory: 128 });
  await sleep(1_000);
  const began = performance.now();
  const done: number[] = [];
  const times = await Promise.all(
    names.map(async (name, n) => {
      await sleep(2 * n);
      const took = await answered(pool, name, n);
      done.push(n);
      return took;
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const astray = Math.max(...done.map((n, place) => Math.abs(n - place)));
  if (astray > IN_ORDER) throw new Error(`cold starts out of order: ${done.join(" ")}`);
  return { rate: AT_ONCE / seconds, p50: median(times), p99: Math.max(...times), count: AT_ONCE };
}

/** Places a call may be off: containers made at the same time end in any order, and prewarmed ones come in between. */
const IN_ORDER = 4;

let turn = 0;

function inTurn(pool: Pool, ms: number): Promise<Sample> {
  return load(pool, (n) => invokeCall(nameOf(turn++ % ACTIONS))(n), { callers: AT_ONCE, ms, status: 200 });
}

/** The nth action is called 1/n as often as the first. Drawn from a fixed seed. */
function zipf(pool: Pool, ms: number): Promise<Sample> {
  const sums: number[] = [];
  for (let n = 0; n < ACTIONS; n++) sums.push((sums[n - 1] ?? 0) + 1 / (n + 1));
  const draw = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const at = (seed / 2 ** 32) * (sums.at(-1) as number);
    return sums.findIndex((sum) => sum > at);
  };
  return load(pool, (n) => invokeCall(nameOf(draw()))(n), { callers: AT_ONCE, ms, status: 200 });
}

let seed = 1;

async function answered(pool: Pool, name: string, n: number): Promise<number> {
  const at = performance.now();
  const { status, text } = await send(pool, invokeCall(name)(n));
  if (status !== 200) throw new Error(`${name} answered ${status}: ${text.slice(0, 300)}`);
  return performance.now() - at;
}

function nameOf(n: number): string {
  return `bench-strain-${n}`;
}

function figure(rate: number): Sample {
  return { rate, p50: Number.NaN, p99: Number.NaN, count: 1 };
}

interface Watched {
  paused(action: string): Promise<boolean>;
  /** Writes into `churn` what the engine made and removed per second while `measure` ran. */
  counting(churn: Churn, measure: () => Promise<Sample>): Promise<Sample>;
  stop(): void;
}

async function watch(platform: Platform): Promise<Watched> {
  const docker = new (createRequire(import.meta.url)("dockerode") as typeof Docker)();
  const { hostName } = JSON.parse(readFileSync(join(platform.state, "secrets.json"), "utf8")) as { hostName: string };
  const label = `io.edgewhisk.host=${hostName}`;
  const stream = (await docker.getEvents({
    filters: { type: ["container"], event: ["create", "destroy"], label: [label] },
  })) as Readable;
  const seen: Churn = { made: 0, removed: 0 };
  stream.on("data", (chunk: Buffer) => {
    for (const [, action] of chunk.toString().matchAll(/"Action":"(\w+)"/g)) {
      if (action === "create") seen.made++;
      else seen.removed++;
    }
  });
  return {
    async paused(action) {
      const list = await docker.listContainers({ filters: { label: [label], status: ["paused"] } });
      return list.some((each) => each.Names.join().includes(action) || each.Names.join().includes("prewarm"));
    },
    async counting(churn, measure) {
      const before = { ...seen };
      const began = performance.now();
      const sample = await measure();
      const seconds = (performance.now() - began) / 1000;
      churn.made = (seen.made - before.made) / seconds;
      churn.removed = (seen.removed - before.removed) / seconds;
      return sample;
    },
    stop: () => stream.destroy(),
  };
}
