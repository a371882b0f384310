// The processes a start is answerable for, as they are written down and read again.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startOf } from "../../../runtime-host/machine/process-table.ts";
import { openProcessRegistry, readFamily } from "../../../runtime-host/standalone/process-registry.ts";

let folder: string;
const children: ChildProcess[] = [];
const owner = { pid: process.pid, started: startOf(process.pid) ?? "" };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-family-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  rmSync(folder, { recursive: true });
});

async function waiting(): Promise<number> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  children.push(child);
  await once(child, "spawn");
  return child.pid ?? 0;
}

it("are our children, the reaper apart, and whose containers they may leave", async () => {
  const reaper = await waiting();
  const registry = openProcessRegistry(folder, { owner, reaperPid: () => reaper });
  const worker = await waiting();
  registry.note();
  const family = readFamily(folder, owner);
  expect(family?.reaper).toEqual({ pid: reaper, started: startOf(reaper) });
  expect(family?.members).toContainEqual({ pid: worker, started: startOf(worker) });
  expect(family?.members.map((each) => each.pid)).not.toContain(reaper);
  expect(family?.containersOf).toBeNull();
  registry.hasContainers("local-00000000");
  expect(readFamily(folder, owner)?.containersOf).toBe("local-00000000");
  expect(statSync(join(folder, "family.json")).mode & 0o777).toBe(0o600);
});

it("are nobody's where none were written, by another start, or nothing that can be read", () => {
  expect(readFamily(folder, owner)).toBeNull();
  openProcessRegistry(folder, { owner, reaperPid: () => undefined });
  expect(readFamily(folder, owner)?.reaper).toBeNull();
  expect(readFamily(folder, { ...owner, started: "earlier" })).toBeNull();
  writeFileSync(join(folder, "family.json"), "{");
  expect(readFamily(folder, owner)).toBeNull();
});
