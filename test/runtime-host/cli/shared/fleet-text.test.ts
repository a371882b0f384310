// The platform at a glance, as text: hosts, what waits and why, stores, spans and sizes.

import { expect, it } from "vitest";
import {
  durationText,
  hostRow,
  sizeText,
  statusText,
  waitingLines,
} from "../../../../runtime-host/cli/shared/fleet-text.ts";
import type { HostItem, StatusAnswer, WaitingItem } from "../../../../src/entities/administration.ts";

const HOST: HostItem = { name: "one", state: "up", created: 1, shards: 1, memory: 2_048, used: 256, running: 3 };
const STATUS: StatusAnswer = {
  ...{ build: "1.0", at: 1, hosts: [HOST, { ...HOST, name: "two", state: "down" }], waiting: [], more: false },
  stores: [{ name: "D1", bytes: 2_048 }],
};
const WAITS: WaitingItem = {
  ...{ namespace: "guest", store: "n:00", waiting: 3, running: 1, fires: 2, oldestWaitMs: 61_000, lines: [] },
};

const whyOf = (more: Partial<WaitingItem>) =>
  waitingLines([{ ...WAITS, ...more }], false)[1]
    ?.split("  ")
    .at(-1);

it("a host is a row of what it says, with nothing where it says nothing", () => {
  expect(hostRow(HOST)).toEqual(["one", "up", "3", "0", "256", "2048", "", "", ""]);
  const more = { containers: 4, build: "b", level: "user-namespaces", reason: "disk full" };
  expect(hostRow({ ...HOST, ...more })).toEqual([
    ...["one", "up", "3", "4", "256", "2048", "b", "user-namespaces", "disk full"],
  ]);
});

it("the whole tells how many hosts are up, what waits, and how large the stores are", () => {
  expect(statusText(STATUS).split("\n")).toEqual([
    ...["edgewhisk 1.0: 1 of 2 hosts up", ""],
    ...["HOST  STATE  RUNNING  CONTAINERS  USED MB  OF MB  BUILD  LEVEL  REASON"],
    ...["one   up     3        0           256      2048", "two   down   3        0           256      2048"],
    ...["", "nothing waits", "", "STORE  SIZE", "D1     2.0 KB"],
  ]);
});

it("the whole tells what is not known, what hosts must have, and how the first one comes", () => {
  const { build: _, ...unknown } = STATUS;
  const text = statusText({ ...unknown, hosts: [], securityFloor: "user-namespaces" });
  expect(text).toContain(
    "edgewhisk (build not known): 0 of 0 hosts up\nhosts must have the security level user-namesp",
  );
  expect(text).toContain("\nno hosts: edgewhisk hosts create NAME\n");
});

it("a store says how much there is at least, in how many objects, or that it is not known", () => {
  const stores = [
    { name: "R2", bytes: 10, objects: 2, atLeast: true as const },
    { name: "D1", bytes: null },
  ];
  expect(
    statusText({ ...STATUS, stores })
      .split("\n")
      .slice(-2),
  ).toEqual([...["R2     10 B in 2 objects, or more", "D1     not known"]]);
});

it("what waits says for how long, and why: what does not answer before its reason, that before its first line's", () => {
  const lines = [{ reason: "no host has it", oldestWaitMs: 1 }];
  expect(waitingLines([{ ...WAITS, reason: "all are busy" }], false)).toEqual([
    "NAMESPACE  WAITING  FIRES  FOR    WHY",
    "guest      3        2      1 min  all are busy",
  ]);
  expect([whyOf({ reason: "busy", lines }), whyOf({ lines }), whyOf({ reason: "busy", unanswered: "late" })]).toEqual([
    ...["busy", "no host has it", "no answer: late"],
  ]);
  expect(waitingLines([{ ...WAITS, namespace: null }], true)[1]).toMatch(/^\(nobody's\)/);
  expect(waitingLines([WAITS], true).at(-1)).toBe("… and more");
});

it.each([
  [0, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3_599_999, "59 min"],
  [3_600_000, "1.0 h"],
  [86_400_000, "1.0 d"],
  [129_600_000, "1.5 d"],
])("%d ms are %s", (ms, text) => expect(durationText(ms)).toBe(text));

it.each([
  [0, "0 B"],
  [1_023, "1023 B"],
  [1_024, "1.0 KB"],
  [1_536, "1.5 KB"],
  [1024 ** 2, "1.0 MB"],
  [1024 ** 3, "1.0 GB"],
  [5 * 1024 ** 4, "5120.0 GB"],
])("%d bytes are %s", (bytes, text) => expect(sizeText(bytes)).toBe(text));
