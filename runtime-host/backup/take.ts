// A backup: says that it runs, lets what was answered before come to where it is kept, copies stage by stage, looks
// whether the copy is whole, and packs it into one file that has its name only when it is complete.

import {
  closeSync,
  createWriteStream,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  statfsSync,
  statSync,
} from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { unconfirmedIn } from "../delivery/unconfirmed.ts";
import { forgetBackup, noteBackup } from "../machine/backup-note.ts";
import { runningFrom } from "../standalone/running.ts";
import { damageOf } from "../standalone/state-check.ts";
import { copyBlobs, copyDatabase, copyFile } from "./copies.ts";
import { entriesOf, type Sized } from "./entries.ts";
import { BackupFault, sealing } from "./sealed-file.ts";
import { filesOf, isAllowed, isBlob, othersOf, STAGES, type Stage } from "./stages.ts";

export interface Taking {
  state: string;
  file: string;
  /** Null: the file is not encrypted. */
  passphrase: string | null;
  progress: (line: string) => void;
  /** Bytes free on the disk of the state, where that is not to be asked. */
  free?: number;
}

export interface Taken {
  file: string;
  files: number;
  /** Of what is in it, and of the file itself. */
  bytes: number;
  size: number;
  /** ISO time: every id that was answered before is in it. */
  asOf: string;
}

/** ms for blobs whose deletion had begun when it was forbidden, and for records on their way to the outbox. */
const SETTLE_MS = 1_000;
/** ms for the records of calls that were answered before, until the platform has confirmed them. */
const MAX_CONFIRM_MS = 15_000;
const PROGRESS_MS = 2_000;
/** Left free on the disk of the state. */
const SPARE_BYTES = 256 * 1024 * 1024;

/** Throws BackupFault where there is nothing to copy, or the copy would be no good. */
export async function takeBackup(options: Taking): Promise<Taken> {
  const { state, progress } = options;
  const file = resolve(options.file);
  if (!existsSync(join(state, "secrets.json"))) throw new BackupFault(`there is no state of a platform in ${state}`);
  if (existsSync(file)) throw new BackupFault(`${file} is there already: choose another name`);
  if (!noteBackup(state)) throw new BackupFault(`another backup of ${state} runs`);
  const asOf = new Date();
  const copy = join(state, `backup-${process.pid}`);
  const partial = `${file}.partial`;
  try {
    await removeStale(state);
    // Of one that was killed; whoever backs up this state now is us.
    await rm(partial, { force: true });
    const lacking = lackingRoom(state, options.free ?? freeBytes(state));
    if (lacking > 0)
      throw new BackupFault(
        `its databases are copied beside it first: ${megabytes(lacking)} more must be free on the disk of ${state}`,
      );
    await mkdir(copy, { mode: 0o700 });
    if (runningFrom(state) !== null) await settle(state, progress);
    for (const stage of STAGES) await copyStage(stage, { state, copy, progress });
    for (const path of othersOf(filesBelow(state))) copyFile(join(state, path), join(copy, path));
    const damage = await damageOf(copy);
    if (damage !== null)
      throw new BackupFault(`the state is damaged, and so would be its copy: ${damage.replaceAll(copy, state)}`);
    const files = filesBelow(copy)
      .filter(isAllowed)
      .map((path): Sized => ({ path, size: statSync(join(copy, path)).size }));
    const bytes = files.reduce((sum, each) => sum + each.size, 0);
    await pack({ ...options, copy, files, bytes, partial, made: asOf });
    await rename(partial, file);
    syncFolder(dirname(file));
    return { file, files: files.length, bytes, size: statSync(file).size, asOf: asOf.toISOString() };
  } finally {
    await rm(partial, { force: true });
    await rm(copy, { recursive: true, force: true });
    forgetBackup(state);
  }
}

/** Until what hosts have finished before is confirmed, at most for a while: what is not is in the outbox,
 * and so in the copy. */
async function settle(state: string, progress: Taking["progress"]): Promise<void> {
  await sleep(SETTLE_MS);
  const before = unconfirmedIn(join(state, "host/outbox"));
  const until = Date.now() + MAX_CONFIRM_MS;
  let left = before.size;
  while (left > 0 && Date.now() < until) {
    await sleep(100);
    const now = unconfirmedIn(join(state, "host/outbox"));
    left = [...before].filter((name) => now.has(name)).length;
  }
  if (left > 0) progress(`${left} records are not confirmed yet: they are in the copy of the host's outbox`);
}

async function copyStage(
  stage: Stage,
  { state, copy, progress }: { state: string; copy: string } & Pick<Taking, "progress">,
): Promise<void> {
  if (stage.way === "outbox") return copyOutbox(stage, { state, copy });
  const files = filesOf(stage, filesBelow(state));
  let count = 0;
  for (const path of files) {
    const [from, to] = [join(state, path), join(copy, path)];
    if (stage.way === "index") {
      const folders = () => blobFoldersOf(state);
      const { copied, missing } = await copyBlobs(path, { state, to: copy, folders });
      count += copied;
      if (missing > 0) progress(`${missing} blobs that R2 names are not there, and so not in the copy`);
    } else if (stage.way === "database" ? await copyDatabase(from, to) : copyFile(from, to)) count++;
  }
  if (count > 0) progress(`copied ${stage.name}: ${count}`);
}

/** Files of it come and go: what one held that has gone stands in a later one, so that it is looked again. */
function copyOutbox(stage: Stage, { state, copy }: { state: string; copy: string }): void {
  const there = () => filesOf(stage, filesBelow(state));
  for (let files = there(), before: string[] = []; files.join() !== before.join(); before = files, files = there())
    for (const path of files) copyFile(join(state, path), join(copy, path));
}

async function pack(
  options: Taking & { copy: string; files: readonly Sized[]; bytes: number; partial: string; made: Date },
): Promise<void> {
  const { copy, files, bytes, partial, passphrase, made, progress } = options;
  let said = Date.now();
  const done = (sofar: number) => {
    if (Date.now() - said < PROGRESS_MS) return;
    said = Date.now();
    progress(`packed ${megabytes(sofar)} of ${megabytes(bytes)}`);
  };
  await pipeline(
    Readable.from(entriesOf(copy, files, done), { objectMode: false }),
    createGzip({ level: 3 }),
    sealing(passphrase, made),
    // Mode and flag: no other user can read it, and what is there is not written over.
    createWriteStream(partial, { flags: "wx", mode: 0o600, flush: true }),
  );
}

/** Bytes that the copy would take from the platform, which refuses calls on a full disk. */
function lackingRoom(state: string, free: number): number {
  const sizes = filesBelow(state)
    .filter((path) => /\.sqlite(-wal)?$/.test(path))
    .map((path) => statSync(join(state, path), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, SPARE_BYTES) - free;
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** What a backup that was killed has left. */
async function removeStale(state: string): Promise<void> {
  const stale = readdirSync(state).filter((name) => /^backup-\d+$/.test(name));
  for (const name of stale) await rm(join(state, name), { recursive: true, force: true });
}

/** Relative, with slashes; files alone. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith("backup-"))
    .sort();
}

function blobFoldersOf(state: string): string[] {
  const root = join(state, "v3/r2");
  return readdirSync(root)
    .map((bucket) => `v3/r2/${bucket}/blobs`)
    .filter((folder) => existsSync(join(state, folder)) && isBlob(`${folder}/x`));
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
