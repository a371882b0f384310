import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CodeCache, type CodeCacheOptions } from "../../../runtime-host/container/code-cache.ts";
import { CodeDamaged } from "../../../runtime-host/container/contract.ts";
import { BlobApiError } from "../../../runtime-host/link/blob-api.ts";
import { silent } from "../support.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(join(tmpdir(), "code-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

function refOf(text: string) {
  return { key: `code/${text.slice(0, 10)}`, hash: createHash("sha256").update(text).digest("hex"), size: text.length };
}

function open(stored: string[], changes: Partial<CodeCacheOptions> = {}) {
  const fetch = vi.fn((key: string) => {
    const text = stored.find((each) => refOf(each).key === key);
    return text === undefined ? Promise.reject(new Error("404")) : Promise.resolve(Buffer.from(text));
  });
  return CodeCache.open({ dir, bytes: 1 << 20, memory: 0, fetch, log: silent, ...changes }).then((cache) => ({
    cache,
    fetch,
  }));
}

test("code is fetched once however many ask, and again only after it left the disk", async () => {
  const { cache, fetch } = await open(["one"]);
  const all = await Promise.all(Array.from({ length: 20 }, () => cache.get(refOf("one"))));
  expect(all.every((each) => each.toString() === "one")).toBe(true);
  await cache.get(refOf("one"));
  expect(fetch).toHaveBeenCalledTimes(1);
  const again = await open([]);
  expect((await again.cache.get(refOf("one"))).toString()).toBe("one");
  expect(again.fetch).not.toHaveBeenCalled();
});

test("what is not what its hash says is refused and not kept; a failure is not remembered", async () => {
  const { cache, fetch } = await open(["other text"]);
  const wrong = { ...refOf("other text"), hash: refOf("wanted").hash };
  await expect(cache.get(wrong)).rejects.toThrow(/hash/);
  expect(fs.readdirSync(dir)).toEqual([]);
  await expect(cache.get({ ...wrong, hash: "../../etc/passwd" })).rejects.toThrow(/hash/);
  await expect(cache.get(refOf("absent"))).rejects.toThrow("404");
  fetch.mockImplementation(() => Promise.resolve(Buffer.from("absent")));
  expect((await cache.get(refOf("absent"))).toString()).toBe("absent");
});

test("bytes that changed on disk are noticed and fetched anew", async () => {
  const { cache, fetch } = await open(["one"]);
  await cache.get(refOf("one"));
  fs.writeFileSync(join(dir, refOf("one").hash), "two");
  expect((await cache.get(refOf("one"))).toString()).toBe("one");
  expect(fetch).toHaveBeenCalledTimes(2);
});

test("the disk holds no more than allowed; what was used longest ago goes first", async () => {
  const texts = ["a", "b", "c"].map((letter) => letter.repeat(400));
  const { cache, fetch } = await open(texts, { bytes: 1000 });
  const [a, b, c] = texts.map(refOf) as [ReturnType<typeof refOf>, ReturnType<typeof refOf>, ReturnType<typeof refOf>];
  await cache.get(a);
  await cache.get(b);
  await cache.get(a);
  await cache.get(c);
  expect(fs.readdirSync(dir).sort()).toEqual([a.hash, c.hash].sort());
  await cache.get(b);
  expect(fetch).toHaveBeenCalledTimes(4);
});

test("what is small and recent comes from memory", async () => {
  const { cache, fetch } = await open(["one"], { memory: 1000 });
  await cache.get(refOf("one"));
  fs.rmSync(join(dir, refOf("one").hash));
  expect((await cache.get(refOf("one"))).toString()).toBe("one");
  expect(fetch).toHaveBeenCalledTimes(1);
});

test("half-written files of an earlier boot are removed", async () => {
  fs.writeFileSync(join(dir, "x.part"), "half");
  await open([]);
  expect(fs.readdirSync(dir)).toEqual([]);
});

test("code that the store does not have whole is told from code that cannot be had now", async () => {
  const failing = (error: Error) => open([], { fetch: () => Promise.reject(error) });
  const thrownBy = async (error: Error) =>
    (await failing(error)).cache.get(refOf("x")).catch((thrown: unknown) => (thrown as Error).name);
  expect(await thrownBy(new BlobApiError("404", { final: true }))).toBe("CodeDamaged");
  expect(await thrownBy(new BlobApiError("terminated", { final: false, cut: true }))).toBe("CodeDamaged");
  expect(await thrownBy(new BlobApiError("503", { final: false }))).toBe("BlobApiError");
  const { cache } = await open([], { fetch: () => Promise.resolve(Buffer.from("y")) });
  await expect(cache.get(refOf("x"))).rejects.toBeInstanceOf(CodeDamaged);
});
