import { expect, test } from "vitest";
import { EpochCache } from "../../src/invocation/epoch-cache.ts";

const epochs =
  (known: Record<string, number>) =>
  (namespace: string): number =>
    known[namespace] ?? 0;

test("a value is good while every namespace it was read from is at its epoch, and costs no promise where they are known", () => {
  const cache = new EpochCache<string>({ maxEntries: 10 });
  cache.set("a/b", "read", {
    stamps: [
      ["a", 3],
      ["other", 7],
    ],
  });
  expect(cache.find("a/b", epochs({ a: 3, other: 7 }))).toBe("read");
  expect(cache.find("a/b", epochs({ a: 4, other: 7 }))).toBeUndefined();
  expect(cache.find("a/b", epochs({ a: 3, other: 8 }))).toBeUndefined();
  expect(cache.find("a/c", epochs({}))).toBeUndefined();
  expect(cache.last("a/b")).toBe("read");
});

test("an epoch that has to be asked for is waited for, and the next ones after it", async () => {
  const cache = new EpochCache<string>({ maxEntries: 10 });
  cache.set("a/b", "read", {
    stamps: [
      ["a", 3],
      ["other", 7],
      ["third", 1],
    ],
  });
  const asked: string[] = [];
  const find = (told: number) =>
    cache.find("a/b", (namespace) => {
      asked.push(namespace);
      if (namespace === "other") return Promise.resolve(told);
      return namespace === "a" ? 3 : 1;
    });
  expect(await find(7)).toBe("read");
  expect(asked).toEqual(["a", "other", "third"]);
  expect(await find(8)).toBeUndefined();
  expect(asked).toHaveLength(5);
  await expect(cache.find("a/b", () => Promise.reject(new Error("nobody answers")))).rejects.toThrow("nobody answers");
});

test("who waits for an epoch gets the value he found, whatever has taken its place meanwhile", async () => {
  const cache = new EpochCache<string>({ maxEntries: 10 });
  const epoch = Promise.withResolvers<number>();
  cache.set("a", "first", { stamps: [["a", 1]] });
  const found = cache.find("a", () => epoch.promise);
  cache.set("a", "second", { stamps: [["a", 2]] });
  epoch.resolve(1);
  expect(await found).toBe("first");
});

test("past its bound of entries all is forgotten, but not by who writes the same anew", () => {
  const cache = new EpochCache<number>({ maxEntries: 2 });
  for (let round = 0; round < 5; round++) cache.set("a", round, { stamps: [["a", 0]] });
  cache.set("b", 1, { stamps: [["a", 0]] });
  expect([cache.last("a"), cache.last("b")]).toEqual([4, 1]);
  cache.set("c", 1, { stamps: [["a", 0]] });
  expect([cache.last("a"), cache.last("b"), cache.last("c")]).toEqual([undefined, undefined, 1]);
});

test("past its bound of sizes all is forgotten; what is replaced or deleted counts no more", () => {
  const cache = new EpochCache<number>({ maxEntries: 100, maxSize: 10 });
  const set = (key: string, size: number) => cache.set(key, 1, { stamps: [["a", 0]], size });
  for (let round = 0; round < 5; round++) set("a", 6);
  set("b", 4);
  expect(cache.last("a")).toBe(1);
  cache.delete("b");
  cache.delete("b");
  set("c", 4);
  expect(cache.last("a")).toBe(1);
  set("d", 1);
  expect([cache.last("a"), cache.last("c"), cache.last("d")]).toEqual([undefined, undefined, 1]);
});
