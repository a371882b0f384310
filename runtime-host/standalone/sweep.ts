// Ends what a start left behind: the children it wrote down, the members of its process group, and whatever hangs below
// them.

import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessRow, processTable, withDescendants } from "../machine/process-table.ts";
import type { Owner } from "../machine/state-lock.ts";
import { type Family, readFamily } from "./process-registry.ts";

/** ms a dying process may take to leave the table. */
const MAX_DYING_MS = 2_000;
/** ms the reaper of a dead start may take. */
const MAX_REAPING_MS = 5_000;
const STEP_MS = 25;

/** Kills the tree of an owner that is dead; nothing if it lives after all. Returns how many processes that were. */
export async function sweepAfter(folder: string, owner: Owner): Promise<number> {
  if (!(await gone(owner, MAX_DYING_MS))) return 0;
  const family: Family = readFamily(folder, owner) ?? { owner, reaper: null, members: [], containersOf: null };
  // A group's number is not given out again while the group has members, and its leader is known to be dead.
  const rows = processTable();
  const reused = rows.some((row) => row.pid === owner.pid);
  const isRoot = (row: ProcessRow) =>
    family.members.some((member) => member.pid === row.pid && member.started === row.started) ||
    (row.group === owner.pid && !reused);
  return killTrees(isRoot);
}

/** Waits until the reaper of a dead start has done its work: what it removes by name must not be ours. */
export async function awaitReaper(folder: string, owner: Owner): Promise<void> {
  const reaper = readFamily(folder, owner)?.reaper ?? null;
  if (reaper !== null && !(await gone(reaper, MAX_REAPING_MS))) kill(reaper.pid, "SIGKILL");
}

/** Kills all children of this process but one, and what hangs below them. */
export function sweepChildren(except: number | undefined): number {
  return killTrees((row) => row.parent === process.pid && row.pid !== except);
}

function killTrees(isRoot: (row: ProcessRow) => boolean): number {
  const found = new Set<number>();
  // Stopped first, level by level, so that none starts another while we look.
  for (let round = 0; round < 10; round++) {
    const tree = withDescendants(
      processTable(),
      (row) => row.pid !== process.pid && (isRoot(row) || found.has(row.pid)),
    );
    const fresh = tree.filter((row) => row.pid !== process.pid && !found.has(row.pid));
    if (fresh.length === 0) break;
    for (const { pid } of fresh) {
      found.add(pid);
      kill(pid, "SIGSTOP");
    }
  }
  for (const pid of found) kill(pid, "SIGKILL");
  return found.size;
}

async function gone(owner: Owner, patience: number): Promise<boolean> {
  for (let waited = 0; waited <= patience; waited += STEP_MS) {
    if (!processTable().some((row) => row.pid === owner.pid && row.started === owner.started)) return true;
    await sleep(STEP_MS);
  }
  return false;
}

function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}
