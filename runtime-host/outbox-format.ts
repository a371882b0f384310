// The outbox's lines. One line is one fact: `<crc32> r <id>/<attempt> <shard> <at> <message>` keeps a record, `<crc32> a <id>/<attempt> …`
// says which ones the store has confirmed. The checksum covers all after it: what a crash tore is seen and skipped.

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

/** The checksum and a space. */
const SUM = 9;

export function recordLine(head: { name: string; shard: number; at: number }, text: string): string {
  return sealed(`r ${head.name} ${head.shard} ${head.at} ${text}`);
}

/** The same as bytes, for a text so long that each copy counts: there is one. */
export function recordBytes(head: { name: string; shard: number; at: number }, text: string): Buffer {
  const start = `r ${head.name} ${head.shard} ${head.at} `;
  const bytes = Buffer.allocUnsafe(SUM + start.length + Buffer.byteLength(text) + 1);
  bytes.write(start, SUM, "latin1");
  bytes.write(text, SUM + start.length);
  bytes.write(`${crc32(bytes.subarray(SUM, -1)).toString(16).padStart(8, "0")} `, "latin1");
  bytes[bytes.length - 1] = 0x0a;
  return bytes;
}

export function ackLine(names: readonly string[]): string {
  return sealed(`a ${names.join(" ")}`);
}

function sealed(rest: string): string {
  return `${crc32(rest).toString(16).padStart(8, "0")} ${rest}\n`;
}

/** All whole lines, and how many were damaged. */
export function parseLines(bytes: Buffer): { lines: Line[]; damaged: number } {
  const lines: Line[] = [];
  let damaged = 0;
  let at = 0;
  while (at < bytes.length) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline < 0 ? bytes.length : newline;
    const line = newline < 0 ? null : parseLine(bytes, { start: at, end });
    if (line === null) damaged++;
    else lines.push(line);
    at = end + 1;
  }
  return { lines, damaged };
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
