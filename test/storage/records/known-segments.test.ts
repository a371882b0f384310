// What was in a segment is asked once; what could not be read is asked again,
// and no more is remembered than a bound allows.

import { expect, test } from "vitest";
import type { RecordSegments, SegmentEntry } from "../../../src/storage/record-segments.ts";
import { KnownSegments } from "../../../src/storage/records/known-segments.ts";

function segmentsOf(size: number) {
  const asked: string[] = [];
  const gone = new Set<string>();
  const entry: SegmentEntry = { id: "1".repeat(32), start: 1, name: "a", offset: 0, length: 1, sum: 1 };
  const behind: RecordSegments = {
    put: async () => ({ bytes: 0, entries: [] }),
    read: async () => [],
    delete: async () => undefined,
    entries: async (key) => {
      asked.push(key);
      return gone.has(key) ? null : Array.from({ length: size }, () => entry);
    },
  };
  return { asked, gone, segments: new KnownSegments().before(behind) };
}

test("a segment is asked once for its entries, and nobody can alter what is remembered", async () => {
  const { asked, segments } = segmentsOf(3);
  (await segments.entries("a"))?.reverse().pop();
  expect(await segments.entries("a")).toHaveLength(3);
  expect(asked).toEqual(["a"]);
});

test("one that cannot be read is asked again", async () => {
  const { asked, gone, segments } = segmentsOf(3);
  gone.add("a");
  expect(await segments.entries("a")).toBeNull();
  gone.clear();
  expect(await segments.entries("a")).toHaveLength(3);
  expect(asked).toEqual(["a", "a"]);
});

test("the one that was not used for longest is forgotten first", async () => {
  const { asked, segments } = segmentsOf(10_000);
  for (const key of ["a", "b", "c", "d", "a", "e", "a", "b"]) await segments.entries(key);
  expect(asked).toEqual(["a", "b", "c", "d", "e", "b"]);
});
