// The pool's decisions: by table, and over random histories played by a machine that obeys them.

import { describe, expect, it } from "vitest";
import { nextStep, refusal, warm } from "../../../runtime-host/pool/policy.ts";
import {
  type PoolLimits,
  PoolState,
  type PrewarmTarget,
  type Slot,
  type Waiter,
} from "../../../runtime-host/pool/pool-state.ts";

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

const NOW = 100_000;

function poolOf(limits: Partial<PoolLimits> = {}, prewarms: PrewarmTarget[] = []) {
  return new PoolState({ ...LIMITS, ...limits }, prewarms);
}

function waiter(key: string, more: Partial<Waiter> = {}): Waiter {
  return { key, runtime: "nodejs:20", memory: 256, since: NOW, ...more };
}

function slot(of: PoolState, key: string | null, state: Slot["state"], more: Partial<Slot> = {}): Slot {
  const added = of.add({ runtime: more.runtime ?? "nodejs:20", memory: more.memory ?? 256, key, now: NOW - 1_000 });
  of.move(added, state, NOW - 1_000);
  return Object.assign(added, more);
}

function first(of: PoolState, now = NOW): unknown {
  const step = nextStep(of, now);
  if (step === null) return null;
  if (step.do === "run") return ["run", step.waiter.key, step.slot.id];
  if (step.do === "create") return ["create", step.key, step.memory];
  return [step.do, step.slot.id];
}

describe("what serves a call", () => {
  it("is a warm container of its key before a paused one, that before one made for it, that before a prewarmed one", () => {
    const pool = poolOf();
    const blank = slot(pool, null, "ready");
    const made = slot(pool, "a", "ready");
    const paused = slot(pool, "a", "paused");
    const idle = slot(pool, "a", "idle");
    pool.waiting.push(waiter("a"));
    for (const best of [idle, paused, made, blank]) {
      expect(first(pool)).toEqual(["run", "a", best.id]);
      pool.remove(best);
    }
    expect(first(pool)).toEqual(["create", "a", 256]);
  });

  it("is a busy container where runs are short, and a new one where they are long or the wait was", () => {
    const pool = poolOf();
    slot(pool, "a", "busy", { running: 1 });
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["create", "a", 256]);
    pool.ran("a", 2);
    expect(first(pool)).toBeNull();
    expect(first(pool, NOW + 80)).toEqual(["create", "a", 256]);
    // Twenty runs of 2 ms fit into the wait that is worth it; one call more gets a container.
    for (let n = 0; n < 19; n++) pool.waiting.push(waiter("a"));
    expect(first(pool)).toBeNull();
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["create", "a", 256]);
    pool.waiting.splice(1);
    for (let n = 0; n < 20; n++) pool.ran("a", 200);
    expect(first(pool)).toEqual(["create", "a", 256]);
  });

  it("is a container that is coming back rather than a new one", () => {
    const pool = poolOf();
    slot(pool, "a", "resuming", { running: 1 });
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["create", "a", 256]);
    pool.ran("a", 2);
    expect(first(pool)).toBeNull();
  });

  it("is waited for the longer, the longer a start takes here", () => {
    const pool = poolOf();
    slot(pool, "a", "busy", { running: 1 });
    pool.ran("a", 90);
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["create", "a", 256]);
    for (let n = 0; n < 30; n++) pool.made(1_000);
    expect(first(pool)).toBeNull();
  });

  it("is a busy container rather than a prewarmed one where runs are short, for half as long", () => {
    const pool = poolOf();
    slot(pool, "a", "busy", { running: 1 });
    const blank = slot(pool, null, "ready");
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["run", "a", blank.id]);
    pool.ran("a", 2);
    for (let n = 0; n < 9; n++) pool.waiting.push(waiter("a"));
    expect(first(pool)).toBeNull();
    expect(first(pool, NOW + 40)).toEqual(["run", "a", blank.id]);
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["run", "a", blank.id]);
  });

  it("is a busy container rather than a paused one where runs are short", () => {
    const pool = poolOf();
    const paused = slot(pool, "a", "paused");
    const busy = slot(pool, "a", "busy", { running: 1 });
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["run", "a", paused.id]);
    pool.ran("a", 2);
    expect(first(pool)).toBeNull();
    pool.remove(busy);
    expect(first(pool)).toEqual(["run", "a", paused.id]);
  });

  it("is the idle container used last, so that surplus ones grow old", () => {
    const pool = poolOf();
    slot(pool, "a", "idle", { usedAt: 1 });
    const last = slot(pool, "a", "idle", { usedAt: 3 });
    slot(pool, "a", "idle", { usedAt: 2 });
    expect(warm(pool, waiter("a"))).toBe(last);
  });

  it("is never another key's container, nor a retiring one", () => {
    const pool = poolOf();
    slot(pool, "b", "idle");
    slot(pool, "a", "idle", { retiring: true });
    expect(warm(pool, waiter("a"))).toBeNull();
  });

  it("is a busy container only while it has room for one more run", () => {
    const pool = poolOf();
    const shared = slot(pool, "a", "busy", { running: 2, concurrency: 3 });
    expect(warm(pool, waiter("a"))).toBe(shared);
    shared.running = 3;
    expect(warm(pool, waiter("a"))).toBeNull();
  });

  it("is a prewarmed container of the same kind and memory only", () => {
    const pool = poolOf();
    slot(pool, null, "ready", { memory: 512 });
    slot(pool, null, "ready", { runtime: "python:3.11" });
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["create", "a", 256]);
  });
});

