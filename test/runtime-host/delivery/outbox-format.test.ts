import { describe, expect, it } from "vitest";
import {
  ackLine,
  batchOf,
  parseLines,
  readRecord,
  recordBytes,
  recordLine,
} from "../../../runtime-host/delivery/outbox-format.ts";

const NAME = `${"a".repeat(32)}/1`;
const HEAD = { name: NAME, shard: 3, at: 1_700_000_000_000 };
const textOf = (bytes: Buffer, line: { start: number; end: number }) => bytes.toString("utf8", line.start, line.end);

describe("a line of the outbox", () => {
  it("is read as it was written: records with their place, and what was confirmed", () => {
    const bytes = Buffer.from(recordLine(HEAD, '{"ä":1}') + ackLine([NAME, "b/2"]));
    const { lines, damaged } = parseLines(bytes);
    expect(damaged).toBe(0);
    expect(lines[0]).toMatchObject({ kind: "record", ...HEAD });
    expect(textOf(bytes, lines[0] as { start: number; end: number } & (typeof lines)[0])).toBe('{"ä":1}');
    expect(lines[1]).toEqual({ kind: "acks", names: [NAME, "b/2"] });
  });

  it("has the same bytes whether it is made as a text or in one copy", () => {
    const text = `{"x":"${"ä".repeat(1_000)}"}`;
    expect(recordBytes(HEAD, text).equals(Buffer.from(recordLine(HEAD, text)))).toBe(true);
  });

  it("that is cut short or changed anywhere is damaged, and those around it are not", () => {
    const line = recordLine(HEAD, '{"n":1}');
    const whole = recordLine({ ...HEAD, name: `${"b".repeat(32)}/1` }, "{}");
    for (let at = 0; at < line.length - 1; at++) {
      const changed = line.slice(0, at) + String.fromCharCode(line.charCodeAt(at) ^ 1) + line.slice(at + 1);
      const found = parseLines(Buffer.from(whole + changed + whole));
      expect(found.lines.length, `byte ${at}`).toBeGreaterThanOrEqual(2);
      expect(found.damaged, `byte ${at}`).toBeGreaterThanOrEqual(1);
      expect(found.lines.every((each) => each.kind === "record" && each.name !== NAME)).toBe(true);
    }
    const torn = parseLines(Buffer.from(whole + line.slice(0, -3)));
    expect([torn.lines.length, torn.damaged]).toEqual([1, 1]);
    expect(torn.names, "whose it was can still be read").toEqual([NAME]);
  });

  it("gives one record back from its place, or nothing where it is not whole or another's", () => {
    const before = ackLine(["x"]);
    const bytes = Buffer.from(before + recordLine(HEAD, '{"n":1}'));
    const [, line] = parseLines(bytes).lines;
    if (line?.kind !== "record") throw new Error("no record");
    const place = { offset: line.start, bytes: line.end - line.start };
    const read = (from: Buffer) => (into: Buffer, at: number) => from.copy(into, 0, at, at + into.length);
    expect(readRecord(HEAD, place, read(bytes))).toBe('{"n":1}');
    expect(readRecord({ ...HEAD, name: `${"b".repeat(32)}/1` }, place, read(bytes))).toBeNull();
    expect(readRecord(HEAD, place, read(bytes.subarray(0, -2)))).toBeNull();
    const changed = Buffer.from(bytes);
    changed[line.end - 1] = 0x20;
    expect(readRecord(HEAD, place, read(changed))).toBeNull();
  });
});

describe("a batch", () => {
  it("writes small records together and a long one by itself, in order, and tells the bytes of each line", () => {
    const long = "x".repeat(300_000);
    const list = ["{}", long, "[]", "{}"].map((text, n) => {
      return { ...HEAD, name: `${String(n).repeat(32)}/1`, bytes: text.length, text };
    });
    const sizes: number[] = [];
    const chunks = [...batchOf(ackLine(["a/1"]), list, (bytes) => sizes.push(bytes))];
    expect(chunks).toHaveLength(3);
    const all = Buffer.concat(chunks);
    const { lines } = parseLines(all);
    expect(lines.map((each) => (each.kind === "acks" ? "acks" : each.name[0]))).toEqual(["acks", "0", "1", "2", "3"]);
    expect(sizes.reduce((sum, each) => sum + each, 0)).toBe(all.length - ackLine(["a/1"]).length);
  });
});
