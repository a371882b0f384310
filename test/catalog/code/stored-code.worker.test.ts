// Code in the store held against what its action says of it.

import { describe, expect, test, vi } from "vitest";
import { isWhole, wholeCode } from "../../../src/catalog/code/stored-code.ts";
import { hex } from "../../../src/entities/sealing.ts";

const bytes = new TextEncoder().encode("function main() {}");

async function ref() {
  const hash = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  return { key: "code/x", hash, size: bytes.length };
}

const holding = (body: () => ReadableStream<Uint8Array> | null) => ({
  get: async () => {
    const stream = body();
    return stream === null ? null : { body: stream, size: 0 };
  },
});

const stream = (...pieces: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece.slice());
      controller.close();
    },
  });

test("what lies there as it was is whole, in however many pieces", async () => {
  const store = holding(() => stream(bytes.subarray(0, 5), bytes.subarray(5)));
  expect(await isWhole(store, await ref())).toBe(true);
  const pieces = await wholeCode(store, await ref());
  expect(pieces?.map((each) => each.length)).toEqual([5, bytes.length - 5]);
});

describe("what is not as it was", () => {
  const altered = bytes.slice();
  altered[3] = 0;
  const breaking = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("the disk is broken")),
    });

  test.each<[string, () => ReadableStream<Uint8Array> | null]>([
    ["gone", () => null],
    ["empty", () => stream()],
    ["short", () => stream(bytes.subarray(1))],
    ["long", () => stream(bytes, bytes.subarray(0, 1))],
    ["altered", () => stream(altered)],
    ["unreadable", breaking],
  ])("%s", async (_, body) => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    expect(await isWhole(holding(body), await ref())).toBe(false);
    expect(await wholeCode(holding(body), await ref())).toBeNull();
    errors.mockRestore();
  });
});
