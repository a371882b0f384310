// What this checkout calls itself: the version, the commit where there is one, and when that was made.

import { execFile } from "node:child_process";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";

const run = promisify(execFile);
const Manifest = z.object({ version: z.string() });

export function versionOf(root: string): string {
  return Manifest.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))).version;
}

export async function buildOf(root: string): Promise<string> {
  const version = versionOf(root);
  const commit = await lastCommit(root, "%h");
  return commit === null ? version : `${version}+${commit}`;
}

/** ISO 8601, UTC: when the commit was made; where there is none, when these files came here. */
export async function buildDateOf(root: string): Promise<string> {
  const made = await lastCommit(root, "%cI");
  return (made === null ? statSync(join(root, "package.json")).mtime : new Date(made)).toISOString();
}

/** In git's `format`; null where there is no git, or no commit. */
async function lastCommit(root: string, format: string): Promise<string | null> {
  // Whoever runs this runs the checkout's own programs already, whosever it is.
  const args = [
    "-c",
    `safe.directory=${realpathSync(root)}`,
    "-C",
    root,
    "log",
    "-1",
    "--no-show-signature",
    "--abbrev=12",
    `--format=${format}`,
  ];
  try {
    const said = (await run("git", args, { timeout: 2_000 })).stdout.trim();
    return said === "" ? null : said;
  } catch {
    return null;
  }
}
