import { closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ackLine, recordLine } from "../../../runtime-host/delivery/outbox-format.ts";
import { loadSegments } from "../../../runtime-host/delivery/outbox-segments.ts";
import { createLogger } from "../../../runtime-host/program/logger.ts";
import { idOf } from "../support.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "edgewhisk-segments-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const name = (n: number) => `${idOf(n)}/1`;
const line = (n: number, text = "{}") => recordLine({ name: name(n), shard: 0, at: 1_700_000_000_000 + n }, text);
const segment = (number: number, text: string) =>
  writeFileSync(join(dir, `${String(number).padStart(12, "0")}.log`), text);

function load() {
  const said: string[] = [];
  const loaded = loadSegments(dir, createLogger({ level: "info", write: (text) => said.push(text) }));
  for (const { fd } of loaded.segments) closeSync(fd);
  return { ...loaded, said, ids: loaded.kept.map((each) => Number.parseInt(each.id, 16)) };
}

it("what no later line confirms is kept, in order, and each segment knows what it still holds", () => {
  segment(7, line(1) + line(2) + line(3));
  segment(9, ackLine([name(2)]) + line(4));
  const { ids, segments, last, kept, said } = load();
  expect(ids).toEqual([1, 3, 4]);
  expect(segments.map((each) => each.live.size)).toEqual([2, 1]);
  expect(last).toBe(9);
  expect(kept[0]).toMatchObject({ attempt: 1, shard: 0, at: 1_700_000_000_001, bytes: 2 });
  expect(said).toEqual([]);
});

it("of two lines of one record the later holds", () => {
  segment(1, line(1, '{"old":1}') + line(2));
  segment(2, line(1, '{"new":11}'));
  const { kept, segments } = load();
  expect(kept.map((each) => [Number.parseInt(each.id, 16), each.bytes])).toEqual([
    [2, 2],
    [1, 10],
  ]);
  expect(segments.map((each) => each.live.size)).toEqual([1, 1]);
});

it("a damaged line is told of with its id where nothing else keeps the record, and other files are left alone", () => {
  segment(1, `${line(1)}${line(2, `{"n":12345}`).slice(0, -4)}`);
  writeFileSync(join(dir, "notes.txt"), "mine");
  const { ids, said } = load();
  expect(ids).toEqual([1]);
  expect(said.join("")).toContain(idOf(2));
});

it("an empty folder keeps nothing", () => {
  expect(load()).toMatchObject({ ids: [], segments: [], last: 0 });
});
