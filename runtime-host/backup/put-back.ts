// A restore: reads a backup into a folder beside the one that is wanted, looks whether the databases are whole, and
// gives it its name only then.

import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  writeSync,
} from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { damageOf } from "../standalone/state-check.ts";
import { readEntries } from "./entries.ts";
import { BackupFault, unsealing } from "./sealed-file.ts";
import { isAllowed } from "./stages.ts";
import { filesBelow, megabytes } from "./take.ts";

export interface PuttingBack {
  file: string;
  /** Empty, or not there. */
  state: string;
  /** Asked for where the file is encrypted. */
  passphrase: () => Promise<string>;
  progress: (line: string) => void;
}

const PROGRESS_MS = 2_000;

/** Throws BackupFault where the file is not whole, or the folder is in use. */
export async function restoreBackup(options: PuttingBack): Promise<{ state: string; files: number; bytes: number }> {
  const { file, passphrase, progress } = options;
  const state = resolve(options.state);
  if (!existsSync(file)) throw new BackupFault(`there is no file ${file}`);
  if (existsSync(state) && readdirSync(state).length > 0)
    throw new BackupFault(`the folder ${state} is not empty: a backup is restored into an empty one, or a new one`);
  const aside = `${state}.restoring-${process.pid}`;
  try {
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    const found = await unpack(file, { aside, passphrase, progress });
    const damage = await damageOf(aside);
    if (damage !== null) throw new BackupFault(`the state in it is damaged: ${damage.replaceAll(aside, state)}`);
    // What the look has left beside the databases: nothing was written.
    for (const path of filesBelow(aside)) if (!isAllowed(path)) await rm(join(aside, path));
    // Takes the place of an empty folder, and of no other.
    await rename(aside, state);
    return { state, ...found };
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function unpack(
  file: string,
  { aside, passphrase, progress }: { aside: string } & Pick<PuttingBack, "passphrase" | "progress">,
): Promise<{ files: number; bytes: number }> {
  let said = Date.now();
  let written = 0;
  const seen = new Set<string>();
  const open = ({ path }: { path: string }) => {
    if (!isAllowed(path) || seen.has(path)) throw new BackupFault("it holds a file that belongs into no state folder");
    seen.add(path);
    mkdirSync(dirname(join(aside, path)), { recursive: true, mode: 0o700 });
    const fd = openSync(join(aside, path), "wx", 0o600);
    return {
      write(bytes: Buffer) {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
        written += bytes.length;
        if (Date.now() - said < PROGRESS_MS) return;
        said = Date.now();
        progress(`restored ${megabytes(written)}`);
      },
      close() {
        fsyncSync(fd);
        closeSync(fd);
      },
    };
  };
  let found = { files: 0, bytes: 0 };
  try {
    await pipeline(
      createReadStream(file),
      unsealing(passphrase),
      createGunzip(),
      async (source: AsyncIterable<Buffer>) => {
        found = await readEntries(source, open);
      },
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Pieces are checked before they are unpacked: whoever wrote this one wrote it so.
    if (code?.startsWith("Z_")) throw new BackupFault(`it cannot be unpacked (${message})`);
    throw error;
  }
  return found;
}
