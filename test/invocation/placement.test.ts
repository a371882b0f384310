// Placement: who can run it, in an order that stays put while others come and go.

import { describe, expect, it } from "vitest";
import { placementOf } from "../../src/invocation/placement.ts";
import type { RosterEntry } from "../../src/protocol/rpc.ts";

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

const fleet = Array.from({ length: 10 }, (_, at) => entry(`host-${at}/0`));
const keys = Array.from({ length: 2_000 }, (_, at) => `uuid/guest/action-${at}`);

describe("placement", () => {
  it("lists every scheduler that can run the kind, once", () => {
    expect(placementOf("k", "nodejs:20", fleet).toSorted()).toEqual(fleet.map((each) => each.scheduler).toSorted());
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
    expect(placementOf("k", "nodejs:20", list)).toEqual(["ok/0"]);
  });

  it("sends black boxes to hosts that take them", () => {
    expect(placementOf("k", "blackbox", [entry("a/0"), entry("b/0", { blackbox: true })])).toEqual(["b/0"]);
  });

  it("does not depend on the order of the roster", () => {
    for (const key of keys.slice(0, 50)) {
      expect(placementOf(key, "nodejs:20", fleet.toReversed())).toEqual(placementOf(key, "nodejs:20", fleet));
    }
  });

  it("moves only the actions of a scheduler that leaves", () => {
    const [left, ...rest] = fleet;
    for (const key of keys) {
      const before = placementOf(key, "nodejs:20", fleet).filter((each) => each !== left?.scheduler);
      expect(placementOf(key, "nodejs:20", rest)).toEqual(before);
    }
  });

  it("spreads homes evenly", () => {
    const homes = new Map<string, number>();
    for (const key of keys) {
      const [home = ""] = placementOf(key, "nodejs:20", fleet);
      homes.set(home, (homes.get(home) ?? 0) + 1);
    }
    expect(homes.size).toBe(10);
    for (const share of homes.values()) expect(Math.abs(share - 200)).toBeLessThan(60);
  });

  it("offers to 16 at most", () => {
    const many = Array.from({ length: 40 }, (_, at) => entry(`h${at}/0`));
    expect(placementOf("k", "nodejs:20", many)).toHaveLength(16);
  });
});
