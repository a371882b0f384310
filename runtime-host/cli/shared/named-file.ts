// A file that a user has named: what it may be, and what is said where the file system refuses it.

import { type Stats, statSync } from "node:fs";
import { getSystemErrorMap } from "node:util";
import { type CommandFailure, failed } from "./exit-codes.ts";

/** `stats`: null where nothing of that name is there. A folder, a pipe or a device is refused: what is read has an end,
 * and can be read again. */
export function lookAt(file: string): { ok: true; stats: Stats | null } | CommandFailure {
  try {
    const stats = statSync(file, { throwIfNoEntry: false }) ?? null;
    if (stats === null || stats.isFile()) return { ok: true, stats };
    return failed(`${file}: it is ${stats.isDirectory() ? "a folder" : "no regular file"}`);
  } catch (error) {
    return refusedFile(file, error);
  }
}

/** What the file system has refused. Anything else is thrown on. */
export function refusedFile(file: string, error: unknown): CommandFailure {
  const cause = causeOf(error);
  if (cause === null) throw error;
  return failed(`${file}: ${cause}`);
}

/** "no such file or directory"; null where it is not the file system that says so. */
export function causeOf(error: unknown): string | null {
  const { errno, syscall } = error as NodeJS.ErrnoException;
  if (errno === undefined || syscall === undefined) return null;
  return getSystemErrorMap().get(errno)?.[1] ?? null;
}
