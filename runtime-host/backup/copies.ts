// One file of a state folder as a whole in another folder, while others write to it.

import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

/** All pages in one step: a reader of SQLite's write-ahead log sees one moment, and holds nobody up. */
const ALL = 0x7fffffff;
const CHUNK = 1024 * 1024;
/** How often the index of blobs is read anew because one of them has been replaced meanwhile. */
const MAX_LOOKS = 50;
const LOOK_AGAIN_MS = 20;

const NAMED = `SELECT blob_id AS id FROM _mf_objects WHERE blob_id IS NOT NULL
  UNION ALL SELECT blob_id FROM _mf_multipart_parts WHERE object_key IS NOT NULL`;

/** A database as it is at one moment, its log included. False where it is gone. */
export async function copyDatabase(from: string, to: string): Promise<boolean> {
  if (statSync(from, { throwIfNoEntry: false }) === undefined) return false;
  makeFolderOf(to);
  const source = new DatabaseSync(from, { readOnly: true });
  try {
    await backup(source, to, { rate: ALL });
  } finally {
    source.close();
  }
  return true;
}

/** As many bytes as it has now. False where it is gone. */
export function copyFile(from: string, to: string): boolean {
  let source: number;
  try {
    source = openSync(from, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  makeFolderOf(to);
  const target = openSync(to, "w", 0o600);
  try {
    const { size } = statSync(from);
    const chunk = Buffer.alloc(Math.min(CHUNK, size + 1));
    for (let at = 0; at < size; ) {
      const read = readSync(source, chunk, 0, Math.min(chunk.length, size - at), at);
      if (read === 0) break;
      writeSync(target, chunk, 0, read);
      at += read;
    }
    fsyncSync(target);
  } finally {
    closeSync(source);
    closeSync(target);
  }
  return true;
}

/** The index of a bucket and every blob that it names. `folders`: where blobs lie, relative to `state`. Blobs never
 * change, so that each is a second name for the same file. Returns how many
 * there are, and how many are not there although they are named: the original lacks them as well. */
export async function copyBlobs(
  index: string,
  { state, to, folders }: { state: string; to: string; folders: () => readonly string[] },
): Promise<{ copied: number; missing: number }> {
  const linked = new Set<string>();
  for (let look = 1; ; look++) {
    if (!(await copyDatabase(join(state, index), join(to, index)))) return { copied: 0, missing: 0 };
    const missing = blobsNamedBy(join(to, index)).filter((id) => {
      if (linked.has(id)) return false;
      const there = folders().some((folder) => link(join(state, folder, id), join(to, folder, id)));
      if (there) linked.add(id);
      return !there;
    });
    if (missing.length === 0 || look === MAX_LOOKS) return { copied: linked.size, missing: missing.length };
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Empty where the file has no such tables yet. */
export function blobsNamedBy(index: string): string[] {
  const database = new DatabaseSync(index, { readOnly: true });
  try {
    const tables = database.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name LIKE '\\_mf\\_%' ESCAPE '\\'");
    if (Number(tables.get()?.n) === 0) return [];
    return database
      .prepare(NAMED)
      .all()
      .map((row) => String(row.id));
  } finally {
    database.close();
  }
}

function link(from: string, to: string): boolean {
  makeFolderOf(to);
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return true;
    if (code === "ENOENT") return false;
    // A file system without second names.
    if (code === "EPERM" || code === "ENOTSUP" || code === "EMLINK") return copyFile(from, to);
    throw error;
  }
}

function makeFolderOf(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
}
