// Files as one stream: of each its path, size and bytes, and at the end how many there were.

import { createReadStream } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { BackupFault, Reader } from "./sealed-file.ts";

const MAX_HEAD = 8_192;
const Entry = z.union([
  z.object({ path: z.string(), size: z.number().int().min(0) }),
  z.object({ end: z.object({ files: z.number().int(), bytes: z.number().int() }) }),
]);

export interface Sized {
  /** Relative, with slashes. */
  path: string;
  size: number;
}

/** `files` must not change. `done`: bytes so far. */
export async function* entriesOf(
  folder: string,
  files: readonly Sized[],
  done: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for (const { path, size } of files) {
    yield headOf({ path, size });
    let sent = 0;
    if (size > 0) {
      for await (const chunk of createReadStream(join(folder, path), { end: size - 1, highWaterMark: 256 * 1024 })) {
        sent += (chunk as Buffer).length;
        bytes += (chunk as Buffer).length;
        yield chunk as Buffer;
        done(bytes);
      }
    }
    if (sent !== size) throw new Error(`${path} has become shorter while it was copied`);
  }
  yield headOf({ end: { files: files.length, bytes } });
}

/** Calls `open` for each file and gives it the file's bytes, in order.
 * Throws BackupFault where the stream is no such one. */
export async function readEntries(
  source: AsyncIterable<Buffer>,
  open: (entry: Sized) => { write(bytes: Buffer): void; close(): void },
): Promise<{ files: number; bytes: number }> {
  const reader = new Reader(source);
  const found = { files: 0, bytes: 0 };
  for (;;) {
    const entry = await nextOf(reader);
    if ("end" in entry) {
      if (entry.end.files !== found.files || entry.end.bytes !== found.bytes)
        throw new BackupFault("it does not hold what it says it holds");
      // To its end, so that whoever checks the bytes comes to his end as well.
      if ((await reader.take(1)) !== null) throw new BackupFault("there is something behind its end");
      return found;
    }
    const file = open(entry);
    try {
      for (let left = entry.size; left > 0; ) {
        const chunk = await reader.some(left);
        if (chunk === null) throw new BackupFault("it is not whole");
        file.write(chunk);
        left -= chunk.length;
      }
    } finally {
      file.close();
    }
    found.files++;
    found.bytes += entry.size;
  }
}

async function nextOf(reader: Reader): Promise<z.infer<typeof Entry>> {
  const word = await reader.take(4);
  const length = word?.readUInt32BE() ?? 0;
  const text = length === 0 || length > MAX_HEAD ? null : await reader.take(length);
  if (text === null) throw new BackupFault("it is not whole");
  const entry = Entry.safeParse(JSON.parse(text.toString("utf8")));
  if (!entry.success) throw new BackupFault("it holds something that is no file");
  return entry.data;
}

function headOf(entry: z.infer<typeof Entry>): Buffer {
  const text = Buffer.from(JSON.stringify(entry));
  const word = Buffer.alloc(4);
  word.writeUInt32BE(text.length);
  return Buffer.concat([word, text]);
}
