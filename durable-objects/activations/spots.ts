// Where the members of a segment lie, in little room: one record of many is read with one question, without the
// segment's own entries. Pure.

import type { SegmentEntry } from "../../src/storage/record-segments.ts";

/** Of a member. `start`: of its record, epoch ms. */
export type Spot = Pick<SegmentEntry, "offset" | "length" | "sum" | "start">;

const BYTES = 18;
/** Characters of one spot. */
export const SPOT = 24;
const TWO_32 = 2 ** 32;

/** In the order of the entries, SPOT characters each: base64 of offset, length, sum (4 bytes each) and start (6). */
export function packSpots(entries: readonly Spot[]): string {
  return entries.map(packSpot).join("");
}

function packSpot({ offset, length, sum, start }: Spot): string {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, offset);
  view.setUint32(4, length);
  view.setUint32(8, sum);
  view.setUint16(12, Math.floor(start / TWO_32));
  view.setUint32(14, start);
  return btoa(String.fromCharCode(...bytes));
}

/** `packed`: SPOT characters. */
export function spotOf(packed: string): Spot {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return {
    ...{ offset: view.getUint32(0), length: view.getUint32(4), sum: view.getUint32(8) },
    start: view.getUint16(12) * TWO_32 + view.getUint32(14),
  };
}
