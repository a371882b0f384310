// Places of calls that run at a time: who gives them back, and when.

import { beforeEach, describe, expect, it } from "vitest";
import type { Ended, PermitHolder } from "../../../durable-objects/activations/ended.ts";
import { PermitReturns } from "../../../durable-objects/activations/permit-returns.ts";
import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { callOf } from "../calls.ts";
import { Clock } from "../clock.ts";
import { World } from "./store-world.ts";

let clock: Clock;
let told: [string, string[]][];
let permits: PermitReturns;

beforeEach(() => {
  clock = new Clock();
  told = [];
  permits = new PermitReturns({
    after: clock.after,
    leave: (namespaceId, ids) => void told.push([namespaceId, ids]),
  });
});

const ended = (activationId: string, permit: PermitHolder, namespaceId = "ns"): Ended => ({
  ...{ record: { activationId } as ActivationRecord, namespaceId, permit },
  ...{ blobs: [], kept: true },
});

describe("places of a namespace's calls", () => {
  it("are told at once where a row had them, each namespace's together, and not at all where there is none", () => {
    permits.giveBack([ended("1", "store"), ended("2", "none"), ended("3", "store"), ended("4", "store", "other")]);
    expect(told).toEqual([
      ["ns", ["1", "3"]],
      ["other", ["4"]],
    ]);
  });

  it("of calls without a row are told of after a second, all in one go, and then anew", async () => {
    permits.giveBack([ended("1", "caller")]);
    await clock.advance(999);
    permits.giveBack([ended("2", "caller"), ended("3", "caller", "other")]);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual([
      ["ns", ["1", "2"]],
      ["other", ["3"]],
    ]);
    await clock.advance(10_000);
    expect(told).toHaveLength(2);
    permits.giveBack([ended("4", "caller")]);
    await clock.advance(1_000);
    expect(told[2]).toEqual(["ns", ["4"]]);
  });

  it("wait a thousand at most, and are told once", async () => {
    permits.giveBack(Array.from({ length: 1_000 }, (_, n) => ended(`${n}`, "caller")));
    expect(told.map(([, ids]) => ids.length)).toEqual([1_000]);
    await clock.advance(10_000);
    expect(told).toHaveLength(1);
  });
});

describe("a store", () => {
  it("tells soon of a call of the durable path, and later of one whose caller gives its place back himself", async () => {
    const world = new World();
    const [kept, direct] = [callOf({ about: { permitMs: 1 } }), callOf({ about: { permitMs: 1 } })];
    await world.accept([kept]);
    world.finish(kept);
    world.finish(direct);
    expect(world.left).toEqual([kept.id]);
    await world.advance(1_000);
    expect(world.left).toEqual([kept.id, direct.id]);
  });
});
