// Debian's faketime, which gives a program a clock that is wrong.

import { spawnSync } from "node:child_process";

/** Null where it can be had; else why not, which is printed. Throws it where nothing may be left out. */
export function faketimeLacks(what: string): string | null {
  if (spawnSync("faketime", ["--version"]).error === undefined) return null;
  const absent = "faketime is not installed (Debian's faketime)";
  if (process.env.CI !== undefined && process.env.CI !== "") throw new Error(absent);
  console.log(`not run: ${what}: ${absent}`);
  return absent;
}
