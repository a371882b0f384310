// Where a folder is: its path, its number on the disk, and the machine. A copy of it is elsewhere.

import { readFileSync, realpathSync, statSync } from "node:fs";
import * as z from "zod";

export const Place = z.object({ path: z.string(), inode: z.string(), machine: z.string() });
export type Place = z.infer<typeof Place>;

export function placeOf(folder: string): Place {
  const path = realpathSync(folder);
  return { path, inode: String(statSync(path, { bigint: true }).ino), machine: machine() };
}

export function samePlace(one: Place, other: Place): boolean {
  return one.path === other.path && one.inode === other.inode && one.machine === other.machine;
}

/** "" where the system has no such id, as in most containers: their names change at each start,
 * so they tell nothing. */
function machine(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    return "";
  }
}
