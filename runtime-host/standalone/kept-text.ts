// What is made from the project's files and takes a second of the processor is kept until they change: beside the
// packages, for every state folder, or in the state folder where the packages cannot be written.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a project keeps what is made of it; Node's compiled modules lie there as well. */
export function cacheOf(root: string): string {
  return join(root, "node_modules/.cache/edgewhisk");
}

/** The text kept under a name in the first of the folders that has it, or null. */
export function readKept(folders: readonly string[], name: string): string | null {
  for (const folder of folders) {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch {
      // None there, or none that this user may read.
    }
  }
  return null;
}

/** Keeps a text in the first of the folders that takes it, for this user alone. Where none does, it is not kept.
 * Several may do so at once: each puts down a whole file. */
export function keepText(folders: readonly string[], name: string, text: string): void {
  for (const folder of folders) {
    const own = join(folder, `${name}.${process.pid}`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(own, text, { mode: 0o600 });
      renameSync(own, join(folder, name));
      return;
    } catch {
      // What cannot be kept is made again at the next start.
    }
  }
}

/** The value of a kept text; null for none, or one that is incomplete. */
export function parseKept<T>(text: string | null): T | null {
  try {
    return JSON.parse(text ?? "null") as T | null;
  } catch {
    return null;
  }
}
