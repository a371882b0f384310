// What this checkout calls itself: the version, and the commit where there is one.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const Manifest = z.object({ version: z.string() });

export function versionOf(root: string): string {
  return Manifest.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))).version;
}

export function buildOf(root: string): string {
  const version = versionOf(root);
  try {
    const commit = execFileSync("git", ["-C", root, "rev-parse", "--short=12", "HEAD"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 2_000,
    });
    return `${version}+${commit.trim()}`;
  } catch {
    return version;
  }
}
