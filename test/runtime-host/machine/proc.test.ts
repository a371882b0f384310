import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bootId, childrenOfSelf, openFilesOf, parseStat, pids, statOf } from "../../../runtime-host/machine/proc.ts";

describe("/proc", () => {
  it("is read past a command with spaces and parentheses", () => {
    const rest = `S 7 8 9 0 -1 ${Array.from({ length: 13 }, (_, at) => at).join(" ")} 4711 1000 3 99`;
    expect(parseStat(`42 (a) b (c) ${rest}`)).toEqual({
      ...{ state: "S", parent: 7, group: 8, startTicks: "4711", residentBytes: 3 * 4096 },
    });
  });

  it("tells of this process and its children, and nothing of one that is not there", async () => {
    const child = spawn("sleep", ["60"]);
    try {
      expect(statOf(process.pid)).toMatchObject({ parent: process.ppid });
      expect(statOf(process.pid)?.residentBytes).toBeGreaterThan(1024 * 1024);
      expect(statOf(child.pid as number)?.parent).toBe(process.pid);
      expect(childrenOfSelf()).toContain(child.pid);
      expect(pids()).toEqual(expect.arrayContaining([process.pid, child.pid]));
    } finally {
      child.kill("SIGKILL");
    }
    await expect.poll(() => statOf(child.pid as number)).toBeNull();
    expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("knows files that are open though they have no name any more", async () => {
    const folder = mkdtempSync(join(tmpdir(), "edgewhisk-proc-"));
    const fd = openSync(join(folder, "x"), "w");
    const nameless = async () => (await openFilesOf(process.pid)).filter((each) => each.isFile() && each.nlink === 0);
    const before = (await nameless()).length;
    unlinkSync(join(folder, "x"));
    expect((await nameless()).length).toBe(before + 1);
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
});
