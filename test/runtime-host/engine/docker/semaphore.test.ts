// Turns: bounded per key and in all, first come first served among those who may.

import { expect, it } from "vitest";
import { Semaphore } from "../../../../runtime-host/engine/docker/semaphore.ts";

it("lets so many of a key work, so many in all, and nobody wait behind a key that is full", async () => {
  const turns = new Semaphore({ each: 2, all: 3 });
  const working: string[] = [];
  const begin = (name: string) => void turns.take(name[0] ?? "").then(() => working.push(name));
  for (const name of ["a1", "a2", "a3", "b1", "b2", "c1"]) begin(name);
  await Promise.resolve();
  expect(working).toEqual(["a1", "a2", "b1"]);
  turns.give("b");
  await Promise.resolve();
  expect(working).toEqual(["a1", "a2", "b1", "b2"]);
  turns.give("a");
  await Promise.resolve();
  expect(working.at(-1)).toBe("a3");
  turns.give("a");
  await Promise.resolve();
  expect(working.at(-1)).toBe("c1");
  for (const key of ["a", "b", "c"]) turns.give(key);
  begin("a4");
  await Promise.resolve();
  expect(working.at(-1)).toBe("a4");
});
