// Placement: who can run it, in an order that stays put while others come and go.

import { describe, expect, it } from "vitest";
import { placementOf, placeOf } from "../../src/invocation/placement.ts";
import type { Need } from "../../src/protocol/matching.ts";
import type { RosterEntry } from "../../src/protocol/rpc.ts";
import { callOf } from "../durable-objects/calls.ts";

function entry(scheduler: string, changes: Partial<RosterEntry> = {}): RosterEntry {
  return {
    scheduler,
    host: scheduler,
    connected: true,
    draining: false,
    memory: 1024,
    engine: "docker",
    build: "dev",
    blackbox: false,
    runtimes: [{ kind: "nodejs:20", image: "i", digest: "d" }],
    since: 0,
    epoch: 1,
    ...changes,
  };
}

const NODE: Need = { kind: "nodejs:20", memory: 256, labels: [] };

function homes(key: string, need: Need, schedulers: RosterEntry[], preferred?: string[]): string[] {
  return placementOf(key, need, { schedulers, preferred });
}

const fleet = Array.from({ length: 10 }, (_, at) => entry(`host-${at}/0`));
const keys = Array.from({ length: 2_000 }, (_, at) => `uuid/guest/action-${at}`);

describe("placement", () => {
  it("lists every scheduler that can run the kind, once", () => {
    expect(homes("k", NODE, fleet).toSorted()).toEqual(fleet.map((each) => each.scheduler).toSorted());
  });

  it("leaves out who is gone, unhealthy, draining, or cannot run the kind", () => {
    const able = entry("ok/0");
    const list = [
      able,
      entry("gone/0", { connected: false }),
      entry("ill/0", { unhealthy: "disk" }),
      entry("draining/0", { draining: true }),
      entry("other/0", { runtimes: [{ kind: "python:3.12", image: "i", digest: "d" }] }),
    ];
    expect(homes("k", NODE, list)).toEqual(["ok/0"]);
  });

  it("sends black boxes to hosts that take them", () => {
    expect(homes("k", { ...NODE, kind: "blackbox" }, [entry("a/0"), entry("b/0", { blackbox: true })])).toEqual([
      "b/0",
    ]);
  });

  it("does not depend on the order of the roster", () => {
    for (const key of keys.slice(0, 50)) {
      expect(homes(key, NODE, fleet.toReversed())).toEqual(homes(key, NODE, fleet));
    }
  });

  it("moves only the actions of a scheduler that leaves", () => {
    const [left, ...rest] = fleet;
    for (const key of keys) {
      const before = homes(key, NODE, fleet).filter((each) => each !== left?.scheduler);
      expect(homes(key, NODE, rest)).toEqual(before);
    }
  });

  it("spreads homes evenly", () => {
    const found = new Map<string, number>();
    for (const key of keys) {
      const [home = ""] = homes(key, NODE, fleet);
      found.set(home, (found.get(home) ?? 0) + 1);
    }
    expect(found.size).toBe(10);
    for (const share of found.values()) expect(Math.abs(share - 200)).toBeLessThan(60);
  });

  it("offers to 16 at most", () => {
    const many = Array.from({ length: 40 }, (_, at) => entry(`h${at}/0`));
    expect(homes("k", NODE, many)).toHaveLength(16);
  });

  it("leaves out who has too little memory or not the labels that are asked for", () => {
    const list = [entry("small/0", { memory: 255 }), entry("big/0"), entry("gpu/0", { labels: ["gpu", "eu"] })];
    expect(homes("k", NODE, list)).toEqual(["big/0", "gpu/0"]);
    expect(homes("k", { ...NODE, labels: ["gpu"] }, list)).toEqual(["gpu/0"]);
    expect(homes("k", { ...NODE, labels: ["gpu", "us"] }, list)).toEqual([]);
  });

  it("goes to preferred hosts first, and without a preference to those without labels", () => {
    const list = [...fleet.slice(0, 3), entry("gpu/0", { labels: ["gpu"] }), entry("eu/0", { labels: ["eu"] })];
    for (const key of keys.slice(0, 20)) {
      expect(homes(key, NODE, list, ["gpu"])[0]).toBe("gpu/0");
      expect(homes(key, NODE, list, ["gpu"]).at(-1)).toBe("eu/0");
      expect(homes(key, NODE, list).slice(3).toSorted()).toEqual(["eu/0", "gpu/0"]);
    }
  });

  it("says why there is nobody, and refuses what nobody ever seen could hold, unless hosts may come", () => {
    const list = [entry("a/0", { memory: 256 })];
    const call = callOf({ about: { limits: { timeout: 1, memory: 512, logs: 1, concurrency: 1 } } });
    expect(placeOf(call, list, { hostsMayCome: false })).toMatchObject({ ok: false, code: "cannot-be-run" });
    const why = "it needs 512 MB, and no connected host that can run it has more than 256 MB";
    expect(placeOf(call, list, { hostsMayCome: true })).toMatchObject({ value: { candidates: [], obstacle: why } });
    expect(placeOf(callOf(), list, { hostsMayCome: false })).toEqual({ ok: true, value: { candidates: ["a/0"] } });
    const python = callOf({ exec: { kind: "python:3.12", binary: false } });
    const missing = { candidates: [], obstacle: "no connected host can run python:3.12" };
    expect(placeOf(python, list, { hostsMayCome: false })).toEqual({ ok: true, value: missing });
  });
});
