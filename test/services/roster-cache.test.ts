import { expect, test } from "vitest";
import type { RosterEntry } from "../../src/protocol/rpc.ts";
import { RosterCache } from "../../src/services/roster-cache.ts";

const later = (): void => undefined;

function entry(scheduler: string, kinds: string[]): RosterEntry {
  const runtimes = kinds.map((kind) => ({ kind, image: kind, present: true, digest: "" }));
  return { scheduler, runtimes } as unknown as RosterEntry;
}

test("kinds are those of all hosts together, and nothing is known before one has reported", async () => {
  let entries: RosterEntry[] = [];
  const cacheOf = () => new RosterCache(() => ({ overview: async () => ({ schedulers: entries, full: [] }) }));
  expect(await cacheOf().runnableKinds(later)).toBeNull();
  entries = [entry("a/0", ["nodejs:24"]), entry("b/0", ["python:3", "nodejs:24"])];
  expect(await cacheOf().runnableKinds(later)).toEqual(new Set(["nodejs:24", "python:3"]));
});

test("what was heard last is there when the roster is not", async () => {
  let fails = false;
  const cache = new RosterCache(() => ({
    overview: async () => {
      if (fails) throw new Error("away");
      return { schedulers: [entry("a/0", [])], full: [{ store: "ns:01", why: "of a reason" }] };
    },
  }));
  expect(cache.lastHeard).toEqual([]);
  await cache.schedulers(later);
  fails = true;
  expect(cache.lastHeard.map((each) => each.scheduler)).toEqual(["a/0"]);
  expect([await cache.full("ns:01", later), await cache.full("ns:02", later)]).toEqual(["of a reason", null]);
});
