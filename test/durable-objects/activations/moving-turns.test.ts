// Objects that move records take turns: one piece at a time, and then a rest, however many there are.

import { expect, test } from "vitest";
import { inTurnOf, MovingTurns } from "../../../durable-objects/activations/moving-turns.ts";
import { Clock } from "../clock.ts";

test("a turn is one object's until it is over, and then nobody's for five times as long", () => {
  const turns = new MovingTurns();
  expect(turns.ask("a", 1_000)).toBe(0);
  expect(turns.ask("b", 1_100)).toBeGreaterThan(0);
  turns.over(1_000, 1_200);
  expect(turns.ask("b", 2_199)).toBeGreaterThan(0);
  expect(turns.ask("b", 2_200)).toBe(0);
});

test("of one that is lost it is nobody's after ten seconds, and after a clock was set back at once", () => {
  const turns = new MovingTurns();
  expect(turns.ask("lost", 50_000)).toBe(0);
  expect(turns.ask("b", 59_999)).toBeGreaterThan(0);
  expect(turns.ask("b", 60_000)).toBe(0);
  expect(turns.ask("c", 1_000)).toBe(0);
});

test("who has waited longest is next; one that does not ask again loses its place", () => {
  const turns = new MovingTurns();
  turns.ask("first", 0);
  const asked = Array.from({ length: 400 }, (_, at) => turns.ask(`object ${at}`, 1));
  expect(asked.slice(0, 3)).toEqual([50, 70, 90]);
  expect(asked[399]).toBe(5_000);
  turns.over(0, 10);
  expect(turns.ask("object 1", 60)).toBeGreaterThan(0);
  expect(turns.ask("object 0", 61)).toBe(0);
  turns.over(61, 71);
  expect(turns.ask("object 2", 2_000)).toBeGreaterThan(0);
  expect(turns.ask("object 2", 2_200)).toBe(0);
});

test("forty objects together work a sixth of the time, each of them, and one that fails keeps nobody waiting", async () => {
  const clock = new Clock();
  const ports = { now: clock.now, after: clock.after, turns: new MovingTurns() };
  const done = new Map<string, number>();
  let busy = 0;
  const work = async (who: string) => {
    const inTurn = inTurnOf(who, ports);
    for (;;) {
      const piece = inTurn(async () => {
        expect(busy++).toBe(0);
        await new Promise<void>((resolve) => clock.after(100, resolve));
        busy--;
        done.set(who, (done.get(who) ?? 0) + 1);
        if (done.get(who) === 2) throw new Error("a place does not answer");
      });
      await piece.catch(() => undefined);
    }
  };
  for (let at = 0; at < 40; at++) void work(`object ${at}`);
  await clock.advance(120_000);
  const pieces = [...done.values()].reduce((sum, each) => sum + each, 0);
  expect(pieces).toBeLessThanOrEqual(200);
  expect(pieces).toBeGreaterThan(130);
  expect(done.size).toBe(40);
});
