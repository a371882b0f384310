// Where the platform of a state folder can be reached, written down while it serves: commands of the same user find it
// and its keys there, and send them nowhere else.

import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { startOf } from "../machine/process-table.ts";
import type { Owner } from "../machine/state-lock.ts";
import { StartFailure } from "./failure.ts";
import { GUEST_KEY } from "./identity.ts";
import { secretsOf } from "./state.ts";

const Note = z.object({
  url: z.string(),
  owner: z.object({ pid: z.number().int().positive(), started: z.string() }),
  /** It honours the well-known keys. */
  wellKnown: z.boolean(),
});

export interface RunningPlatform {
  /** Origin. */
  url: string;
  /** Opens the namespace `guest`; null where nobody was given one. */
  key: string | null;
  adminToken: string;
}

const FILE = "running.json";

/** Once it serves. */
export function noteRunning(folder: string, { url, owner, wellKnown }: z.infer<typeof Note>): void {
  const path = join(folder, FILE);
  const note = { url, owner: { pid: owner.pid, started: owner.started }, wellKnown } satisfies z.infer<typeof Note>;
  writeFileSync(`${path}.new`, `${JSON.stringify(note)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** At an orderly end. */
export function forgetRunning(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
}

/** Null where nothing runs from this folder, or where it is not this user's alone: what others can write is not
 * believed. */
export function runningFrom(folder: string): RunningPlatform | null {
  try {
    const { uid, mode } = statSync(folder);
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0) return null;
    const note = Note.parse(JSON.parse(readFileSync(join(folder, FILE), "utf8")));
    if (!isAlive(note.owner)) return null;
    const secrets = secretsOf(folder);
    if (secrets === null) return null;
    const key = note.wellKnown ? GUEST_KEY : (secrets.guestKey ?? null);
    return { url: note.url, key, adminToken: secrets.adminToken };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return null;
    // Half written by another version, or damaged: the platform itself says so when it starts.
    if (error instanceof z.ZodError || error instanceof SyntaxError || error instanceof StartFailure) return null;
    throw error;
  }
}

function isAlive({ pid, started }: Pick<Owner, "pid" | "started">): boolean {
  return startOf(pid) === started;
}
