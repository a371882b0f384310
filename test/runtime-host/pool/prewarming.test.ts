// How many containers are kept ready: what is configured, what the starts of the last minute ask for, what is removed
// and when, and what stands in the way of making one.

import { beforeEach, describe, expect, it } from "vitest";
import { type PoolLimits, PoolState, type PrewarmTarget, type Slot } from "../../../runtime-host/pool/pool-state.ts";
import { prewarm } from "../../../runtime-host/pool/prewarming.ts";

const NODE = "nodejs:20";
const MINUTE = 60_000;
/** After the first ttl. */
const NOW = 1_000_000;
const TTL = 300_000;
const LIMITS: PoolLimits = {
  ...{ memoryMb: 4_096, idleShare: 0.5, containers: 20, creations: 2, waiting: 5, patienceMs: 500 },
  ...{ pauseGraceMs: 10_000, idleTimeoutMs: 600_000 },
};
const REACTIVE = { minCount: 1, maxCount: 4, ttl: TTL, threshold: 2, increment: 1 };
const PLAIN: PrewarmTarget = { runtime: NODE, memory: 256, count: 2 };

let pool: PoolState;

function open(prewarms: PrewarmTarget[], limits: Partial<PoolLimits> = {}): void {
  pool = new PoolState({ ...LIMITS, ...limits }, prewarms);
}

function add(
  state: Slot["state"],
  { key = null as string | null, memory = 256, runtime = NODE, since = NOW - 1 } = {},
): Slot {
  const slot = pool.add({ runtime, memory, key, now: since });
  pool.move(slot, state, since);
  return slot;
}

/** What is to be done, as often as that is done at once: `+256`, or `-` and which of the slots. */
function steps(now = NOW): string[] {
  const slots = [...pool.slots];
  const done: string[] = [];
  for (let step = prewarm(pool, now); step !== null && done.length < 20; step = prewarm(pool, now)) {
    if (step.do === "create") {
      done.push(`+${step.memory}${step.runtime === NODE ? "" : ` ${step.runtime}`}`);
      pool.move(pool.add({ runtime: step.runtime, memory: step.memory, key: step.key, now }), "ready", now);
    } else {
      done.push(`-${slots.indexOf(step.slot)}`);
      pool.remove(step.slot);
    }
  }
  return done;
}

const started = (times: number, { memory = 256, runtime = NODE, at = NOW - 1 } = {}) => {
  for (let time = 0; time < times; time++) pool.wanted(runtime, memory, at);
};

beforeEach(() => open([PLAIN]));

describe("what is configured", () => {
  it("is made, whatever runs; what is made already counts", () => {
    expect(steps()).toEqual(["+256", "+256"]);
    open([PLAIN]);
    add("creating");
    add("busy", { key: "k" });
    add("ready", { key: "k" });
    add("ready", { memory: 512 });
    add("ready", { runtime: "python:3" });
    // What nobody wants goes first.
    expect(steps()).toEqual(["-3", "-4", "+256"]);
  });

  it("is made in the order in which it was configured", () => {
    open([
      { ...PLAIN, count: 1 },
      { ...PLAIN, runtime: "python:3", count: 1 },
    ]);
    expect(steps()).toEqual(["+256", "+256 python:3"]);
  });

  it("is no more than that: the oldest goes first, and none that is being made or somebody's", () => {
    add("creating");
    for (let time = 0; time < 3; time++) add("ready");
    add("ready", { key: "k" });
    expect(steps()).toEqual(["-1", "-2"]);
  });
});

describe("one more is not made", () => {
  it("while the machine is short of memory", () => {
    pool.squeezed = true;
    expect(steps()).toEqual([]);
  });

  it("while as many are made as may be", () => {
    for (const key of ["a", "b"]) add("creating", { key });
    expect(prewarm(pool, NOW)).toBeNull();
  });

  it("where there are as many containers as there may be", () => {
    open([PLAIN], { containers: 3 });
    for (const key of ["a", "b"]) add("busy", { key });
    expect(steps()).toEqual(["+256"]);
  });

  it("where it has no room beside those that run nothing; a smaller one may", () => {
    open([{ ...PLAIN, memory: 2_050, count: 2 }, PLAIN], { memoryMb: 1_024, idleShare: 0.5 });
    expect(steps()).toEqual(["+256", "+256"]);
  });

  it("but what is too many goes all the same", () => {
    pool.squeezed = true;
    for (let time = 0; time < 3; time++) add("ready");
    expect(steps()).toEqual(["-0"]);
  });
});

describe("what follows the starts of the last minute", () => {
  beforeEach(() => open([{ ...PLAIN, reactive: REACTIVE }]));

  it("is what is configured until the first ttl has passed, then the least", () => {
    expect(steps(TTL - 1)).toEqual(["+256", "+256"]);
    open([{ ...PLAIN, reactive: REACTIVE }]);
    expect(steps(TTL)).toEqual(["+256"]);
  });

  it.each([
    [1, 1],
    [3, 1],
    [4, 2],
    [7, 3],
    [8, 4],
    [100, 4],
  ])("is more the more there were: %d starts, %d ready", (starts, ready) => {
    started(starts);
    expect(steps().length).toBe(ready);
  });

  it("counts as many more at a time as is configured, and no start that is a minute old", () => {
    open([{ ...PLAIN, reactive: { ...REACTIVE, minCount: 0, threshold: 1, increment: 2, maxCount: 9 } }]);
    started(1, { at: NOW - MINUTE });
    expect(steps()).toEqual([]);
    started(1, { at: NOW - MINUTE + 1 });
    expect(steps()).toEqual(["+256", "+256"]);
  });

  it("goes when it has not been wanted for its ttl", () => {
    const since = NOW - TTL;
    for (let time = 0; time < 3; time++) add("ready", { since });
    add("ready", { since: since + 1 });
    expect(steps(NOW - 1)).toEqual([]);
    expect(steps()).toEqual(["-0", "-1", "-2"]);
  });
});

describe("other memory sizes", () => {
  it("of a runtime that is kept ready are, too, as long as they are asked for", () => {
    open([{ ...PLAIN, count: 1 }]);
    started(1, { memory: 512 });
    started(1, { memory: 512, runtime: "python:3" });
    expect(steps()).toEqual(["+256", "+512"]);
    expect(steps(NOW + MINUTE - 2)).toEqual([]);
    expect(steps(NOW + MINUTE - 1)).toEqual(["-1"]);
  });

  it("follow the starts of their own size", () => {
    open([{ ...PLAIN, reactive: { ...REACTIVE, minCount: 0 } }]);
    started(4, { memory: 512 });
    expect(steps()).toEqual(["+512", "+512"]);
  });
});
