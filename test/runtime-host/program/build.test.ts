// What a checkout calls itself, with git and without.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { buildDateOf, buildOf } from "../../../runtime-host/program/build.ts";

const CHECKOUT = join(import.meta.dirname, "../../..");
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

it("names the commit of the archive that it was unpacked from, within whichever repository", async () => {
  const env = { ...process.env, GIT_COMMITTER_DATE: "2026-05-06T09:08:07+02:00" };
  const git = (...args: string[]) => execFileSync("git", args, { env, cwd: root, encoding: "utf8" }).trim();
  const commit = (words: string) => git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", words);
  git("init", "-q");
  mkdirSync(join(root, "runtime-host/program"), { recursive: true });
  for (const name of [".gitattributes", "runtime-host/program/archived.txt"])
    copyFileSync(join(CHECKOUT, name), join(root, name));
  git("add", "-A");
  commit("one");
  const hash = git("rev-parse", "HEAD").slice(0, 12);
  // As it lies in a checkout it says nothing.
  expect(await buildOf(root)).toBe(`1.2.3+${hash}`);
  mkdirSync(join(root, "unpacked"));
  git("archive", "--output=one.tar", "HEAD");
  execFileSync("tar", ["-xf", join(root, "one.tar"), "-C", join(root, "unpacked")]);
  git("add", "-A");
  commit("two");
  expect(await buildOf(join(root, "unpacked"))).toBe(`1.2.3+${hash}`);
  expect(await buildDateOf(join(root, "unpacked"))).toBe("2026-05-06T07:08:07.000Z");
});
