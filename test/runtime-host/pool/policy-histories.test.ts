// The pool's decisions over random histories, played by a pool without containers: it obeys the policy, and ends runs
// and creations in any order.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextStep, type PoolStep } from "../../../runtime-host/pool/policy.ts";
import { type PoolLimits, PoolState, type Slot, type Waiter } from "../../../runtime-host/pool/pool-state.ts";

const LIMITS: PoolLimits = {
  memoryMb: 1024,
  idleShare: 0.5,
  containers: 20,
  creations: 2,
  waiting: 5,
  patienceMs: 500,
  pauseGraceMs: 10_000,
  idleTimeoutMs: 600_000,
};

interface Arrival {
  after: number;
  key: number;
  memory: number;
}

const KEYS = 6;

function play(arrivals: Arrival[], choices: number[], limits: PoolLimits): { served: number; largest: number } {
  const reactive = { minCount: 1, maxCount: 3, ttl: 400, threshold: 3, increment: 1 };
  const pool = new PoolState<Waiter>(limits, [{ runtime: "nodejs:20", memory: 128, count: 2, reactive }]);
  const pending: { at: number; do: () => void }[] = [];
  let now = 0;
  let served = 0;
  let largest = 0;
  let choice = 0;
  const takes = (most: number) => now + 1 + ((choices[choice++ % choices.length] ?? 0) % most);
  const used = new Map<number, string>();
  const check = () => {
    let active = 0;
    let creating = 0;
    for (const each of pool.slots) {
      if (each.state === "busy" || each.state === "resuming") active += each.memory;
      if (each.state === "creating") creating++;
      expect(each.running).toBeLessThanOrEqual(each.concurrency);
    }
    expect(active).toBeLessThanOrEqual(limits.memoryMb);
    const weights = [...pool.slots].reduce((sum, each) => sum + pool.weight(each), 0);
    expect(pool.booked).toBeCloseTo(weights, 6);
    expect(creating).toBeLessThanOrEqual(limits.creations);
    expect(pool.size).toBeLessThanOrEqual(limits.containers);
  };
  const run = (it: Slot, by: Waiter) => {
    expect(it.state === "idle" || it.state === "ready" || it.state === "paused").toBe(true);
    expect(it.retiring).toBe(false);
    expect(it.runtime).toBe(by.runtime);
    expect(it.memory).toBe(by.memory);
    if (it.key === null) pool.bind(it, by.key);
    expect(it.key).toBe(by.key);
    expect(used.get(it.id) ?? by.key).toBe(by.key);
    used.set(it.id, by.key);
    it.running = 1;
    const held = choices[choice % choices.length] ?? 0;
    pool.measured(it, held > 200 ? null : held, now);
    served++;
    if (by.memory === limits.memoryMb) largest = Math.max(largest, now - by.since);
    pool.move(it, "busy", now);
    pending.push({
      at: takes(200),
      do() {
        it.running = 0;
        it.usedAt = now;
        // A choice of 0 ends badly.
        if (choices[choice % choices.length] === 0) leave(it);
        else pool.move(it, "idle", now);
      },
    });
  };
  const leave = (it: Slot) => {
    it.retiring = true;
    pool.move(it, "removing", now);
    pending.push({ at: takes(50), do: () => pool.remove(it) });
  };
  const obey = (step: PoolStep) => {
    if (step.do === "run") {
      pool.waiting.splice(pool.waiting.indexOf(step.waiter), 1);
      run(step.slot, step.waiter);
    } else if (step.do === "create") {
      const it = pool.add({ runtime: step.runtime, memory: step.memory, key: step.key, now });
      if (step.waiter !== undefined) pool.wanted(step.runtime, step.memory, now);
      pending.push({ at: takes(300), do: () => pool.move(it, "ready", now) });
    } else if (step.do === "remove") leave(step.slot);
    else {
      pool.move(step.slot, "pausing", now);
      pending.push({ at: takes(10), do: () => pool.move(step.slot, "paused", now) });
    }
  };
  let arrived = 0;
  let at = 0;
  const due = arrivals.map((each) => {
    at += each.after;
    return { ...each, at };
  });
  for (let guard = 0; served < arrivals.length; guard++) {
    expect(guard, "the pool comes to rest with calls waiting").toBeLessThan(20_000);
    while (due[arrived] !== undefined && (due[arrived]?.at ?? 0) <= now) {
      const { key, memory } = due[arrived++] as Arrival;
      pool.waiting.push({ key: `${key}@${memory}`, runtime: "nodejs:20", memory, since: now });
    }
    for (const each of pending.filter((one) => one.at <= now)) {
      pending.splice(pending.indexOf(each), 1);
      each.do();
      check();
    }
    for (let step = nextStep(pool, now), steps = 0; step !== null; step = nextStep(pool, now), steps++) {
      expect(steps, "the policy never stops asking for more").toBeLessThan(1_000);
      obey(step);
      check();
    }
    now += 5;
  }
  return { served, largest };
}

describe("over random histories", () => {
  const arrival = fc.record({
    after: fc.nat({ max: 40 }),
    key: fc.nat({ max: KEYS - 1 }),
    memory: fc.constantFrom(128, 256, 512),
  });
  const histories = fc.array(arrival, { minLength: 1, maxLength: 60 });
  const choices = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 40 });

  it("serves every call, within the limits, and never gives one key's container to another", () => {
    fc.assert(
      fc.property(histories, choices, fc.constantFrom(512, 768, 2048), (calls, luck, memory) => {
        const limits: PoolLimits = {
          ...LIMITS,
          memoryMb: memory,
          waiting: 1_000,
          containers: 8,
          pauseGraceMs: 100,
          idleTimeoutMs: 3_000,
        };
        expect(play(calls, luck, limits).served).toBe(calls.length);
      }),
      { numRuns: 150 },
    );
  });

  it("does not let a large call starve behind a stream of small ones", () => {
    const stream = Array.from({ length: 400 }, (_, at) => ({ after: 50, key: at % 3, memory: 128 }));
    stream.splice(20, 0, { after: 0, key: 5, memory: 512 });
    const limits: PoolLimits = { ...LIMITS, memoryMb: 512, waiting: 1_000, pauseGraceMs: 1e9, idleTimeoutMs: 1e9 };
    const { largest } = play(stream, [99], limits);
    expect(largest).toBeLessThan(2_000);
  });
});
