// The processes of this machine: who is whose child, in which group, and since when. /proc where there is one,
// else `ps`.

import { execFileSync } from "node:child_process";
import { bootId, childrenOfSelf, HAS_PROC, pids, statOf } from "./proc.ts";

export interface ProcessRow {
  pid: number;
  parent: number;
  group: number;
  /** Opaque; with the pid it names one process for good. */
  started: string;
}

/** All live processes; those that have ended and only wait to be collected are left out. */
export function processTable(): ProcessRow[] {
  if (!HAS_PROC) return fromPs(["-A"]);
  return pids().flatMap((pid) => fromProc(pid) ?? []);
}

/** Live direct children of this process. */
export function ownChildren(): ProcessRow[] {
  const isChild = (row: ProcessRow | null): row is ProcessRow => row?.parent === process.pid;
  try {
    return childrenOfSelf().map(fromProc).filter(isChild);
  } catch {
    return processTable().filter(isChild);
  }
}

/** When the process started, or null if it does not live. */
export function startOf(pid: number): string | null {
  const row = HAS_PROC ? fromProc(pid) : (fromPs(["-p", String(pid)])[0] ?? null);
  return row?.started ?? null;
}

/** Whether a process lives and has not been stopped: it goes on as soon as it gets the processor. */
export function isGoing(pid: number): boolean {
  const state = HAS_PROC ? (statOf(pid)?.state ?? "") : psState(pid);
  return state !== "" && !/^[ZXTt]/.test(state);
}

/** `roots` and everything below them, parents first. */
export function withDescendants(rows: readonly ProcessRow[], isRoot: (row: ProcessRow) => boolean): ProcessRow[] {
  const found = rows.filter(isRoot);
  const known = new Set(found.map((row) => row.pid));
  for (let at = 0; at < found.length; at++) {
    for (const row of rows) {
      if (row.parent !== found[at]?.pid || known.has(row.pid)) continue;
      known.add(row.pid);
      found.push(row);
    }
  }
  return found;
}

function fromProc(pid: number): ProcessRow | null {
  const found = statOf(pid);
  if (found === null || found.state === "Z" || found.state === "X") return null;
  const { parent, group, startTicks } = found;
  return { pid, parent, group, started: `${bootId()}:${startTicks}` };
}

function psState(pid: number): string {
  try {
    return execFileSync("ps", ["-p", String(pid), "-o", "stat="], { encoding: "latin1" });
  } catch {
    return "";
  }
}

function fromPs(which: readonly string[]): ProcessRow[] {
  let text: string;
  try {
    text = execFileSync("ps", [...which, "-o", "pid=,ppid=,pgid=,stat=,lstart="], { encoding: "latin1" });
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    const [, pid, parent, group, state, started] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line) ?? [];
    if (pid === undefined || started === undefined || state?.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), started: started.trim() }];
  });
}
