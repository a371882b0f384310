import { expect, test } from "vitest";
import { EpochLeases, type EpochMemory, type EpochState } from "../../../durable-objects/epoch/epoch-leases.ts";

function memory(): EpochMemory & { writes: number } {
  let state: EpochState | undefined;
  return {
    writes: 0,
    load: () => state,
    save(next) {
      this.writes++;
      state = next;
    },
  };
}

test("the first write of a namespace, and one by the only holder, need not wait", () => {
  const leases = new EpochLeases(memory(), 0);
  expect(leases.beginWrite("a", 0)).toBe(0);
  leases.endWrite("a");
  leases.lease("a", 10);
  expect(leases.beginWrite("a", 20)).toBe(0);
});

test("a write waits until what others hold has lapsed, and the epoch is higher after it", () => {
  const leases = new EpochLeases(memory(), 0);
  const before = leases.lease("b", 100);
  expect(before).toEqual({ epoch: 0, ttl: 1_000 });
  expect(leases.beginWrite("a", 400)).toBe(700);
  expect(leases.lease("b", 500).ttl).toBe(0);
  const during = leases.lease("b", 600).epoch;
  leases.endWrite("a");
  const after = leases.lease("b", 700);
  expect(after.ttl).toBe(1_000);
  expect(after.epoch).toBeGreaterThan(during);
  expect(during).toBeGreaterThan(before.epoch);
});

test("leases are short while any of several writes goes on", () => {
  const leases = new EpochLeases(memory(), 0);
  leases.beginWrite("a", 0);
  leases.beginWrite("a", 0);
  leases.endWrite("a");
  expect(leases.lease("b", 10).ttl).toBe(0);
  leases.endWrite("a");
  expect(leases.lease("b", 20).ttl).toBe(1_000);
});

test("a write that never ends is over after thirty seconds, under a higher epoch", () => {
  const leases = new EpochLeases(memory(), 0);
  leases.beginWrite("a", 0);
  const { epoch } = leases.lease("b", 29_999);
  expect(leases.lease("b", 30_000)).toEqual({ epoch: epoch + 1, ttl: 1_000 });
});

test("a new incarnation knows of a write that goes on, and waits for leases it cannot know", () => {
  const kept = memory();
  const first = new EpochLeases(kept, 0);
  first.lease("b", 0);
  first.beginWrite("a", 0);
  const second = new EpochLeases(kept, 500);
  expect(second.lease("b", 600).ttl).toBe(0);
  second.endWrite("a");
  expect(second.beginWrite("a", 600)).toBe(900);
  const third = new EpochLeases(kept, 60_000);
  expect(third.beginWrite("a", 60_000)).toBe(0);
});

test("leases in use cost a write every few seconds at most", () => {
  const kept = memory();
  const leases = new EpochLeases(kept, 0);
  for (let at = 0; at < 60_000; at += 100) leases.lease(`holder-${at % 5}`, at);
  expect(kept.writes).toBeLessThan(20);
});

test("an object whose memory is lost gives no epoch that it gave before", () => {
  const born = 1_700_000_000_000;
  const given = new Set<number>();
  const write = (leases: EpochLeases, now: number) => {
    given.add(leases.lease("b", now).epoch);
    leases.beginWrite("a", now);
    leases.endWrite("a");
  };
  const first = new EpochLeases(memory(), born);
  for (let n = 0; n < 1_000; n++) write(first, born + 10 * n);
  const lost = new EpochLeases(memory(), born + 10_000);
  for (let n = 0; n < 10; n++) {
    expect(given).not.toContain(lost.lease("b", born + 10_000).epoch);
    write(lost, born + 10_000 + n);
  }
});

test("what an earlier version stored goes on: its epoch, its leases, its writes under way", () => {
  const kept = memory();
  kept.save({ epoch: 7, leasedUntil: 60_800, writes: [{ holder: "other", until: 90_000 }] });
  const leases = new EpochLeases(kept, 60_000);
  expect(leases.lease("b", 60_000)).toEqual({ epoch: 7, ttl: 0 });
  expect(leases.beginWrite("a", 60_100)).toBe(700);
  expect(leases.epoch).toBe(8);
});
