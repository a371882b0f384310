import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { placeOf } from "../../../runtime-host/machine/place.ts";
import { processTable, startOf, withDescendants } from "../../../runtime-host/machine/process-table.ts";
import { StartFailure } from "../../../runtime-host/standalone/failure.ts";
import { openState, unwritable } from "../../../runtime-host/standalone/state.ts";

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "edgewhisk-state-"));
  folder = join(parent, "new", "state");
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("state folder", () => {
  it("is made 0700 with secrets 0600 that stay the same at the next start", () => {
    const first = openState(folder);
    expect(modeOf(folder)).toBe("700");
    expect(modeOf(join(folder, "secrets.json"))).toBe("600");
    first.save({ guestKey: "a:b" });
    first.release();
    const second = openState(folder);
    expect(second.secrets).toEqual({ ...first.secrets, guestKey: "a:b" });
    expect(second.secrets.masterSecret).not.toBe(second.secrets.adminToken);
    expect(second.previous).toBeNull();
    second.release();
  });

  it("has a new name as a copy, which neither waits for the original nor ends what is the original's", () => {
    const original = openState(folder);
    const copy = join(parent, "copy");
    cpSync(folder, copy, { recursive: true });
    const other = openState(copy);
    expect(other.previous).toBeNull();
    expect(other.secrets).toMatchObject({ masterSecret: original.secrets.masterSecret });
    expect(other.secrets.hostName).not.toBe(original.secrets.hostName);
    expect(() => openState(copy)).toThrow(`in use by process ${process.pid}`);
    other.release();
    expect(openState(copy).secrets.hostName).toBe(other.secrets.hostName);
    expect(() => openState(folder)).toThrow("in use by");
    original.release();
    const again = openState(folder);
    expect(again.secrets.hostName).toBe(original.secrets.hostName);
    again.release();
  });

  it("keeps its name where an earlier version has not written down the place", () => {
    const first = openState(folder);
    const { place: _, ...old } = first.secrets;
    writeFileSync(join(folder, "secrets.json"), JSON.stringify(old));
    first.release();
    const second = openState(folder);
    expect(second.secrets).toEqual({ ...old, place: placeOf(folder) });
    second.release();
  });

  it("is refused while a live process holds it, naming the process", () => {
    const state = openState(folder);
    expect(() => openState(folder)).toThrow(StartFailure);
    expect(() => openState(folder)).toThrow(`in use by process ${process.pid}`);
    state.release();
    openState(folder).release();
  });

  it("is taken over from an owner that is dead, or whose pid now belongs to somebody else", () => {
    openState(folder).release();
    for (const dead of [
      { pid: 2 ** 22 + 1, started: "boot:1" },
      { pid: process.pid, started: "an earlier life" },
    ]) {
      writeFileSync(join(folder, "lock"), JSON.stringify(dead));
      const state = openState(folder);
      expect(state.previous).toEqual(dead);
      state.release();
    }
  });

  it("is taken over when the lock was torn", () => {
    openState(folder).release();
    writeFileSync(join(folder, "lock"), '{"pid":1');
    openState(folder).release();
  });

  it("is not released for somebody else", () => {
    const state = openState(folder);
    writeFileSync(join(folder, "lock"), JSON.stringify({ pid: 1, started: "x" }));
    state.release();
    expect(readFileSync(join(folder, "lock"), "utf8")).toContain('"pid":1');
  });

  it.each(["ENOSPC", "EDQUOT"])("says to free space where there is none (%s)", (code) => {
    expect(unwritable("/x", Object.assign(new Error("no room"), { code }))).toBe(
      `The state folder /x cannot be written (${code}): free some space on its disk, or choose another with --state.`,
    );
  });

  it("gives one sentence when it cannot be written", () => {
    writeFileSync(join(parent, "file"), "");
    const attempt = () => openState(join(parent, "file", "state"));
    expect(attempt).toThrow(StartFailure);
    expect(attempt).toThrow(/cannot be written \(ENOTDIR\): choose another with --state\.$/);
  });

  it("refuses a used state without its secrets instead of making new ones", () => {
    mkdirSync(join(folder, "v3/d1"), { recursive: true });
    for (let tries = 0; tries < 2; tries++)
      expect(() => openState(folder)).toThrow(/secrets\.json is missing, .* restore/);
    expect(existsSync(join(folder, "secrets.json"))).toBe(false);
  });

  it("refuses damaged secrets instead of making new ones", () => {
    openState(folder).release();
    writeFileSync(join(folder, "secrets.json"), "{");
    expect(() => openState(folder)).toThrow("is damaged");
  });
});

describe("process table", () => {
  it("finds children with their parents and forgets the dead", async () => {
    const child = spawn("sh", ["-c", "sleep 30 & wait"]);
    await new Promise((resolve) => child.once("spawn", resolve));
    const pid = child.pid as number;
    await expect.poll(() => withDescendants(processTable(), (row) => row.pid === pid).length).toBe(2);
    const [shell, sleep] = withDescendants(processTable(), (row) => row.pid === pid);
    expect(shell).toMatchObject({ pid, parent: process.pid });
    expect(sleep?.parent).toBe(pid);
    expect(startOf(pid)).toBe(shell?.started);
    process.kill(sleep?.pid as number, "SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    expect(startOf(pid)).toBeNull();
  });
});
