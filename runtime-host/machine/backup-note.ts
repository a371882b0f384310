// That a backup of a state folder runs, written down in the folder: while it does, the Worker deletes no blobs.

import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { startOf } from "./process-table.ts";

const FILE = "backup.json";
const Note = z.object({ pid: z.number().int().positive(), started: z.string() });

/** False where another one runs. Throws if the folder cannot be written. */
export function noteBackup(state: string): boolean {
  if (isBackedUp(state)) return false;
  const started = startOf(process.pid);
  if (started === null) throw new Error("this process is not in the process table");
  const path = join(state, FILE);
  writeFileSync(`${path}.new`, JSON.stringify({ pid: process.pid, started }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return true;
}

export function forgetBackup(state: string): void {
  rmSync(join(state, FILE), { force: true });
}

/** Whether one runs: what a killed one has left counts for nothing. */
export function isBackedUp(state: string): boolean {
  try {
    const note = Note.safeParse(JSON.parse(readFileSync(join(state, FILE), "utf8")));
    return note.success && startOf(note.data.pid) === note.data.started;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return false;
    throw error;
  }
}
