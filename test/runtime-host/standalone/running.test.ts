// What a command learns of the platform that runs from a state folder, and when it learns nothing.

import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { forgetRunning, noteRunning, runningFrom } from "../../../runtime-host/standalone/running.ts";
import { openState, type State } from "../../../runtime-host/standalone/state.ts";
import { developmentNamespace } from "../../../src/entities/development.ts";

const URL_HERE = "http://127.0.0.1:3233";
let folder: string;
let state: State;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-running-"));
  state = openState(folder);
});
afterEach(() => {
  state.release();
  rmSync(folder, { recursive: true });
});

it("is where it serves, its admin token, and the key of guest", () => {
  noteRunning(folder, { url: URL_HERE, owner: state.owner, wellKnown: true });
  const { adminToken } = state.secrets;
  const key = developmentNamespace("guest")?.key;
  expect(runningFrom(folder)).toEqual({ url: URL_HERE, key, adminToken });
  expect(statSync(join(folder, "running.json")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, "running.json"), "utf8")).not.toContain(adminToken);

  noteRunning(folder, { url: URL_HERE, owner: state.owner, wellKnown: false });
  expect(runningFrom(folder)).toEqual({ url: URL_HERE, key: null, adminToken });
  state.save({ guestKey: "a:b" });
  expect(runningFrom(folder)?.key).toBe("a:b");
});

it("is nothing before it serves, and after its end, orderly or not", () => {
  expect(runningFrom(folder)).toBeNull();
  expect(runningFrom(join(folder, "nowhere"))).toBeNull();
  noteRunning(folder, { url: URL_HERE, owner: { pid: process.pid, started: "of another process" }, wellKnown: true });
  expect(runningFrom(folder)).toBeNull();
  noteRunning(folder, { url: URL_HERE, owner: state.owner, wellKnown: true });
  forgetRunning(folder);
  expect(runningFrom(folder)).toBeNull();
  forgetRunning(folder);
});

it("is not believed where others could have written it, or where it makes no sense", () => {
  noteRunning(folder, { url: URL_HERE, owner: state.owner, wellKnown: true });
  chmodSync(folder, 0o770);
  expect(runningFrom(folder)).toBeNull();
  chmodSync(folder, 0o700);
  expect(runningFrom(folder)).not.toBeNull();
  for (const text of ["{", "{}", JSON.stringify({ url: URL_HERE })]) {
    writeFileSync(join(folder, "running.json"), text);
    expect(runningFrom(folder)).toBeNull();
  }
  noteRunning(folder, { url: URL_HERE, owner: state.owner, wellKnown: true });
  writeFileSync(join(folder, "secrets.json"), "{");
  expect(runningFrom(folder)).toBeNull();
});