describe("waiting", () => {
  it("makes one container per call that nothing under way will serve", () => {
    const pool = poolOf();
    slot(pool, "a", "creating");
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toBeNull();
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["create", "a", 256]);
  });

  it("takes a prewarmed container that is being made instead of making another", () => {
    const pool = poolOf();
    slot(pool, null, "creating");
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toBeNull();
    pool.waiting.push(waiter("b"));
    expect(first(pool)).toEqual(["create", "b", 256]);
  });

  it("waits a moment for output to settle, then makes another", () => {
    const pool = poolOf();
    const settling = slot(pool, "a", "drainingLogs");
    pool.move(settling, "drainingLogs", NOW);
    pool.waiting.push(waiter("a"));
    expect(first(pool, NOW + 10)).toBeNull();
    expect(first(pool, NOW + 100)).toEqual(["create", "a", 256]);
  });

  it("has at most the configured number of creations under way", () => {
    const pool = poolOf();
    for (const key of ["a", "b", "c"]) pool.waiting.push(waiter(key));
    slot(pool, "a", "creating");
    slot(pool, "b", "creating");
    expect(first(pool)).toBeNull();
  });

  it("refuses what is larger than the host and what finds the line full", () => {
    const pool = poolOf();
    expect(refusal(pool, { memory: 1025 })).toBe("busy");
    expect(refusal(pool, { memory: 1024 })).toBeNull();
    for (let at = 0; at < LIMITS.waiting; at++) pool.waiting.push(waiter(String(at)));
    expect(refusal(pool, { memory: 128 })).toBe("busy");
  });

  it("lets warm calls pass one that waits for memory, until that one has waited too long", () => {
    const pool = poolOf({ memoryMb: 512 });
    slot(pool, "x", "busy", { running: 1 });
    const idle = slot(pool, "a", "idle", { memory: 128 });
    pool.waiting.push(waiter("big", { memory: 512 }), waiter("a", { memory: 128 }));
    expect(first(pool)).toEqual(["run", "a", idle.id]);
    expect(first(pool, NOW + LIMITS.patienceMs + 1)).toBeNull();
  });
});

describe("room", () => {
  it("is made by removing what has been idle longest, paused or not", () => {
    const pool = poolOf({ memoryMb: 512 });
    slot(pool, "x", "busy", { running: 1, memory: 128 });
    for (const key of ["b", "d", "e"]) slot(pool, key, "idle", { usedAt: NOW - 500 });
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["create", "a", 256]);
    const oldest = slot(pool, "c", "paused", { usedAt: NOW - 900 });
    expect(first(pool)).toEqual(["remove", oldest.id]);
  });

  it("is not made twice: what is leaving counts", () => {
    const pool = poolOf({ memoryMb: 512 });
    slot(pool, "x", "busy", { running: 1, memory: 128 });
    for (const key of ["b", "d", "e"]) slot(pool, key, "idle");
    slot(pool, "c", "removing");
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toBeNull();
  });

  it("is made at the number of containers too", () => {
    const pool = poolOf({ containers: 2 });
    slot(pool, "b", "idle", { usedAt: NOW - 10 });
    const oldest = slot(pool, "c", "idle", { usedAt: NOW - 20 });
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["remove", oldest.id]);
  });

  it("is made ahead of need while new actions keep coming, from what has been idle for a while", () => {
    const pool = poolOf({ memoryMb: 512 });
    slot(pool, "b", "idle", { memory: 512, usedAt: NOW - 2_000 });
    slot(pool, "c", "idle", { memory: 512, usedAt: NOW - 100 });
    expect(first(pool)).toBeNull();
    pool.wanted("nodejs:20", 256, NOW - 1_000);
    expect(first(pool)).toEqual(["remove", 1]);
  });
});

