// What a segment promises, wherever its code runs.

import { expect, test } from "vitest";
import { checksumOf } from "../../../src/entities/checksum.ts";
import { isWhole, type KeptRecord, readKept, UNCHECKED } from "../../../src/entities/kept-record.ts";
import {
  encodeSegment,
  readEntries,
  readMember,
  type Segment,
  TRAILER,
  tailLength,
} from "../../../src/storage/records/segment.ts";

export function kept(at: number, result = `{"at":${at}}`): KeptRecord {
  const id = at.toString(16).padStart(32, "0");
  const text = JSON.stringify({ activationId: id, start: at, statusCode: 0, result: { inline: result } });
  return { id, start: at, name: at % 2 === 0 ? "even" : "pack/odd", text, sum: checksumOf(text) };
}

async function readAll({ bytes }: Pick<Segment, "bytes">): Promise<KeptRecord[] | null> {
  const length = tailLength(bytes.subarray(bytes.length - 2 * TRAILER));
  const entries = length === null ? null : readEntries(bytes.subarray(bytes.length - length));
  if (entries === null) return null;
  return Promise.all(entries.map((each) => readMember(each, bytes.subarray(each.offset, each.offset + each.length))));
}

export function segmentSuite(): void {
  const texts = [
    '{"ü":"😀"}',
    '{"n":18446744073709551616.0}',
    '{"s":"\\u0000\\ud800"}',
    `{"long":"${"x".repeat(60_000)}"}`,
  ];
  const records = texts.map((text, at) => kept(1_000 + at, text));

  test("records come out as they went in, each for itself", async () => {
    const segment = await encodeSegment(records);
    expect(await readAll(segment)).toEqual(records);
  });

  test("an entry says how many bytes its record has in the blob store", async () => {
    const held = (at: number, more: object): KeptRecord => {
      const text = JSON.stringify({ activationId: kept(at).id, start: at, ...more });
      return { ...kept(at), text, sum: checksumOf(text) };
    };
    const parts = [
      { result: { blob: "results/x/1", size: 70_000 }, logs: { blob: "logs/x/1", size: 5 } },
      { result: { inline: '{"blob":1,"size":3}' }, logs: { inline: "[]" } },
      { result: { inline: "{}" }, logs: { blob: "logs/y/1", size: 9 } },
    ];
    const { bytes, entries } = await encodeSegment(parts.map((each, at) => held(at, each)));
    expect(entries.map((each) => each.held)).toEqual([70_005, undefined, 9]);
    const length = tailLength(bytes.subarray(bytes.length - 2 * TRAILER)) ?? 0;
    expect(readEntries(bytes.subarray(bytes.length - length))).toEqual(entries);
  });

  test("a record from before there were checksums has one from then on", async () => {
    const segment = await encodeSegment([{ ...kept(1), sum: UNCHECKED }]);
    expect(await readAll(segment)).toEqual([kept(1)]);
  });

  test("whichever bit flips, at most one record is damaged, and that one says so", async () => {
    const few = [kept(1), kept(2)];
    const { bytes, entries } = await encodeSegment(few);
    const members = entries.reduce((sum, each) => sum + each.length, 0);
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of at < members ? [0, 3, 7] : [at % 8]) {
        const flipped = bytes.slice();
        flipped[at]! ^= 1 << bit;
        const found = await readAll({ bytes: flipped });
        const bad = found?.filter((each, index) => each.text !== few[index]?.text) ?? few;
        expect(bad.length, `bit ${bit} of byte ${at}`).toBeLessThanOrEqual(1);
        if (at >= members) expect(bad).toEqual([]);
        for (const each of bad) {
          expect(isWhole(each)).toBe(false);
          expect(readKept(each, () => undefined)).toMatchObject({ activationId: each.id, statusCode: 3 });
        }
      }
    }
  });

  test("a segment that was cut off has no entries", async () => {
    const { bytes } = await encodeSegment(records);
    expect(tailLength(bytes.subarray(0, bytes.length - 30))).toBeNull();
    expect(tailLength(bytes.subarray(0, 10))).toBeNull();
    expect(readEntries(new Uint8Array(0))).toBeNull();
  });
}
