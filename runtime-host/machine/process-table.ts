// The processes of this machine: who is whose child, in which group, and since when. /proc where there is one, else `ps`.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

export interface ProcessRow {
  pid: number;
  parent: number;
  group: number;
  /** Opaque; with the pid it names one process for good. */
  started: string;
}

const HAS_PROC = existsSync("/proc/self/stat");

/** All live processes; those that have ended and only wait to be collected are left out. */
export function processTable(): ProcessRow[] {
  if (!HAS_PROC) return fromPs(["-A"]);
  return readdirSync("/proc").flatMap((name) => {
    const row = /^\d+$/.test(name) ? fromProc(Number(name)) : null;
    return row === null ? [] : [row];
  });
}

/** Live direct children of this process. */
export function ownChildren(): ProcessRow[] {
  const isChild = (row: ProcessRow | null): row is ProcessRow => row?.parent === process.pid;
  try {
    // The kernel's own list, where it keeps one: far less to read than the whole table.
    const tasks = readdirSync("/proc/self/task");
    const pids = tasks.flatMap(
      (task) => readFileSync(`/proc/self/task/${task}/children`, "latin1").match(/\d+/g) ?? [],
    );
    return pids.map((pid) => fromProc(Number(pid))).filter(isChild);
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
  let state: string;
  try {
    if (HAS_PROC) {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      state = stat.slice(stat.lastIndexOf(")") + 2);
    } else state = execFileSync("ps", ["-p", String(pid), "-o", "stat="], { encoding: "latin1" });
  } catch {
    return false;
  }
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
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  // The command stands in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return null;
  return { pid, parent: Number(fields[1]), group: Number(fields[2]), started: `${bootId()}:${fields[19]}` };
}

let boot: string | undefined;
function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return boot;
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
