// What /proc says about processes; nothing where there is no /proc.

import { readdirSync, readFileSync } from "node:fs";

const PAGE = 4096;

/** Opaque: with the pid it names one process for good. Null if it does not live, or cannot be known. */
export function startTime(pid: number): string | null {
  return statOf(pid)?.[19] ?? null;
}

/** Bytes in memory of each process group. */
export function memoryOfGroups(): Map<number, number> {
  const sums = new Map<number, number>();
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return sums;
  }
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first < 0x31 || first > 0x39) continue;
    const stat = statOf(Number(name));
    if (stat === null) continue;
    const group = Number(stat[2]);
    sums.set(group, (sums.get(group) ?? 0) + Number(stat[21]) * PAGE);
  }
  return sums;
}

/** Fields after the command, which stands in parentheses and may hold spaces and parentheses itself. */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
