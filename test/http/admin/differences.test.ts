// Which hosts stand out in the list of schedulers.

import { expect, test } from "vitest";
import { withDifferences } from "../../../src/http/admin/differences.ts";
import type { RosterEntry } from "../../../src/protocol/rpc.ts";

function entry(host: string, digests: Record<string, string>, more: Partial<RosterEntry> = {}): RosterEntry {
  const runtimes = Object.entries(digests).map(([kind, digest]) => ({ kind, image: kind, digest }));
  const base = { connected: true, draining: false, memory: 1, build: "b1", blackbox: true, since: 0, epoch: 1 };
  return { ...base, scheduler: `${host}/0`, host, engine: "docker", runtimes, ...more };
}

function differing(entries: RosterEntry[]): Record<string, string[]> {
  return Object.fromEntries(withDifferences(entries).map((each) => [each.host, each.differs]));
}

test("a host with another image than most is marked, by kind", () => {
  const entries = [entry("a", { n: "1", p: "1" }), entry("b", { n: "1", p: "2" }), entry("c", { n: "1", p: "1" })];
  expect(differing(entries)).toEqual({ a: [], b: ["p"], c: [] });
});

test("engines are not compared with each other, builds are", () => {
  const entries = [
    entry("a", { n: "1" }),
    entry("b", { n: "v24" }, { engine: "process" }),
    entry("c", { n: "1" }, { build: "b2" }),
  ];
  expect(differing(entries)).toEqual({ a: [], b: [], c: ["build"] });
});

test("what only some hosts offer is no difference", () => {
  expect(differing([entry("a", { n: "1", p: "1" }), entry("b", { n: "1" })])).toEqual({ a: [], b: [] });
  expect(withDifferences([])).toEqual([]);
});

test("the right build is the Worker's own, where it knows it, however many hosts have another", () => {
  const entries = [
    entry("a", {}, { build: "old" }),
    entry("b", {}, { build: "old" }),
    entry("c", {}, { build: "new" }),
  ];
  const marked = (wanted?: string) =>
    withDifferences(entries, wanted).flatMap(({ host, differs }) => differs.map(() => host));
  expect(marked("new")).toEqual(["a", "b"]);
  expect(marked()).toEqual(["c"]);
});
