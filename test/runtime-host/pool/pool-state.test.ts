import { describe, expect, it } from "vitest";
import { PoolState, type Slot, type SlotState } from "../../../runtime-host/pool/pool-state.ts";

const LIMITS = {
  ...{ memoryMb: 1_024, idleShare: 0.5, containers: 10, creations: 2, waiting: 10, patienceMs: 500 },
  ...{ pauseGraceMs: 1_000, idleTimeoutMs: 60_000 },
};
const pool = () => new PoolState(LIMITS);
const add = (to: PoolState, key: string | null, state: SlotState, memory = 256): Slot => {
  const slot = to.add({ runtime: "nodejs:24", memory, key, now: 0 });
  to.move(slot, state, 0);
  return slot;
};

describe("the memory of a pool", () => {
  it("counts what runs with its limit, and what does not with what it holds, or half its limit where nobody knows", () => {
    const state = pool();
    const slot = add(state, "a", "busy");
    expect([state.active, state.booked]).toEqual([256, 256]);
    state.move(slot, "idle", 1);
    expect([state.active, state.booked]).toEqual([0, 128]);
    state.measured(slot, 18.2, 2);
    expect(state.booked).toBe(19);
    state.measured(slot, 9_999, 3);
    expect(state.booked, "no more than its limit").toBe(256);
    state.measured(slot, null, 4);
    expect(state.booked).toBe(128);
    state.remove(slot);
    state.remove(slot);
    expect([state.active, state.booked, state.size]).toEqual([0, 0, 0]);
  });

  it("counts what is made for somebody as running, and what is made ahead not", () => {
    const state = pool();
    state.add({ runtime: "nodejs:24", memory: 256, key: "a", now: 0 });
    expect(state.active).toBe(256);
    const ahead = state.add({ runtime: "nodejs:24", memory: 256, key: null, now: 0 });
    expect(state.active).toBe(256);
    state.bind(ahead, "b");
    expect(state.active).toBe(512);
  });

  it("is crowded when what rests and one more would hold more than may run", () => {
    const state = pool();
    for (let n = 0; n < 7; n++) add(state, "a", "idle");
    expect(state.crowded(256)).toBe(false);
    add(state, "b", "idle");
    expect(state.crowded(256)).toBe(true);
    expect(state.crowded(256, 128), "one of them is on its way out").toBe(false);
  });
});

describe("containers", () => {
  it("are found by key, in order of creation, and belong to one key for good", () => {
    const state = pool();
    const [one, two] = [add(state, "a", "idle"), add(state, "a", "busy")];
    const blank = add(state, null, "ready");
    state.bind(blank, "b");
    expect(state.ofKey("a")).toEqual([one, two]);
    expect(state.ofKey("b")).toEqual([blank]);
    expect(() => state.bind(blank, "a")).toThrow("cannot change hands");
    state.remove(one);
    expect(state.ofKey("a")).toEqual([two]);
    expect([state.count("idle"), state.count("busy"), state.count("ready")]).toEqual([0, 1, 1]);
  });
});

describe("what the pool learns", () => {
  it("follows quick runs at once and slow ones slowly, since many at once slow each other down", () => {
    const state = pool();
    expect(state.meanRunMs("a")).toBeNull();
    state.ran("a", 100);
    state.ran("a", 200);
    expect(state.meanRunMs("a")).toBeCloseTo(102);
    state.ran("a", 2);
    expect(state.meanRunMs("a")).toBeCloseTo(72);
  });

  it("takes the mean of starts, and no less than what a start costs the machine", () => {
    const state = pool();
    for (let n = 0; n < 100; n++) state.made(10);
    expect(state.startTime).toBe(400);
    for (let n = 0; n < 100; n++) state.made(2_000);
    expect(state.startTime).toBeCloseTo(2_000, 0);
  });

  it("remembers the last starts of the last few runtimes, and no more", () => {
    const state = pool();
    for (let n = 0; n < 20; n++) state.wanted(`kind:${n}`, 128, n);
    expect([...state.demand].map((each) => each.runtime)).toEqual(
      Array.from({ length: 8 }, (_, n) => `kind:${n + 12}`),
    );
    for (let n = 0; n < 400; n++) state.wanted("kind:19", 128, 100 + n);
    const last = [...state.demand].at(-1);
    expect([last?.times.length, last?.at]).toEqual([256, 499]);
  });
});
