import { expect, test } from "vitest";
import { offloadLarge, textOf } from "../../../durable-objects/composition/blob-offload.ts";
import { MAX_INLINE } from "../../../src/entities/limits.ts";

const owner = { namespaceId: "ns" };

function shelf() {
  const stored = new Map<string, string>();
  return {
    stored,
    blobs: {
      put: async (key: string, value: string | Uint8Array) =>
        void stored.set(key, typeof value === "string" ? value : new TextDecoder().decode(value)),
      text: async (key: string) => stored.get(key) ?? null,
      delete: async () => undefined,
    } as unknown as Parameters<typeof textOf>[0],
  };
}

test("what fits a row stays in it, counted in bytes; one byte more goes to the blob store and is read back", async () => {
  const { blobs, stored } = shelf();
  for (const letter of ["a", "é", "€"]) {
    const fits = letter.repeat(Math.floor(MAX_INLINE / new TextEncoder().encode(letter).length));
    expect(await offloadLarge(blobs, { text: fits }, { key: "k", owner })).toEqual({ inline: fits });
    const text = `${fits}${letter}`;
    const payload = await offloadLarge(blobs, { text }, { key: `k/${letter}`, owner });
    expect(payload).toEqual({ blob: `k/${letter}`, size: new TextEncoder().encode(text).length });
    expect(await textOf(blobs, payload)).toBe(text);
  }
  expect([...stored.keys()]).toEqual(["k/a", "k/é", "k/€"]);
});

test("what lies there already is left there, and what is gone is told", async () => {
  const { blobs } = shelf();
  expect(await offloadLarge(blobs, { blob: "there", size: 3 }, { key: "k", owner })).toEqual({
    blob: "there",
    size: 3,
  });
  expect(await textOf(blobs, { blob: "gone", size: 3 })).toBeNull();
  expect(await textOf(blobs, { inline: "{}" })).toBe("{}");
});
