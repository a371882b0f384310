// What this checkout calls itself: the version, and the commit where there is one.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);
const Manifest = z.object({ version: z.string() });

export function versionOf(root: string): string {
  return Manifest.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))).version;
}

export async function buildOf(root: string): Promise<string> {
  const version = versionOf(root);
  try {
    const { stdout } = await run("git", ["-C", root, "rev-parse", "--short=12", "HEAD"], { timeout: 2_000 });
    return `${version}+${stdout.trim()}`;
  } catch {
    return version;
  }
}
