// Turns: bounded per registry and in all, and nobody waits behind a registry that has its number.

import { expect, it } from "vitest";
import { PullLimit } from "../../../../runtime-host/engine/docker/pull-limit.ts";

it("lets so many of a registry work, so many in all, and nobody wait behind a registry that is full", async () => {
  const limit = new PullLimit({ each: 2, all: 3 });
  const working: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const begin = (name: string) =>
    limit.run(name[0] ?? "", () => {
      working.push(name);
      return new Promise<string>((resolve, reject) => {
        ends.set(name, (error) => (error === undefined ? resolve(name) : reject(error)));
      });
    });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const all = Promise.allSettled(["a1", "a2", "a3", "b1", "b2", "c1"].map(begin));
  await settled();
  expect(working).toEqual(["a1", "a2", "b1"]);
  ends.get("b1")?.();
  await settled();
  expect(working).toEqual(["a1", "a2", "b1", "b2"]);
  ends.get("a1")?.(new Error("no such image"));
  await settled();
  expect(working).toHaveLength(5);
  ends.get("b2")?.();
  await settled();
  expect(working.slice(4).sort()).toEqual(["a3", "c1"]);
  for (const name of ["a2", "a3", "c1"]) ends.get(name)?.();
  expect((await all).map((each) => each.status)).toEqual(["rejected", ...Array(5).fill("fulfilled")]);
  const again = begin("a4");
  await settled();
  ends.get("a4")?.();
  expect(await again).toBe("a4");
});
