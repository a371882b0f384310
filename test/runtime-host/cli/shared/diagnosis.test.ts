// What doctor finds: each thing that is wrong with its way out, and nothing where all is well.

import { expect, it } from "vitest";
import { findingsOf, findingsText, type SeenFacts } from "../../../../runtime-host/cli/shared/diagnosis.ts";
import type { HostItem } from "../../../../src/entities/administration.ts";

const host = (changes: Partial<HostItem> = {}): HostItem => ({
  ...{ name: "h1", created: 0, shards: 1, state: "up", memory: 1, used: 0, running: 0 },
  ...changes,
});
const DISK = { folder: "/x", freeMb: 100_000, freeFiles: 1_000_000, isReadOnly: false };
const GOOD: SeenFacts = {
  node: "v24.0.0",
  engine: { answers: true, kinds: ["nodejs:24", "python:3.11"] },
  disk: DISK,
  state: { folder: "/x/s", isExposed: false, ownerPid: 7, isServed: true },
  platform: { url: "http://p", ping: "pong", ahead: 100, build: "1+a" },
  build: "1+a",
  status: { hosts: [host()], oldestWaitMs: 0 },
};
const P = GOOD.platform!;

it("finds nothing where all is well", () => {
  const findings = findingsOf(GOOD);
  expect(findings.map(({ what }) => what)).toEqual([
    "node",
    "engine",
    "images",
    "disk",
    "state",
    "platform",
    "clock",
    "version",
    "hosts",
  ]);
  expect(new Set(findings.map(({ state }) => state))).toEqual(new Set(["good"]));
  expect(findingsText(findings)).toContain("ok  hosts      1 of 1 up");
});

it.each<[string, Partial<SeenFacts>, string, string, RegExp]>([
  ["an old Node", { node: "v18.1.0" }, "node", "wrong", /Node 20/],
  [
    "no engine",
    { engine: { answers: false, reason: "no engine", isDenied: false } },
    "engine",
    "doubtful",
    /Start Docker/,
  ],
  ["no images", { engine: { answers: true, kinds: [] } }, "images", "wrong", /npm run images/],
  [
    "images of one language",
    { engine: { answers: true, kinds: ["nodejs:24"] } },
    "images",
    "doubtful",
    /npm run images/,
  ],
  ["a full disk", { disk: { ...DISK, freeMb: 3 } }, "disk", "wrong", /Make room/],
  ["no room for files", { disk: { ...DISK, freeFiles: 2 } }, "disk", "wrong", /Remove some/],
  [
    "a host that went away",
    { status: { hosts: [host(), host({ name: "h2", state: "down" })], oldestWaitMs: 0 } },
    "host h2",
    "doubtful",
    /revoke/,
  ],
  [
    "a host that never came",
    { status: { hosts: [host(), host({ name: "h2", state: "new" })], oldestWaitMs: 0 } },
    "host h2",
    "doubtful",
    /that token/,
  ],
  [
    "a host that drains",
    { status: { hosts: [host(), host({ name: "h2", state: "draining" })], oldestWaitMs: 0 } },
    "host h2",
    "doubtful",
    /undrain/,
  ],
  [
    "a platform that is down",
    { platform: { ...P, ping: { reason: "ECONNREFUSED" } } },
    "platform",
    "wrong",
    /Start it/,
  ],
  ["another program", { platform: { ...P, ping: "<html>" } }, "platform", "wrong", /Another program/],
  ["a wrong clock", { platform: { ...P, ahead: -90_000 } }, "clock", "wrong", /timedatectl/],
  ["a clock a little off", { platform: { ...P, ahead: 4_000 } }, "clock", "doubtful", /timedatectl/],
  ["another version", { platform: { ...P, build: "2" } }, "version", "doubtful", /Deploy/],
  ["no host", { status: { hosts: [], oldestWaitMs: 0 } }, "hosts", "wrong", /edgewhisk host/],
  [
    "an unhealthy host",
    { status: { hosts: [host(), host({ name: "h2", state: "unhealthy", reason: "r" })], oldestWaitMs: 0 } },
    "host h2",
    "wrong",
    /hosts show h2/,
  ],
  ["drift", { status: { hosts: [host({ differs: ["build"] })], oldestWaitMs: 0 } }, "host h1", "doubtful", /Upgrade/],
  [
    "a long wait",
    { status: { hosts: [host()], oldestWaitMs: 90_000, waitReason: "busy" } },
    "queue",
    "doubtful",
    /waiting/,
  ],
])("finds %s, and says the way out", (_name, changes, what, state, way) => {
  const found = findingsOf({ ...GOOD, ...changes }).filter((each) => each.state !== "good");
  expect(found[0]).toMatchObject({ what, state, way: expect.stringMatching(way) });
});

it("says what it could not look at", () => {
  const { platform: _p, status: _s, ...rest } = GOOD;
  expect(findingsOf(rest).at(-1)).toMatchObject({ what: "platform", state: "not looked at" });
  expect(findingsOf({ ...GOOD, status: { reason: "no token", isRefused: false } }).at(-1)).toMatchObject({
    state: "not looked at",
  });
});
