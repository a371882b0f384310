import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LockReply, lockState, type Owner } from "../../../runtime-host/machine/state-lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function held(reply: LockReply): Extract<LockReply, { kind: "held" }> {
  if (reply.kind !== "held") throw new Error("it is locked");
  return reply;
}

const lockOf = (from: string) => JSON.parse(readFileSync(join(from, "lock"), "utf8")) as Owner;

describe("the lock of a state folder", () => {
  it("is held by one process until it is released, and leaves nothing behind", () => {
    const lock = held(lockState(folder));
    expect(lock.previous).toBeNull();
    expect(lockState(folder)).toMatchObject({ kind: "locked", owner: { pid: process.pid } });
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["a process that is gone", { pid: 4_194_303, started: "x:1" }],
    ["another process that has had this pid", { pid: process.pid, started: "x:1" }],
  ])("is taken over from %s, who is named", (_, owner) => {
    writeFileSync(join(folder, "lock"), JSON.stringify(owner));
    const lock = held(lockState(folder));
    expect(lock.previous).toEqual(owner);
    expect(lockOf(folder)).toMatchObject({ pid: process.pid });
    lock.release();
  });

  it.each(["", "{", "[]", '{"pid":"1"}'])("is taken over where it says nothing: %j", (text) => {
    writeFileSync(join(folder, "lock"), text);
    const lock = held(lockState(folder));
    expect(lock.previous).toBeNull();
    lock.release();
  });

  it("that came along with a copy locks nothing, and its owner is not the copy's to end", () => {
    const original = join(folder, "original");
    const copy = join(folder, "copy");
    mkdirSync(original);
    const lock = held(lockState(original));
    cpSync(original, copy, { recursive: true });
    const other = held(lockState(copy));
    expect(other.previous).toBeNull();
    other.release();
    expect(existsSync(join(original, "lock"))).toBe(true);
    lock.release();
  });

  it("is not released by who has lost it", () => {
    const lock = held(lockState(folder));
    writeFileSync(join(folder, "lock"), JSON.stringify({ pid: 1, started: "other" }));
    lock.release();
    expect(lockOf(folder).pid).toBe(1);
  });
});
