import { expect, test } from "vitest";
import { Watchers } from "../../../durable-objects/epoch/watchers.ts";
import { Clock, settle } from "../clock.ts";

function watching(watchers: Watchers, ms: number): { over: boolean } {
  const state = { over: false };
  void watchers.wait(ms).then(() => {
    state.over = true;
  });
  return state;
}

test("all who watch are told, and their timers go", async () => {
  const clock = new Clock();
  const watchers = new Watchers(clock.after);
  const all = [watching(watchers, 1_000), watching(watchers, 20_000)];
  watchers.tell();
  await settle();
  expect([all.map((each) => each.over), clock.timers]).toEqual([[true, true], 0]);
});

test("who watches is told when his time is over, and after thirty seconds at the latest", async () => {
  const clock = new Clock();
  const watchers = new Watchers(clock.after);
  const [short, long] = [watching(watchers, 1_000), watching(watchers, 3_600_000)];
  await clock.advance(1_000);
  expect([short.over, long.over]).toEqual([true, false]);
  await clock.advance(29_000);
  expect(long.over).toBe(true);
});

test("of very many the last ones are told soon, and are not kept", async () => {
  const clock = new Clock();
  const watchers = new Watchers(clock.after);
  const first = Array.from({ length: 1_000 }, () => watching(watchers, 30_000));
  const late = watching(watchers, 30_000);
  await clock.advance(1_000);
  expect([late.over, first.some((each) => each.over)]).toEqual([true, false]);
  watchers.tell();
  await settle();
  expect([first.every((each) => each.over), clock.timers]).toEqual([true, 0]);
});
