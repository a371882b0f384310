// Blobs in R2: whole values and streams, below and above one part.

import { describe, expect, test } from "vitest";
import { testEnv, testStores } from "../stores.worker.ts";

const { blobs } = testStores();
const MB = 1024 * 1024;

/** `total` bytes in chunks, each byte following from its position. */
function source(total: number, chunk: number, onCancel?: () => void): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(chunk, total - at);
      if (size === 0) return controller.close();
      controller.enqueue(Uint8Array.from({ length: size }, (_, index) => (at + index) % 251));
      at += size;
    },
    cancel: () => onCancel?.(),
  });
}

async function isWhole(key: string, total: number): Promise<boolean> {
  const found = await blobs.get(key);
  let at = 0;
  if (found === null || found.size !== total) return false;
  for await (const chunk of found.body) {
    for (const byte of chunk) if (byte !== at++ % 251) return false;
  }
  return at === total;
}

test.each([0, 1, 5 * MB - 1, 5 * MB, 5 * MB + 1, 11 * MB + 3])(
  "a stream of %i bytes is stored whole",
  async (total) => {
    expect(await blobs.putStream("b", source(total, 300_007), { max: 20 * MB })).toBe(total);
    expect(await isWhole("b", total)).toBe(true);
  },
);

test.each([1000, 12 * MB])("a stream longer than %i bytes is refused and leaves nothing", async (max) => {
  let cancelled = false;
  const body = source(max + 2 * MB, 500_000, () => {
    cancelled = true;
  });
  await expect(blobs.putStream("too-long", body, { max })).rejects.toThrow(RangeError);
  expect(await blobs.get("too-long")).toBeNull();
  expect(cancelled).toBe(true);
});

test("a stream that breaks leaves nothing and its error comes through", async () => {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent++ === 8) controller.error(new Error("caller went away"));
      else controller.enqueue(new Uint8Array(MB));
    },
  });
  await expect(blobs.putStream("broken", body, { max: 20 * MB })).rejects.toThrow("caller went away");
  expect(await blobs.get("broken")).toBeNull();
});

describe("a writer that knows how much room it needs", () => {
  test.each([0, 1, 100_000, MB])("gives back the %i bytes that came", async (size) => {
    const writer = blobs.writer("code/x", { room: MB });
    for await (const chunk of source(size, 70_001)) await writer.write(chunk);
    const key = await writer.finish();
    if (size > 0) expect(await isWhole(key, size)).toBe(true);
    else expect(key).toBe("code/x..0");
    await blobs.delete([key]);
    expect(await blobs.get(key)).toBeNull();
  });

  test("leaves nothing behind if it is aborted", async () => {
    const writer = blobs.writer("code/y", { room: MB });
    await writer.write(new Uint8Array(1_000));
    await writer.abort();
    expect(await blobs.get("code/y")).toBeNull();
  });

  test("refuses more than it has room for", async () => {
    const writer = blobs.writer("code/z", { room: 10 });
    await expect(writer.write(new Uint8Array(11))).rejects.toThrow();
    await writer.abort();
    expect(await blobs.get("code/z")).toBeNull();
  });
});

test("texts come back as they were put, and deleted keys are gone", async () => {
  await blobs.put("t", "grüße ☃");
  expect(await blobs.text("t")).toBe("grüße ☃");
  await blobs.delete(["t", "never-there"]);
  await blobs.delete([]);
  expect(await blobs.text("t")).toBeNull();
  expect(await blobs.get("t")).toBeNull();
});

test("the bucket is the one the Worker is given", async () => {
  await blobs.put("k", new Uint8Array([1, 2]));
  expect((await testEnv().BLOBS.head("k"))?.size).toBe(2);
});
