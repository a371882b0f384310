// The process of state-check.ts: looks at every database of a state folder and says which are damaged. A process of its
// own, since reading them all takes the memory and the processor for a while.

import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { headFault, idsIn, kindOf, missingOf, rankOf } from "./databases.ts";

export interface Damaged {
  /** Relative to the state folder, with slashes; the folder of one that is missing. */
  file: string;
  reason: string;
  /** Of activations that may be lost with it. */
  ids: string[];
}

export interface Findings {
  damaged: Damaged[];
  /** Files that were left out: too many or too large for the time there was. */
  unchecked: number;
}

/** ms for all of them together, and bytes of those that are read whole. */
const MAX_TIME_MS = 8_000;
const MAX_READ_BYTES = 2 * 1024 ** 3;
const HEAD_BYTES = 100;
/** Bytes of a damaged file that are searched for ids, and the most ids. */
const MAX_SEARCHED_BYTES = 512 * 1024 ** 2;
const MAX_IDS = 100_000;

function check(folder: string): Findings {
  const began = performance.now();
  const files = readdirSync(join(folder, "v3"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".sqlite"))
    .map((file) => `v3/${file.replaceAll("\\", "/")}`)
    .sort((one, other) => rankOf(one) - rankOf(other) || (one < other ? -1 : 1));
  const used = files.some((file) => /-ActivationStore\/[0-9a-f]+\.sqlite$/.test(file));
  const findings: Findings = { damaged: [], unchecked: 0 };
  const missing = used ? missingOf(files) : null;
  // One that was moved aside is made anew by the start that goes on without it.
  if (missing !== null && !wasMovedAside(folder, missing))
    findings.damaged.push({ file: missing, reason: "its database is missing", ids: [] });
  let bytes = 0;
  for (const file of files) {
    if (performance.now() - began > MAX_TIME_MS) {
      findings.unchecked++;
      continue;
    }
    const path = join(folder, file);
    const { size } = statSync(path);
    bytes += size;
    const whole = bytes <= MAX_READ_BYTES;
    if (!whole) findings.unchecked++;
    const reason = faultOf(path, { file, size, used, whole });
    if (reason !== null) findings.damaged.push({ file, reason, ids: kindOf(file).ids ? idsOf(path) : [] });
  }
  return findings;
}

function wasMovedAside(folder: string, part: string): boolean {
  const aside = join(folder, "salvaged");
  return existsSync(aside) && readdirSync(aside).some((stamp) => existsSync(join(aside, stamp, part)));
}

function faultOf(path: string, options: { file: string; size: number; used: boolean; whole: boolean }): string | null {
  const { file, size, used, whole } = options;
  const { table, neverEmpty } = kindOf(file);
  const logged = sizeOf(`${path}-wal`) > 0;
  const head = headFault(headOf(path), { size, logged });
  if (head !== null) return head;
  if (size === 0 && !logged) return neverEmpty && used ? "it is empty" : null;
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    const rows = whole ? database.prepare("PRAGMA quick_check(1)").all() : [];
    const [said = "ok"] = rows.flatMap((row) => Object.values(row)).map(String);
    if (said !== "ok") return said.replaceAll(/\s+/g, " ");
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    const there = table === undefined || tables.some(({ name }) => name === table);
    return there || !used ? null : "its tables are gone";
  } catch (error) {
    return (error as Error).message.replaceAll(/\s+/g, " ");
  } finally {
    database?.close();
  }
}

function headOf(path: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(path, "r");
  try {
    return head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

function idsOf(path: string): string[] {
  const ids = new Set<string>();
  for (const file of [path, `${path}-wal`]) {
    const size = sizeOf(file);
    if (size === 0 || size > MAX_SEARCHED_BYTES) continue;
    for (const id of idsIn(readFileSync(file, "latin1"), Date.now())) if (ids.size < MAX_IDS) ids.add(id);
  }
  return [...ids].sort();
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

const [, , folder = ""] = process.argv;
process.send?.(check(folder));
