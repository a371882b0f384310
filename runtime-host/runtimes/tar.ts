// Writes tar archives as a stream, the same bytes for the same entries: what the container engine takes as build
// context and as a root file system.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { type Pack, pack } from "tar-stream";

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

type EntryHeader = Parameters<Pack["entry"]>[0];
type Sink = ReturnType<Pack["entry"]>;

const READ_BYTES = 1024 * 1024;

/** Fails with the error of a file that cannot be read, or is not as long as its entry says. */
export function tarStream(entries: readonly TarEntry[]): Readable {
  const archive = pack();
  void fill(archive, entries).catch((error: Error) => archive.destroy(error));
  return Readable.from(archive, { objectMode: false });
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

async function fill(archive: Pack, entries: readonly TarEntry[]): Promise<void> {
  for (const entry of entries) {
    if (entry.type === "file") await addFile(archive, entry);
    else if (entry.type === "link") await add(archive, { ...headerOf(entry), type: "symlink", linkname: entry.target });
    else if (entry.type === "folder") await add(archive, { ...headerOf(entry), type: "directory" });
    else await add(archive, headerOf(entry), Buffer.from(entry.type === "text" ? entry.text : entry.bytes));
  }
  archive.finalize();
}

/** Resolves when the archive has taken it. */
function add(archive: Pack, header: EntryHeader, content = Buffer.alloc(0)): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry(header, content, (error) => (error ? reject(error) : resolve()));
  });
}

async function addFile(archive: Pack, entry: Extract<TarEntry, { type: "file" }>): Promise<void> {
  const { from, size, mtime } = entry;
  const { promise: added, resolve, reject } = Promise.withResolvers<void>();
  const header = { ...headerOf(entry), size, mtime: new Date(mtime * 1000) };
  const sink = archive.entry(header, (error) => (error ? reject(error) : resolve()));
  // It breaks with the archive, or breaks it.
  sink.on("error", reject);
  await Promise.all([added, copyInto(sink, from, size)]);
}

async function copyInto(sink: Sink, from: string, size: number): Promise<void> {
  let written = 0;
  let goOn = () => {};
  sink.on("drain", () => goOn()).on("close", () => goOn());
  for await (const chunk of createReadStream(from, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    written += chunk.length;
    if (written > size) break;
    if (sink.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    // Nobody takes the archive any more.
    if (sink.destroyed) return;
  }
  if (written !== size) throw new Error(`${from} changed while it was read`);
  sink.end(undefined);
}

/** No times of now, so that the bytes are the same each time. */
function headerOf({ name, mode }: Common) {
  return { name, mode, type: "file" as const, mtime: new Date(0) };
}
