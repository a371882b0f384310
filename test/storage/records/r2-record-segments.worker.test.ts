// Segments in a real bucket: written at once, read piece by piece; what is damaged or missing is told apart.

import { expect, test, vi } from "vitest";
import { isWhole } from "../../../src/entities/kept-record.ts";
import { openRecordSegments } from "../../../src/storage/open.ts";
import { TRAILER } from "../../../src/storage/records/segment.ts";
import { testEnv } from "../stores.worker.ts";
import { kept } from "./segment-suite.ts";

const segments = openRecordSegments(testEnv());
const { BLOBS } = testEnv();

test("records are found by their entries, near ones and far ones, in the order they are asked for", async () => {
  const records = Array.from({ length: 300 }, (_, at) => kept(at, JSON.stringify(crypto.randomUUID().repeat(40))));
  const { bytes, entries: written } = await segments.put("records/a/00/1", records);
  expect((await BLOBS.head("records/a/00/1"))?.size).toBe(bytes);
  const entries = (await segments.entries("records/a/00/1")) ?? [];
  expect(written).toEqual(entries);
  expect(entries.map((each) => [each.id, each.start, each.name])).toEqual(
    records.map((each) => [each.id, each.start, each.name]),
  );
  const wanted = [7, 299, 0, 150, 8].map((at) => entries[at]!);
  expect(await segments.read("records/a/00/1", wanted)).toEqual([7, 299, 0, 150, 8].map((at) => records[at]));
  expect(await segments.read("records/a/00/1", [])).toEqual([]);
});

test("a footer longer than what is read first is read whole", async () => {
  const records = Array.from({ length: 4_000 }, (_, at) => kept(at));
  await segments.put("records/a/00/2", records);
  expect(await segments.entries("records/a/00/2")).toHaveLength(4_000);
});

test("where the last footer is damaged the one before it is read, though it is not among what is read first", async () => {
  const records = Array.from({ length: 1_500 }, (_, at) => kept(at));
  const { bytes: size } = await segments.put("records/a/00/5", records);
  const bytes = new Uint8Array((await (await BLOBS.get("records/a/00/5"))?.arrayBuffer()) ?? []);
  bytes[size - 2 * TRAILER - 10]! ^= 1;
  await BLOBS.put("records/a/00/5", bytes);
  expect(await segments.entries("records/a/00/5")).toHaveLength(1_500);
});

test("the same records are the same bytes", async () => {
  const bytesOf = async () => (await BLOBS.get("records/a/00/3"))?.arrayBuffer();
  await segments.put("records/a/00/3", [kept(1), kept(2)]);
  const before = await bytesOf();
  await segments.put("records/a/00/3", [kept(1), kept(2)]);
  expect(await bytesOf()).toEqual(before);
});

test("a bit that flips costs one record; a segment that is gone or cut off says so in the log", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  await segments.put("records/a/00/4", [kept(1), kept(2), kept(3)]);
  const bytes = new Uint8Array((await (await BLOBS.get("records/a/00/4"))?.arrayBuffer()) ?? []);
  const entries = (await segments.entries("records/a/00/4")) ?? [];
  bytes[entries[1]!.offset + 20]! ^= 1;
  await BLOBS.put("records/a/00/4", bytes);
  expect((await segments.read("records/a/00/4", entries)).map(isWhole)).toEqual([true, false, true]);
  await BLOBS.put("records/a/00/4", bytes.slice(0, bytes.length - 60));
  expect(await segments.entries("records/a/00/4")).toBeNull();
  await segments.delete(["records/a/00/4"]);
  expect(await segments.entries("records/a/00/4")).toBeNull();
  expect((await segments.read("records/a/00/4", entries)).map(isWhole)).toEqual([false, false, false]);
  expect(log).toHaveBeenCalledTimes(2);
  log.mockRestore();
});
