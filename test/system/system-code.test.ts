// The code that ships with the platform among the blobs.

import { expect, it } from "vitest";
import type { BlobStore } from "../../src/storage/blob-store.ts";
import { SYSTEM_PACKAGES } from "../../src/system/catalog.ts";
import { refOf, SystemBlobs } from "../../src/system/system-code.ts";

const inner = {
  get: async (key: string) => ({ body: new Blob([`inner ${key}`]).stream(), size: 0 }),
  text: async (key: string) => `inner ${key}`,
  part: async () => null,
} as unknown as BlobStore;
const blobs = new SystemBlobs(inner);

const CODE = "function main() { return { umlaut: 'ä' }; }";

it("is found by its key, whole and in part, and has the hash and size it says", async () => {
  const { key, hash, size } = refOf(CODE);
  const found = await blobs.get(key);
  const bytes = new Uint8Array(await new Response(found?.body).arrayBuffer());
  expect(new TextDecoder().decode(bytes)).toBe(CODE);
  expect([found?.size, bytes.byteLength]).toEqual([size, size]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  expect(Buffer.from(digest).toString("hex")).toBe(hash);
  expect(await blobs.text(key)).toBe(CODE);
  expect(await blobs.part(key, { offset: 9, length: 4 })).toEqual(bytes.slice(9, 13));
  expect(await blobs.part(key, { suffix: 3 })).toEqual(bytes.slice(-3));
  expect(refOf(CODE)).toEqual({ key, hash, size });
});

it("leaves everything else to the store", async () => {
  expect(await blobs.text("code/built-in/0000")).toBe("inner code/built-in/0000");
  expect(await blobs.text("args/a/b")).toBe("inner args/a/b");
  expect(await new Response((await blobs.get("code/other"))?.body).text()).toBe("inner code/other");
});

const coded = SYSTEM_PACKAGES.flatMap(({ name: bundle, actions }) =>
  Object.entries(actions).flatMap(([name, action]) => ("code" in action ? [[`${bundle}/${name}`, action.code]] : [])),
) as [string, string][];

it.each(coded)("%s is JavaScript with a function main, in lines that fit", (_, code) => {
  const made = new Function("require", `${code}; return main;`) as (from: unknown) => unknown;
  expect(made(() => ({}))).toBeInstanceOf(Function);
  expect(code.split("\n").filter((line) => line.length > 120)).toEqual([]);
});
