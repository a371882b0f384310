// The outbox's lines. One line is one fact: `<crc32> r <id>/<attempt> <shard> <at> <message>` keeps a record, `<crc32>
// a <id>/<attempt> …` says which ones the store has confirmed. The checksum covers all after it: what a crash tore is
// seen and skipped.

import { crc32 } from "node:zlib";

export interface RecordLine {
  kind: "record";
  name: string;
  shard: number;
  /** Epoch ms of this machine when the text was made. */
  at: number;
  /** Where the message's text lies in the bytes that were read. */
  start: number;
  end: number;
}

export type Line = RecordLine | { kind: "acks"; names: string[] };

export interface RecordHead {
  name: string;
  shard: number;
  at: number;
}

/** Bytes of a record that is written by itself. */
const LONG_BYTES = 256 * 1024;
/** The checksum and a space. */
const SUM_BYTES = 9;

export function recordLine(head: RecordHead, text: string): string {
  return sealed(`r ${head.name} ${head.shard} ${head.at} ${text}`);
}

/** The message of a record whose text begins at `offset` and has so many bytes, or null if its line is not whole.
 * `read` fills a buffer from a place and returns how many bytes there were. */
export function readRecord(
  head: RecordHead,
  text: { offset: number; bytes: number },
  read: (into: Buffer, at: number) => number,
): string | null {
  const start = `r ${head.name} ${head.shard} ${head.at} `;
  const line = Buffer.allocUnsafe(SUM_BYTES + start.length + text.bytes);
  if (read(line, text.offset - start.length - SUM_BYTES) < line.length) return null;
  const found = parseLine(line, { start: 0, end: line.length });
  return found?.kind === "record" && found.name === head.name ? line.toString("utf8", found.start, found.end) : null;
}

/** The same as bytes, for a text so long that each copy counts: there is one. */
export function recordBytes(head: RecordHead, text: string): Buffer {
  const start = `r ${head.name} ${head.shard} ${head.at} `;
  const bytes = Buffer.allocUnsafe(SUM_BYTES + start.length + Buffer.byteLength(text) + 1);
  bytes.write(start, SUM_BYTES, "latin1");
  bytes.write(text, SUM_BYTES + start.length);
  bytes.write(`${crc32(bytes.subarray(SUM_BYTES, -1)).toString(16).padStart(8, "0")} `, "latin1");
  bytes[bytes.length - 1] = 0x0a;
  return bytes;
}

export function ackLine(names: readonly string[]): string {
  return sealed(`a ${names.join(" ")}`);
}

/** The lines of a batch: small ones together, a long one by itself. `line` is told the bytes of each record's line. */
export function* batchOf(
  acks: string,
  list: readonly (RecordHead & { bytes: number; text: string })[],
  line: (bytes: number) => void,
): Generator<Buffer> {
  let text = acks;
  for (const record of list) {
    if (record.bytes > LONG_BYTES) {
      if (text !== "") yield Buffer.from(text);
      text = "";
      const bytes = recordBytes(record, record.text);
      line(bytes.length);
      yield bytes;
    } else {
      const short = recordLine(record, record.text);
      line(Buffer.byteLength(short));
      text += short;
    }
  }
  if (text !== "") yield Buffer.from(text);
}

function sealed(rest: string): string {
  return `${crc32(rest).toString(16).padStart(8, "0")} ${rest}\n`;
}

/** All whole lines, how many were damaged, and the names of records that can still be read in those. */
export function parseLines(bytes: Buffer): { lines: Line[]; damaged: number; names: string[] } {
  const lines: Line[] = [];
  const names: string[] = [];
  let damaged = 0;
  let at = 0;
  while (at < bytes.length) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline < 0 ? bytes.length : newline;
    const line = newline < 0 ? null : parseLine(bytes, { start: at, end });
    if (line === null) {
      damaged++;
      const [, name] = HEAD.exec(bytes.toString("latin1", at + SUM_BYTES, Math.min(end, at + 100))) ?? [];
      if (name !== undefined) names.push(name);
    } else lines.push(line);
    at = end + 1;
  }
  return { lines, damaged, names };
}

const HEAD = /^r ([0-9a-f]{32}\/\d{1,9}) (\d{1,3}) (\d{1,15}) /;

function parseLine(bytes: Buffer, range: { start: number; end: number }): Line | null {
  const { start, end } = range;
  if (end - start < 10 || bytes[start + 8] !== 0x20) return null;
  const sum = Number.parseInt(bytes.toString("latin1", start, start + 8), 16);
  if (sum !== crc32(bytes.subarray(start + 9, end))) return null;
  if (bytes[start + 9] === 0x61) return { kind: "acks", names: bytes.toString("latin1", start + 11, end).split(" ") };
  const head = HEAD.exec(bytes.toString("latin1", start + 9, Math.min(end, start + 100)));
  if (head === null) return null;
  const [all, name, shard, at] = head as unknown as [string, string, string, string];
  return { kind: "record", name, shard: Number(shard), at: Number(at), start: start + 9 + all.length, end };
}
