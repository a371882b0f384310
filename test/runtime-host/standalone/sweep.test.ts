// What a dead start has left is ended: what it wrote down, with all that hangs below it, and nobody else.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startOf } from "../../../runtime-host/machine/process-table.ts";
import { awaitReaper, sweepAfter } from "../../../runtime-host/standalone/sweep.ts";

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-sweep-"));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
  rmSync(folder, { recursive: true });
});

interface Named {
  child: ChildProcess;
  pid: number;
  started: string;
}

async function started(script: string): Promise<Named & { line: string }> {
  const child = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"], detached: true });
  children.push(child);
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  const pid = child.pid ?? 0;
  return { child, pid, started: startOf(pid) ?? "", line: line.toString().trim() };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function deadOwner(): Promise<{ pid: number; started: string }> {
  const { child, pid, started: since } = await started("echo; exec sleep 60");
  await end(child);
  return { pid, started: since };
}

function writeFamily(family: object): void {
  writeFileSync(join(folder, "family.json"), JSON.stringify({ reaper: null, containersOf: null, ...family }));
}

it("ends the members of a dead owner and their children, and lets others live", async () => {
  const owner = await deadOwner();
  const member = await started("sleep 60 & echo $!; wait");
  const stranger = await started("echo; exec sleep 60");
  const below = Number(member.line);
  // The number of a member may have been given to another process meanwhile: its start time tells them apart.
  const reused = { pid: stranger.pid, started: "at another time" };
  writeFamily({ owner, members: [{ pid: member.pid, started: member.started }, reused] });
  expect(await sweepAfter(folder, owner)).toBe(2);
  await expect.poll(() => [startOf(member.pid), startOf(below)]).toEqual([null, null]);
  expect(startOf(stranger.pid)).toBe(stranger.started);
});

it("ends nothing while the owner lives, and nothing that another owner has written down", async () => {
  const living = await started("echo; exec sleep 60");
  const member = await started("echo; exec sleep 60");
  const members = [{ pid: member.pid, started: member.started }];
  writeFamily({ owner: { pid: living.pid, started: living.started }, members });
  expect(await sweepAfter(folder, { pid: living.pid, started: living.started })).toBe(0);
  expect(await sweepAfter(folder, await deadOwner())).toBe(0);
  expect(startOf(member.pid)).toBe(member.started);
});

it("waits for the reaper of a dead start", async () => {
  const owner = await deadOwner();
  const reaper = await started("echo; exec sleep 0.2");
  writeFamily({ owner, members: [], reaper: { pid: reaper.pid, started: reaper.started } });
  await awaitReaper(folder, owner);
  expect(startOf(reaper.pid)).toBeNull();
});
