// Each of the cron trigger's chores fails alone.

import { expect, test } from "vitest";
import { doAll } from "../../src/services/chores.ts";

test("all are done, though some fail before or after they began, and each failure is told by its name", async () => {
  const done: string[] = [];
  const told: string[] = [];
  const last = Promise.withResolvers<void>();
  const all = doAll(
    {
      one: () => {
        throw new Error("at once");
      },
      two: async () => {
        await Promise.resolve();
        throw new AggregateError([new Error("here"), new Error("there")], "some");
      },
      three: async () => {
        await last.promise;
        done.push("three");
      },
      four: () => done.push("four"),
    },
    (text) => told.push(text),
  );
  expect(done).toEqual(["four"]);
  last.resolve();
  await all;
  expect(done).toEqual(["four", "three"]);
  expect(told).toEqual([
    "the cron trigger did not do all: one: Error: at once",
    "the cron trigger did not do all: two: AggregateError: some (Error: here; Error: there)",
  ]);
});