describe("housekeeping", () => {
  it("pauses after the grace time and removes after the idle time", () => {
    const pool = poolOf();
    const it = slot(pool, "a", "idle", { usedAt: NOW });
    expect(first(pool, NOW + 9_999)).toBeNull();
    expect(first(pool, NOW + 10_000)).toEqual(["pause", it.id]);
    pool.move(it, "paused", NOW + 10_000);
    expect(first(pool, NOW + 599_999)).toBeNull();
    expect(first(pool, NOW + 600_000)).toEqual(["remove", it.id]);
  });

  it("pauses one at a time, and none while another comes back", () => {
    const pool = poolOf();
    const long = { usedAt: NOW - 20_000 };
    const one = slot(pool, "a", "idle", long);
    const two = slot(pool, "b", "idle", long);
    expect(first(pool)).toEqual(["pause", one.id]);
    pool.move(one, "pausing", NOW);
    expect(first(pool)).toBeNull();
    pool.move(one, "resuming", NOW);
    expect(first(pool)).toBeNull();
    pool.move(one, "busy", NOW);
    expect(first(pool)).toEqual(["pause", two.id]);
  });

  it("keeps the configured number prewarmed, never by removing what is warm", () => {
    const prewarm = [{ runtime: "nodejs:20", memory: 256, count: 2 }];
    const pool = poolOf({}, prewarm);
    expect(first(pool)).toEqual(["create", null, 256]);
    slot(pool, null, "ready");
    expect(first(pool)).toEqual(["create", null, 256]);
    slot(pool, null, "creating");
    expect(first(pool)).toBeNull();
    const full = poolOf({ memoryMb: 256 }, prewarm);
    slot(full, "a", "idle");
    slot(full, "b", "idle");
    expect(first(full)).toBeNull();
  });

  it("prewarms the memory sizes that were asked for lately, and lets them go again", () => {
    const pool = poolOf({}, [{ runtime: "nodejs:20", memory: 256, count: 1 }]);
    slot(pool, null, "ready");
    pool.wanted("nodejs:20", 128, NOW);
    pool.wanted("python:3.11", 128, NOW);
    expect(first(pool)).toEqual(["create", null, 128]);
    const extra = slot(pool, null, "ready", { memory: 128 });
    expect(first(pool)).toBeNull();
    expect(first(pool, NOW + 60_001)).toEqual(["remove", extra.id]);
  });
});

describe("a machine short of memory", () => {
  it("loses what has been idle longest, a few at a time, and gets nothing prewarmed", () => {
    const pool = poolOf({}, [{ runtime: "nodejs:20", memory: 256, count: 1 }]);
    slot(pool, "x", "busy", { running: 1 });
    for (const key of ["a", "b", "c", "d", "e"]) slot(pool, key, "paused");
    pool.squeezed = true;
    for (const id of [2, 3, 4, 5]) {
      expect(first(pool)).toEqual(["remove", id]);
      pool.move([...pool.slots].find((each) => each.id === id) as Slot, "removing", NOW);
    }
    expect(first(pool)).toBeNull();
  });
});

describe("a container without a run", () => {
  it("counts with what it holds where the engine can tell, and with a share of its limit where not", () => {
    const pool = poolOf({ memoryMb: 600 });
    for (const key of ["b", "c", "d"]) pool.measured(slot(pool, key, "idle"), 20, NOW);
    expect(pool.booked).toBe(60);
    pool.waiting.push(waiter("a"));
    expect(first(pool)).toEqual(["create", "a", 256]);
    const [back] = pool.slots;
    if (back === undefined) throw new Error("no slot");
    pool.move(back, "busy", NOW);
    expect(pool.booked).toBe(256 + 40);
    pool.measured(back, 1_000, NOW);
    pool.move(back, "idle", NOW);
    expect(pool.booked).toBe(256 + 40);
    pool.measured(back, null, NOW);
    expect(pool.booked).toBe(128 + 40);
  });
});

describe("a reactive prewarm count", () => {
  const reactive = { minCount: 1, maxCount: 3, ttl: 120_000, threshold: 2, increment: 1 };
  const open = (count: number) => {
    const pool = poolOf({}, [{ runtime: "nodejs:20", memory: 128, count, reactive }]);
    for (let n = 0; n < count; n++) slot(pool, null, "ready", { memory: 128, since: NOW });
    return pool;
  };

  it("follows the starts of the last minute between its bounds", () => {
    const later = NOW + reactive.ttl;
    const pool = open(1);
    const wish = () => {
      let made = 0;
      for (; first(pool, later) !== null; made++) {
        expect(first(pool, later)).toEqual(["create", null, 128]);
        slot(pool, null, "ready", { memory: 128, since: later });
      }
      return made;
    };
    expect(wish()).toBe(0);
    for (let n = 0; n < 3; n++) pool.wanted("nodejs:20", 128, later);
    expect(wish()).toBe(0);
    pool.wanted("nodejs:20", 128, later);
    expect(wish()).toBe(1);
    for (let n = 0; n < 100; n++) pool.wanted("nodejs:20", 128, later);
    expect(wish()).toBe(1);
  });

  it("begins with the initial count, and gives up what nobody wants after its time to live, oldest first", () => {
    const pool = open(2);
    expect(first(pool, NOW + 1_000)).toBeNull();
    expect(first(pool, NOW + reactive.ttl - 1)).toBeNull();
    expect(first(pool, NOW + reactive.ttl)).toEqual(["remove", 1]);
    pool.remove([...pool.slots][0] as Slot);
    expect(first(pool, NOW + 10 * reactive.ttl)).toBeNull();
  });

  it("forgets starts after a minute", () => {
    const later = NOW + 2 * reactive.ttl;
    const pool = open(1);
    for (let n = 0; n < 6; n++) pool.wanted("nodejs:20", 128, later - 60_000);
    expect(first(pool, later)).toBeNull();
  });
});
