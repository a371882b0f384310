// What a checkout calls itself, with git and without.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { buildDateOf, buildOf } from "../../../runtime-host/program/build.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "build-"));
  writeFileSync(join(root, "package.json"), '{"version":"1.2.3"}');
  utimesSync(join(root, "package.json"), new Date("2026-01-02T03:04:05Z"), new Date("2026-01-02T03:04:05Z"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("is the version alone where nothing is committed, from when its files came", async () => {
  expect(await buildOf(root)).toBe("1.2.3");
  expect(await buildDateOf(root)).toBe("2026-01-02T03:04:05.000Z");
});

it("names the commit, and is from when that was made", async () => {
  const env = { ...process.env, GIT_COMMITTER_DATE: "2026-05-06T09:08:07+02:00" };
  const git = (...args: string[]) => execFileSync("git", ["-C", root, ...args], { env, encoding: "utf8" }).trim();
  git("init", "-q");
  git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "one");
  expect(await buildOf(root)).toBe(`1.2.3+${git("rev-parse", "--short=12", "HEAD")}`);
  expect(await buildDateOf(root)).toBe("2026-05-06T07:08:07.000Z");
});
