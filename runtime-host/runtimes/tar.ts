// Writes tar archives as a stream, the same bytes for the same entries: what the container engine takes as build context
// and as a root file system.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";

interface Common {
  /** Path inside the archive, without a leading slash. */
  readonly name: string;
  readonly mode: number;
}

export type TarEntry =
  | (Common & { readonly type: "text"; readonly text: string })
  | (Common & { readonly type: "bytes"; readonly bytes: Uint8Array })
  /** mtime in seconds is kept: CPython's compiled files are valid for one mtime of their source. */
  | (Common & { readonly type: "file"; readonly from: string; readonly size: number; readonly mtime: number })
  | (Common & { readonly type: "link"; readonly target: string })
  | (Common & { readonly type: "folder" });

const BLOCK = 512;
const FLAG = { text: "0", bytes: "0", file: "0", link: "2", folder: "5" } as const;

export function tarStream(entries: readonly TarEntry[]): Readable {
  return Readable.from(blocks(entries), { objectMode: false });
}

/** Hex digest over names, modes and contents; not over times. */
export async function digestOf(entries: readonly TarEntry[]): Promise<string> {
  const hash = createHash("sha256");
  for (const entry of entries) {
    hash.update(JSON.stringify([entry.type, entry.name, entry.mode]));
    if (entry.type === "text") hash.update(entry.text);
    else if (entry.type === "bytes") hash.update(entry.bytes);
    else if (entry.type === "link") hash.update(entry.target);
    else if (entry.type === "file") for await (const chunk of createReadStream(entry.from)) hash.update(chunk);
  }
  return hash.digest("hex");
}

async function* blocks(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    const content =
      entry.type === "text" ? Buffer.from(entry.text) : entry.type === "bytes" ? Buffer.from(entry.bytes) : null;
    const size = entry.type === "file" ? entry.size : (content?.length ?? 0);
    if (Buffer.byteLength(entry.name) > 100) {
      const name = Buffer.from(`${entry.name}\0`);
      yield header({ name: "././@LongLink", mode: 0o644, size: name.length, flag: "L", mtime: 0, target: "" });
      yield padded(name);
    }
    const target = entry.type === "link" ? entry.target : "";
    const mtime = entry.type === "file" ? entry.mtime : 0;
    yield header({ name: entry.name, mode: entry.mode, size, flag: FLAG[entry.type], mtime, target });
    if (content !== null) yield padded(content);
    else if (entry.type === "file") yield* contentOf(entry.from, size);
  }
  yield Buffer.alloc(2 * BLOCK);
}

async function* contentOf(file: string, size: number): AsyncGenerator<Buffer> {
  let written = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    written += chunk.length;
    yield chunk;
  }
  if (written !== size) throw new Error(`${file} changed while it was read`);
  yield Buffer.alloc(-size & (BLOCK - 1));
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(-content.length & (BLOCK - 1))]);
}

interface Header {
  name: string;
  mode: number;
  size: number;
  flag: string;
  mtime: number;
  target: string;
}

function header({ name, mode, size, flag, mtime, target }: Header): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`;
  block.write(name, 0, 100);
  block.write(octal(mode, 8), 100);
  block.write(`${octal(0, 8)}${octal(0, 8)}${octal(size, 12)}${octal(mtime, 12)}        ${flag}`, 108);
  block.write(target, 157, 100);
  block.write("ustar  \0", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
