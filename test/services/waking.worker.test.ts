// Objects whose alarms may be lost are woken by turns: each in its turn, few at once, and none kept from it by another.

import { beforeEach, expect, test, vi } from "vitest";
import { wakeSchedules } from "../../src/services/waking.ts";
import { D1ScheduleObjects } from "../../src/storage/d1/schedule-objects.ts";
import { testEnv } from "../storage/stores.worker.ts";

const MANY = 120;
const AT_ONCE = 50;
const book = new D1ScheduleObjects(testEnv().DB);

beforeEach(async () => {
  await testEnv().DB.prepare("DELETE FROM schedule_objects").run();
});

test("each of very many is asked once in a round, fifty at most in a turn, though some fail", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const names = Array.from({ length: MANY }, (_, at) => `namespace-${String(at).padStart(3, "0")}:00`);
  for (const name of names) await book.add(name);
  const woken: string[][] = [];
  const open = (name: string) => ({
    wake: async () => {
      woken.at(-1)?.push(name);
      if (name.includes("07")) throw new Error("it does not answer");
      return true;
    },
  });
  const turn = async (at: number) => {
    woken.push([]);
    await wakeSchedules(book, open, at);
  };
  for (let at = 1_000; at < 1_003; at++) await turn(at);
  expect(woken.map((each) => each.length <= AT_ONCE)).toEqual([true, true, true]);
  expect(woken.flat().toSorted()).toEqual(names);
  await turn(1_003);
  expect(names).toEqual(expect.arrayContaining(woken.at(-1) ?? []));
  const failed = woken.flat().filter((name) => name.includes("07")).length;
  expect(failed).toBeGreaterThan(0);
  expect(warn).toHaveBeenCalledTimes(failed);
  warn.mockRestore();
});

test("one that keeps nothing any more is forgotten, unless it has begun anew meanwhile", async () => {
  for (const name of ["empty:00", "full:00", "returns:00"]) await book.add(name);
  const open = (name: string) => ({
    wake: async () => {
      if (name === "returns:00") await book.add(name);
      return name === "full:00";
    },
  });
  await wakeSchedules(book, open, 0);
  expect((await book.some(0, AT_ONCE)).map(({ name }) => name)).toEqual(["full:00", "returns:00"]);
});
