// What this checkout calls itself: the version, the commit where there is one, and when that was made.

import { execFile } from "node:child_process";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
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
  const { hash } = (await lastCommit(root)) ?? {};
  return hash === undefined ? version : `${version}+${hash.slice(0, 12)}`;
}

/** ISO 8601, UTC: when the commit was made; where there is none, when these files came here. */
export async function buildDateOf(root: string): Promise<string> {
  const { made } = (await lastCommit(root)) ?? {};
  return (made === undefined ? statSync(join(root, "package.json")).mtime : new Date(made)).toISOString();
}

/** Its whole hash, and when it was made (ISO 8601). */
interface Commit {
  hash: string;
  made: string;
}

/** Null where there is no git, or no commit. */
async function lastCommit(root: string): Promise<Commit | null> {
  // First what `git archive` wrote: who unpacks it within another repository is not to have that one's commit.
  return readCommit(archivedIn(root)) ?? readCommit(await logged(root));
}

function readCommit(text: string): Commit | null {
  const [, hash, made] = /^([0-9a-f]{40,64}) (\S+)$/.exec(text.trim()) ?? [];
  return hash === undefined || made === undefined ? null : { hash, made };
}

function archivedIn(root: string): string {
  const file = join(root, "runtime-host/program/archived.txt");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

async function logged(root: string): Promise<string> {
  // Whoever runs this runs the checkout's own programs already, whosever it is.
  const safe = `safe.directory=${realpathSync(root)}`;
  const args = ["-c", safe, "-C", root, "log", "-1", "--no-show-signature", "--format=%H %cI"];
  try {
    return (await run("git", args, { timeout: 2_000 })).stdout;
  } catch {
    return "";
  }
}
