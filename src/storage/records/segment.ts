// The form of a segment: many records of one store in one object of R2, read piece by piece. Pure.
//
//   members   one gzip member per record, its text
//   footer    JSON of the entries, where each member lies and what lists ask for; written twice, so that a damaged one
// harms nothing trailer   24 bytes, written twice: magic, version, length and checksum of a footer,
// checksum of the trailer itself

import { checksumOf } from "../../entities/checksum.ts";
import { type KeptRecord, UNCHECKED } from "../../entities/kept-record.ts";
import type { SegmentEntry } from "../record-segments.ts";
import { inflated } from "./inflate.ts";

/** Many records as one object: gzip members one after the other, then their entries, twice, with checksums. */
export interface Segment {
  bytes: Uint8Array<ArrayBuffer>;
  entries: SegmentEntry[];
}

const MAGIC = 0x45575347;
const VERSION = 1;
/** Bytes of the trailer at the end of a segment: magic, version, length and checksum of the entries. */
export const TRAILER = 24;
/** Bytes at the end of a segment that are read first: for most segments at least one of the footers. */
export const TAIL = 160 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes a segment of these records, in their order; what has no checksum yet gets one. `compress`:
 * to a gzip member. */
export async function encodeSegment(
  records: readonly KeptRecord[],
  compress: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array> = gzipped,
): Promise<Segment> {
  const members: Uint8Array[] = [];
  const entries: SegmentEntry[] = [];
  let offset = 0;
  for (const { id, start, name, text, sum } of records) {
    const member = await compress(encoder.encode(text));
    members.push(member);
    const held = heldBy(text);
    entries.push({
      ...{ id, start, name, offset, length: member.length, sum: sum === UNCHECKED ? checksumOf(text) : sum },
      ...(held === 0 ? {} : { held }),
    });
    offset += member.length;
  }
  const footer = encoder.encode(
    JSON.stringify(
      entries.map(({ id, start, name, offset: at, length, sum, held }) => [
        ...[id, start, name, at, length, sum],
        ...(held === undefined ? [] : [held]),
      ]),
    ),
  );
  const trailer = trailerOf(footer);
  return { bytes: joined([...members, footer, footer, trailer, trailer]), entries };
}

/** Bytes from the end of a segment that are needed to read its entries, by its last bytes (at least both trailers).
 * Null if both trailers are damaged. */
export function tailLength(end: Uint8Array): number | null {
  const trailer = readTrailer(end);
  return trailer === null ? null : 2 * trailer.length + 2 * TRAILER;
}

/** The entries, from the last bytes of a segment. Null if neither footer can be read. */
export function readEntries(tail: Uint8Array): SegmentEntry[] | null {
  const trailer = readTrailer(tail);
  if (trailer === null) return null;
  const end = tail.length - 2 * TRAILER;
  for (const start of [end - trailer.length, end - 2 * trailer.length]) {
    if (start < 0) continue;
    const footer = tail.subarray(start, start + trailer.length);
    if (sumOf(footer) !== trailer.sum) continue;
    const rows = JSON.parse(decoder.decode(footer)) as [string, number, string, number, number, number, number?][];
    return rows.map(([id, at, name, offset, length, sum, held]) => ({
      ...{ id, start: at, name, offset, length, sum },
      ...(held === undefined ? {} : { held }),
    }));
  }
  return null;
}

/** The record in these bytes; one whose bytes were altered has the text "" and is not whole. */
export async function readMember(entry: SegmentEntry, member: Uint8Array): Promise<KeptRecord> {
  const { id, start, name, sum } = entry;
  let text = "";
  try {
    text = decoder.decode(inflated(member) ?? (await through(new DecompressionStream("gzip"), member)));
  } catch {
    // What is no gzip member any more is as damaged as one with another sum.
  }
  return { id, start, name, text, sum };
}

/** Bytes of what a record's text names in the blob store. */
function heldBy(text: string): number {
  // Of most it can be seen without reading them.
  if (!text.includes('"blob":')) return 0;
  try {
    const { result, logs } = JSON.parse(text) as { result?: { size?: unknown }; logs?: { size?: unknown } };
    return [result?.size, logs?.size].reduce<number>((sum, each) => sum + (typeof each === "number" ? each : 0), 0);
  } catch {
    return 0;
  }
}

function gzipped(bytes: Uint8Array): Promise<Uint8Array> {
  return through(new CompressionStream("gzip"), bytes);
}

function trailerOf(footer: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TRAILER);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, VERSION);
  view.setUint32(8, footer.length);
  view.setUint32(12, sumOf(footer));
  view.setUint32(20, sumOf(bytes.subarray(0, 20)));
  return bytes;
}

function readTrailer(end: Uint8Array): { length: number; sum: number } | null {
  for (const back of [TRAILER, 2 * TRAILER]) {
    if (end.length < back) return null;
    const bytes = end.subarray(end.length - back, end.length - back + TRAILER);
    const view = new DataView(bytes.buffer, bytes.byteOffset, TRAILER);
    if (view.getUint32(20) !== sumOf(bytes.subarray(0, 20)) || view.getUint32(0) !== MAGIC) continue;
    if (view.getUint32(4) !== VERSION) throw new Error("a segment was written by a newer version");
    return { length: view.getUint32(8), sum: view.getUint32(12) };
  }
  return null;
}

/** checksumOf over bytes. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function through(
  stream: { readable: ReadableStream; writable: WritableStream },
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // Its failure is told by the readable side as well.
  const written = writer
    .write(bytes)
    .then(() => writer.close())
    .catch(() => undefined);
  const out = new Uint8Array(await new Response(stream.readable).arrayBuffer());
  await written;
  return out;
}
