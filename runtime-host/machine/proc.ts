// What /proc says about processes. The only reader of it; nothing where there is no /proc.

import type { Stats } from "node:fs";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";

export const HAS_PROC = existsSync("/proc/self/stat");

const PAGE_BYTES = 4096;

export interface ProcStat {
  /** One letter: R running, S sleeping, Z ended and not collected, T stopped … */
  state: string;
  parent: number;
  group: number;
  /** Clock ticks since the machine's boot; with the pid it names one process of this boot. */
  startTicks: string;
  residentBytes: number;
}

/** Of all processes, those included that have ended and wait to be collected. Throws where there is no /proc. */
export function pids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Null if there is no such process, or it cannot be known. */
export function statOf(pid: number): ProcStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  return parseStat(text);
}

/** Of one line of /proc/<pid>/stat. The command stands in parentheses and may hold spaces and parentheses itself. */
export function parseStat(text: string): ProcStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startTicks: fields[19] ?? "",
    residentBytes: Number(fields[21]) * PAGE_BYTES,
  };
}

/** Direct children of this process by the kernel's own list: far less to read than the whole table.
 * Throws where it keeps none. */
export function childrenOfSelf(): number[] {
  const tasks = readdirSync("/proc/self/task");
  return tasks
    .flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, "latin1").match(/\d+/g) ?? [])
    .map(Number);
}

/** What a process has open, as the file system describes it. Without what it opens or closes meanwhile. */
export async function openFilesOf(pid: number): Promise<Stats[]> {
  const found: Stats[] = [];
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const file = await stat(`/proc/${pid}/fd/${fd}`).catch(() => null);
    if (file !== null) found.push(file);
  }
  return found;
}

/** Of this start of the machine. */
export function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return boot;
}

let boot: string | undefined;
