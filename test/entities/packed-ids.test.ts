// Ids packed and found again.

import { expect, test } from "vitest";
import { packedPlace, packIds } from "../../src/entities/packed-ids.ts";

const idOf = (at: number) => at.toString(16).padStart(32, "0");

test("ids are found among the packed ones, and no others", () => {
  const ids = Array.from({ length: 257 }, (_, at) => idOf(at * 1_234_567)).reverse();
  const packed = packIds(ids);
  ids.sort();
  for (const [at, id] of ids.entries()) expect(packedPlace(packed, id)).toBe(at);
  for (const at of [1, 1_234_566, 1_234_568, 999_999_999]) expect(packedPlace(packed, idOf(at))).toBe(-1);
  expect(packedPlace(packIds([]), ids[0]!)).toBe(-1);
  expect(packed.length).toBeLessThan(ids.length * 22);
});
