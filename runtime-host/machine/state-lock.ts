// One start per state folder: a lock file with the owner's pid and start time,
// so that a dead owner's lock is taken over.

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Place, placeOf, samePlace } from "./place.ts";
import { startOf } from "./process-table.ts";

export interface Owner {
  pid: number;
  started: string;
  /** Where the folder was that it has locked. A lock that came along with a copy of the folder locks nothing there. */
  place?: Place;
}

export type LockReply =
  /** `previous`: the owner that died without releasing it. */
  { kind: "held"; owner: Owner; release: () => void; previous: Owner | null } | { kind: "locked"; owner: Owner };

/** Throws if the folder cannot be written. */
export function lockState(folder: string): LockReply {
  const path = join(folder, "lock");
  const started = startOf(process.pid);
  if (started === null) throw new Error("this process is not in the process table");
  const here = placeOf(folder);
  const mine: Owner = { pid: process.pid, started, place: here };
  // Written aside and linked into place, so that nobody ever reads half a lock.
  const draft = join(folder, `lock.${process.pid}`);
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  let previous: Owner | null = null;
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (place(draft, path)) {
        return { kind: "held", owner: mine, previous, release: () => release(path, mine) };
      }
      const owner = readOwner(path);
      const copied = owner?.place !== undefined && !samePlace(owner.place, here);
      if (owner !== null && !copied && startOf(owner.pid) === owner.started) return { kind: "locked", owner };
      // What another folder's owner has left behind is not ours to end.
      if (!copied) previous = owner ?? previous;
      discard(path, { aside: `${draft}.stale`, expected: owner });
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw new Error(`the lock ${path} changes hands all the time`);
}

function place(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Two starts may find the same stale lock: what is moved aside is looked at again,
 * and put back if it is another one. */
function discard(path: string, options: { aside: string; expected: Owner | null }): void {
  try {
    renameSync(path, options.aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = readOwner(options.aside);
  if (moved?.pid !== options.expected?.pid || moved?.started !== options.expected?.started) place(options.aside, path);
  rmSync(options.aside, { force: true });
}

function release(path: string, mine: Owner): void {
  const owner = readOwner(path);
  if (owner?.pid === mine.pid && owner.started === mine.started) rmSync(path, { force: true });
}

/** Who has the folder now; null: nobody does, or it was copied with the lock in it. */
export function ownerOf(folder: string): Owner | null {
  const owner = readOwner(join(folder, "lock"));
  if (owner === null || (owner.place !== undefined && !samePlace(owner.place, placeOf(folder)))) return null;
  return startOf(owner.pid) === owner.started ? owner : null;
}

function readOwner(path: string): Owner | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value !== "object" || value === null) return null;
    const { pid, started, place } = value as Partial<Owner>;
    if (typeof pid !== "number" || typeof started !== "string") return null;
    const known = Place.safeParse(place);
    return { pid, started, ...(known.success ? { place: known.data } : {}) };
  } catch {
    return null;
  }
}
