// The container pool under strain: paused containers, cold starts in number, more actions than there is room for. What
// the engine made and removed meanwhile is counted from its own events.

import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "undici";
import { startPlatform } from "../support/platform.ts";
import { type Churn, type Watched, watch } from "./engine-watch.ts";
import { connect, load, type Sample, sampleOf, send } from "./load.ts";
import { createAction, invokeCall } from "./measures.ts";

export interface PoolLine {
  letter: string;
  name: string;
  unit: "p50 ms" | "per s";
  run(): Promise<Sample>;
}

export const POOL_LETTERS = ["p", "q", "r", "z"];

/** Actions, and how many there is room for: containers, or memory (MB) for runs at once. */
const ACTIONS = 500;
const ROOM = 50;
const MEMORY = 256;
const AT_ONCE = 16;
const PAUSE_GRACE = 150;
/** ms of each measure at least, since one cold start takes long. */
const LONG = 10_000;

export interface PoolBench {
  lines: PoolLine[];
  stop(): Promise<void>;
}

/** Starts platforms of its own for the letters that need one. */
export async function openPool(
  letters: ReadonlySet<string>,
  options: { engine: "docker" | "process"; ms: number },
): Promise<PoolBench> {
  const lines: PoolLine[] = [];
  const stops: (() => Promise<unknown>)[] = [];
  const open = async (env: Record<string, string>) => {
    const strained = await openStrained(env);
    stops.push(() => strained.stop());
    return strained;
  };
  const ms = Math.max(LONG, 4 * options.ms);
  if (options.engine === "docker") {
    if (letters.has("p")) lines.push(...pauseLines(await open({ EDGEWHISK_PAUSE_GRACE: String(PAUSE_GRACE) })));
    if (letters.has("q") || letters.has("r")) {
      const few = await open({ EDGEWHISK_CONTAINERS: String(ROOM) });
      if (letters.has("q")) lines.push(...coldLines(few));
      if (letters.has("r")) lines.push(...(await turnLines(few, ms)));
    }
    if (letters.has("z")) {
      const room = { EDGEWHISK_MEMORY: String(ROOM * MEMORY), EDGEWHISK_CONTAINERS: String(2 * ACTIONS) };
      lines.push(...(await zipfLines(await open(room), ms)));
    }
  }
  return {
    lines,
    async stop() {
      for (const stop of stops) await stop();
    },
  };
}

function pauseLines({ pool, engine }: Strained): PoolLine[] {
  return [{ letter: "p", name: "unpause and run", unit: "p50 ms", run: () => paused(pool, engine) }];
}

function coldLines({ pool, engine }: Strained): PoolLine[] {
  return [
    {
      letter: "q",
      name: "the engine alone: make, start, remove, two at once",
      unit: "per s",
      run: () => engine.alone(),
    },
    {
      letter: "q",
      name: `${AT_ONCE} cold starts of different actions at once`,
      unit: "per s",
      run: () => atOnce(pool),
    },
  ];
}

async function turnLines({ pool, engine }: Strained, ms: number): Promise<PoolLine[]> {
  await createActions(pool);
  const churn: Churn = { made: 0, removed: 0 };
  return [
    {
      letter: "r",
      name: `${ACTIONS} different actions in turn, room for ${ROOM} containers`,
      unit: "per s",
      run: () => engine.counting(churn, () => inTurn(pool, ms)),
    },
    ...churnLines("r", churn),
    {
      letter: "r",
      name: `the same actions by Zipf(1.0), room for ${ROOM} containers`,
      unit: "per s",
      run: () => engine.counting(churn, () => zipf(pool, ms)),
    },
    ...churnLines("r", churn),
  ];
}

/** Every action is called once, so that what fits is there. */
async function zipfLines({ pool, engine }: Strained, ms: number): Promise<PoolLine[]> {
  await createActions(pool);
  await load(pool, (n) => invokeCall(nameOf(ACTIONS - 1 - n))(n), { callers: AT_ONCE, calls: ACTIONS, status: 200 });
  await zipf(pool, ms);
  const churn: Churn = { made: 0, removed: 0 };
  return [
    {
      letter: "z",
      name: `the same by Zipf(1.0), memory for ${ROOM} runs`,
      unit: "per s",
      run: () => engine.counting(churn, () => zipf(pool, ms)),
    },
    ...churnLines("z", churn),
  ];
}

function churnLines(letter: string, churn: Churn): PoolLine[] {
  return [
    { letter, name: "containers made meanwhile", unit: "per s", run: async () => figure(churn.made) },
    { letter, name: "containers removed meanwhile", unit: "per s", run: async () => figure(churn.removed) },
  ];
}

async function createActions(pool: Pool): Promise<void> {
  for (let n = 0; n < ACTIONS; n++) await createAction(pool, nameOf(n), { memory: MEMORY });
}

/** p50 of the first call of a paused container: it is paused when the engine says so. */
async function paused(pool: Pool, engine: Watched): Promise<Sample> {
  // A new one each time: paused containers of an earlier one would be taken for it.
  const name = `bench-paused-${pauses++}`;
  await createAction(pool, name, { memory: 128 });
  const times: number[] = [];
  for (let n = 0; n < 10; n++) {
    await answered(pool, name, n);
    for (let waited = 0; !(await engine.paused(name)); waited += 50) {
      if (waited > 10_000) throw new Error("the container was never paused");
      await sleep(50);
    }
    times.push(await answered(pool, name, n));
  }
  return sampleOf(times);
}

let pauses = 0;

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
  const ms = performance.now() - began;
  const astray = Math.max(...done.map((n, place) => Math.abs(n - place)));
  if (astray > IN_ORDER) throw new Error(`cold starts out of order: ${done.join(" ")}`);
  return sampleOf(times, ms);
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
  return { ...sampleOf([]), rate };
}

interface Strained {
  pool: Pool;
  engine: Watched;
  stop(): Promise<void>;
}

async function openStrained(env: Record<string, string>): Promise<Strained> {
  const platform = await startPlatform({ engine: "docker", env });
  const pool = connect(platform.url, AT_ONCE);
  const engine = await watch(platform);
  return {
    pool,
    engine,
    async stop() {
      engine.stop();
      await pool.close();
      await platform.stop();
      await engine.clear();
    },
  };
}
