// Turns of namespaces that share a thread: who waits, for how long, and who does not.

import { describe, expect, it } from "vitest";
import { FairQueue, type TakenTurn } from "../../src/http/fair-queue.ts";

const LIMITS = { width: 2, alone: 4, waiting: 5, life: 1_000, memory: 500, rest: { min: 1, max: 10 } };

function world({ shared }: { shared: boolean }) {
  const turns = new FairQueue(LIMITS);
  turns.seen("a", 0);
  if (shared) turns.seen("b", 0);
  const enter = (of: string, now = 0): TakenTurn => {
    const turn = turns.enter(of, now);
    if (turn === null) throw new Error("it was refused");
    turn.look(now);
    return turn;
  };
  return { turns, enter };
}

const isItsTurn = (turn: TakenTurn, now: number) => turn.look(now) === 0;

describe("turns", () => {
  it("of a namespace that is alone are many at once, and follow without a rest", () => {
    const { enter } = world({ shared: false });
    const held = Array.from({ length: 4 }, () => enter("a"));
    expect(held.every((each) => isItsTurn(each, 0))).toBe(true);
    const next = enter("a");
    expect(isItsTurn(next, 9)).toBe(false);
    held[0]?.leave(9);
    expect(isItsTurn(next, 9)).toBe(true);
  });

  it("are few where others are there, in the order of coming, with a rest as long as the work was, within bounds", () => {
    const { enter } = world({ shared: true });
    const [first, second] = [enter("a"), enter("a")];
    const [third, fourth] = [enter("a"), enter("a")];
    expect([third, fourth].map((each) => isItsTurn(each, 4))).toEqual([false, false]);
    first.leave(5);
    expect([fourth, third].map((each) => isItsTurn(each, 9))).toEqual([false, false]);
    expect([fourth, third].map((each) => isItsTurn(each, 10))).toEqual([false, true]);
    second.leave(200);
    expect([209, 210].map((now) => isItsTurn(fourth, now))).toEqual([false, true]);
  });

  it("say when it is worth while to look again: the sooner the fewer are before, and never very late", () => {
    const { enter } = world({ shared: true });
    const turns = Array.from({ length: 6 }, () => enter("a"));
    const waits = turns.slice(2).map((each) => each.look(1));
    expect(waits).toEqual(waits.toSorted((one, other) => one - other));
    expect(Math.min(...waits)).toBeGreaterThan(0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(250);
  });

  it("of one namespace are nothing to another, however many wait there", () => {
    const { turns, enter } = world({ shared: true });
    for (let n = 0; n < 7; n++) enter("a");
    expect(turns.enter("a", 0)).toBeNull();
    expect(isItsTurn(enter("b"), 0)).toBe(true);
  });

  it("are many again once nobody else was seen for a while", () => {
    const { turns, enter } = world({ shared: true });
    const third = [enter("a"), enter("a"), enter("a")][2]!;
    turns.seen("b", 499);
    expect([500, 998, 999].map((now) => isItsTurn(third, now))).toEqual([false, false, true]);
  });

  it("end by themselves where nobody says that they have, and who waits no more is passed over", () => {
    const { turns, enter } = world({ shared: true });
    for (let n = 0; n < 6; n++) enter("a");
    const patient = enter("a", 600);
    turns.seen("b", 999);
    expect(isItsTurn(patient, 999)).toBe(false);
    expect(isItsTurn(patient, 1_000)).toBe(true);
  });

  it("go to the end of the line where they were given up and come back", () => {
    const { turns, enter } = world({ shared: true });
    enter("a");
    enter("a");
    const late = enter("a");
    const held = [enter("a", 900), enter("a", 900)];
    turns.seen("b", 1_000);
    expect(held.map((each) => isItsTurn(each, 1_000))).toEqual([true, true]);
    expect(isItsTurn(late, 1_001)).toBe(false);
    held[0]?.leave(1_002);
    expect(isItsTurn(late, 1_200)).toBe(true);
  });

  it("are given back once, however often it is said", () => {
    const { enter } = world({ shared: true });
    const first = enter("a");
    enter("a");
    const waiting = [enter("a"), enter("a")];
    first.leave(1);
    first.leave(1);
    expect(waiting.map((each) => isItsTurn(each, 20))).toEqual([true, false]);
  });

  it("are waited for, but neither in a crowd nor for ever", async () => {
    const clock = { at: 0 };
    const ports = {
      now: () => clock.at,
      sleep: async (ms: number) => {
        clock.at += ms;
      },
      maxWaitMs: 400,
    };
    const { turns, enter } = world({ shared: true });
    const first = enter("a");
    enter("a");
    expect(await turns.turn("a", ports)).toBeNull();
    expect(clock.at).toBeGreaterThanOrEqual(400);
    first.leave(clock.at);
    const taken = await turns.turn("a", ports);
    expect(taken?.look(clock.at)).toBe(0);
    for (let n = 0; n < 5; n++) enter("a", clock.at);
    const began = clock.at;
    expect(await turns.turn("a", ports)).toBeNull();
    expect(clock.at).toBe(began);
  });
});
