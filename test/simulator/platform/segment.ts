// Stands for the form of segments: compressing takes its own time, which no seed tells.

import type { KeptRecord } from "../../../src/entities/kept-record.ts";
import type { SegmentEntry } from "../../../src/storage/record-segments.ts";

export const TAIL = 1_000_000;
const LENGTH = 10;

export async function encodeSegment(
  records: readonly KeptRecord[],
): Promise<{ bytes: Uint8Array; entries: SegmentEntry[] }> {
  let members = "";
  const entries = records.map(({ id, start, name, text, sum }): SegmentEntry => {
    const offset = members.length;
    members += text;
    return { id, start, name, offset, length: text.length, sum };
  });
  const footer = JSON.stringify(entries);
  const text = members + footer + String(footer.length).padStart(LENGTH);
  const bytes = new TextEncoder().encode(text);
  if (bytes.length !== text.length) throw new Error("a simulated record holds more than ASCII");
  return { bytes, entries };
}

export function tailLength(end: Uint8Array): number {
  return Number(new TextDecoder().decode(end.subarray(-LENGTH))) + LENGTH;
}

export function readEntries(tail: Uint8Array): SegmentEntry[] {
  return JSON.parse(new TextDecoder().decode(tail.subarray(-tailLength(tail), -LENGTH))) as SegmentEntry[];
}

export async function readMember(entry: SegmentEntry, member: Uint8Array): Promise<KeptRecord> {
  const { id, start, name, sum } = entry;
  return { id, start, name, text: new TextDecoder().decode(member), sum };
}
