import { expect, it } from "vitest";
import { Fetching } from "../../../runtime-host/pool/fetching.ts";

const call = (since: number) => ({ since });

it("a call goes on when its image has come", async () => {
  const fetching = new Fetching<{ since: number }>();
  const done: string[] = [];
  fetching.hold(call(1), Promise.resolve("image"), (image) => done.push(image));
  expect(done).toEqual([]);
  await Promise.resolve();
  expect(done).toEqual(["image"]);
});

it("those that have waited too long are taken out, and are not called when their image comes after all", async () => {
  const fetching = new Fetching<{ since: number }>();
  const done: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const calls = [call(1), call(2), call(3)];
  for (const each of calls) fetching.hold(each, promise, () => done.push(each.since));
  expect(fetching.takeOlder(3)).toEqual(calls.slice(0, 2));
  expect(fetching.takeOlder(3)).toEqual([]);
  resolve();
  await promise;
  expect(done).toEqual([3]);
});

it("is full at a thousand", () => {
  const fetching = new Fetching<{ since: number }>();
  for (let n = 0; n < 999; n++) fetching.hold(call(n), new Promise(() => {}), () => {});
  expect(fetching.full).toBe(false);
  fetching.hold(call(999), new Promise(() => {}), () => {});
  expect(fetching.full).toBe(true);
});
