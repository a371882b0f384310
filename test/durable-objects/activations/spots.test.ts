// Spots of a segment's members, packed and read again, each by itself.

import { expect, test } from "vitest";
import { packSpots, SPOT, type Spot, spotOf } from "../../../durable-objects/activations/spots.ts";

test("each spot comes out of its own characters, the greatest and the least as well", () => {
  const spots: Spot[] = [
    { offset: 0, length: 0, sum: 0, start: 0 },
    { offset: 123_456, length: 321, sum: 0xdeadbeef, start: 1_764_403_200_123 },
    { offset: 2 ** 32 - 1, length: 2 ** 32 - 1, sum: 2 ** 32 - 1, start: 2 ** 48 - 1 },
  ];
  const packed = packSpots(spots);
  expect(packed).toHaveLength(spots.length * SPOT);
  expect(spots.map((_, at) => spotOf(packed.slice(at * SPOT, (at + 1) * SPOT)))).toEqual(spots);
});
