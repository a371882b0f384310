// Leases and packets as they lie in tables: what a packet that is sent again is known by, and what goes with a lease.

import { beforeEach, describe, expect, it } from "vitest";
import { type LeaseRow, LeaseRows, noLease } from "../../../durable-objects/subscriptions/lease-rows.ts";
import type { Admission } from "../../../src/protocol/subscriptions.ts";
import { openDatabase } from "../clock.ts";

const HOLDER = { host: "one", boot: "b", revision: "r1", since: 7 };
const HELD: LeaseRow = {
  ...{ id: "s", counter: 4, line: 2, holder: HOLDER, stopped: { reason: "full", revision: "r0" } },
  counts: { received: 1, fired: 2, idle: 3, duplicates: 4, rejected: 5, dropped: 6 },
  error: { text: "no route", at: 9 },
};

let rows: LeaseRows;

beforeEach(() => {
  rows = new LeaseRows(openDatabase());
});

const packet = (number: number, key: string, more: { again?: boolean; digest?: string; at?: number } = {}) => ({
  ...{ number, key, again: false, digest: "d", at: 1 },
  ...more,
});

function note(line: number, packets: Admission["packets"], more: { released?: number[]; id?: string } = {}) {
  const { released = [], id = "s" } = more;
  const row = rows.get(id) ?? noLease(id);
  return rows.note({ boot: "b", counter: row.counter, id, line, packets, released }, row);
}

describe("a lease", () => {
  it("comes back as it was put, with all that is told of it or with nothing", () => {
    const bare = noLease("t");
    rows.put([HELD, bare]);
    expect([rows.get("s"), rows.get("t"), rows.get("none")]).toEqual([HELD, bare, null]);
    expect(rows.all()).toEqual(
      new Map([
        ["s", HELD],
        ["t", bare],
      ]),
    );
  });

  it("is replaced as a whole", () => {
    rows.put([HELD]);
    rows.put([]);
    expect(rows.get("s")).toEqual(HELD);
    const free = { ...HELD, counter: 5, holder: null, stopped: null, error: null };
    rows.put([free]);
    expect(rows.get("s")).toEqual(free);
  });

  it("goes with its packets, and with no other's", () => {
    for (const id of ["s", "t"]) {
      rows.put([noLease(id)]);
      note(1, [packet(1, "first")], { id });
    }
    rows.drop([]);
    expect(rows.all().size).toBe(2);
    rows.drop(["s", "none"]);
    expect([...rows.all().keys()]).toEqual(["t"]);
    rows.put([noLease("s")]);
    const again = [packet(1, "second", { again: true })];
    expect([note(2, again), note(2, again, { id: "t" })]).toEqual([
      [{ key: "second", at: 1 }],
      [{ key: "first", at: 1 }],
    ]);
  });
});

describe("packets", () => {
  beforeEach(() => rows.put([noLease("s")]));

  it("are known by what is proposed first; sent again, by that", () => {
    expect(note(1, [packet(1, "a"), packet(2, "b", { at: 5 })])).toEqual([
      { key: "a", at: 1 },
      { key: "b", at: 5 },
    ]);
    expect(note(2, [packet(2, "x", { again: true, at: 9 }), packet(1, "y", { again: true })])).toEqual([
      { key: "b", at: 5 },
      { key: "a", at: 1 },
    ]);
  });

  it("that say that they come again though they are not known are known by what is proposed, from then on", () => {
    expect(note(1, [packet(1, "a", { again: true })])).toEqual([{ key: "a", at: 1 }]);
    expect(note(2, [packet(1, "b", { again: true })])).toEqual([{ key: "a", at: 1 }]);
  });

  it("with the number of another message are new ones, whether they say that they come again or not", () => {
    note(1, [packet(1, "a"), packet(2, "b")]);
    const other = packet(1, "x", { again: true, digest: "other" });
    expect(note(2, [other, packet(2, "y")])).toEqual([
      { key: "x", at: 1 },
      { key: "y", at: 1 },
    ]);
    expect(note(3, [packet(2, "z", { again: true })])).toEqual([{ key: "y", at: 1 }]);
  });

  it("are forgotten when they are released, before what comes in the same question is looked at", () => {
    note(1, [packet(1, "a"), packet(2, "b")]);
    const again = [packet(1, "x", { again: true }), packet(2, "y", { again: true })];
    expect(note(2, again, { released: [1, 9] })).toEqual([
      { key: "x", at: 1 },
      { key: "b", at: 1 },
    ]);
  });

  it("of a question that a later one has overtaken are not looked at; one of the same number is", () => {
    note(3, [packet(1, "a")]);
    expect(rows.get("s")?.line).toBe(3);
    expect(note(2, [packet(2, "b")], { released: [1] })).toBeNull();
    expect(note(3, [packet(1, "x", { again: true }), packet(2, "c", { again: true })])).toEqual([
      { key: "a", at: 1 },
      { key: "c", at: 1 },
    ]);
  });
});
