// What zlib packed, at each of its levels, is unpacked to the same bytes; what is damaged ends, and is told or caught
// by its checksum.

import { constants, gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { inflated } from "../../../src/storage/records/inflate.ts";

/** Numbers from 0 to 1 that follow from the seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const STRATEGIES = [constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY, constants.Z_RLE, constants.Z_FIXED];

function samples(random: () => number): Buffer[] {
  const noise = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  const text = JSON.stringify(
    Array.from({ length: 60 }, (_, at) => ({ at, name: `action${Math.floor(random() * 9)}` })),
  );
  const run = Buffer.alloc(Math.floor(random() * 40_000), "ab");
  return [
    Buffer.alloc(0),
    Buffer.from("x"),
    Buffer.from(text),
    Buffer.from(`${text}üñ😀${text}`),
    run,
    noise(3_000),
    noise(60_000),
  ];
}

test("comes out as it was", () => {
  const random = randomOf(7);
  for (let round = 0; round < 20; round++) {
    for (const bytes of samples(random)) {
      for (const level of [0, 1, 6, 9]) {
        for (const strategy of STRATEGIES) {
          const found = inflated(gzipSync(bytes, { level, strategy }));
          expect(found !== null && Buffer.compare(found, bytes), `${bytes.length} ${level} ${strategy}`).toBe(0);
        }
      }
    }
  }
});

test("what is long, or of another kind, is left to the platform", () => {
  expect(inflated(gzipSync(Buffer.alloc(64 * 1024 + 1)))).toBeNull();
  expect(inflated(new Uint8Array(100))).toBeNull();
  expect(inflated(new Uint8Array(0))).toBeNull();
  const named = gzipSync("x");
  named[3] = 8;
  expect(inflated(named)).toBeNull();
});

test("whichever bit flips, it ends: with an error, with nothing, or with as many bytes as it says", () => {
  const random = randomOf(11);
  for (const bytes of samples(random).slice(0, 4)) {
    const member = gzipSync(bytes);
    for (let at = 0; at < member.length * 8; at++) {
      const flipped = Buffer.from(member);
      flipped[at >> 3]! ^= 1 << (at & 7);
      let found: Uint8Array | null = null;
      try {
        found = inflated(flipped);
      } catch (error) {
        expect(String(error)).toMatch(/a gzip member/);
      }
      if (found !== null) expect(found).toHaveLength(flipped.readUInt32LE(flipped.length - 4));
    }
  }
});

test("what is cut off is an error, wherever", () => {
  const member = gzipSync(JSON.stringify(Array.from({ length: 50 }, (_, at) => ({ at }))));
  expect(() => gunzipSync(member.subarray(0, -20))).toThrow();
  for (let length = 18; length < member.length; length++) {
    const cut = Buffer.concat([member.subarray(0, length - 8), member.subarray(-8)]);
    expect(() => inflated(cut), `${length} of ${member.length}`).toThrow(/a gzip member/);
  }
});
