// What has fired once: a key is known for its time, within its scope, and of too many the oldest are forgotten.

import { beforeEach, describe, expect, it } from "vitest";
import { MIGRATIONS } from "../../../durable-objects/activations/schema.ts";
import { Seen } from "../../../durable-objects/activations/seen.ts";
import { migrate } from "../../../durable-objects/shared/schema.ts";
import { openDatabase } from "../clock.ts";

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

let database: ReturnType<typeof openDatabase>;
let seen: Seen;

beforeEach(() => {
  database = openDatabase();
  migrate(database, MIGRATIONS);
  seen = new Seen(database.sql);
});

function note(key: string, id: string, { now = NOW, scope = "s", forMs = HOUR, max = 100 } = {}): string | null {
  return seen.note({ scope, key, forMs, max }, id, now);
}

const kept = (scope = "s") =>
  database.sql
    .exec<{ key: string }>("SELECT key FROM seen WHERE scope = ? ORDER BY until, key", scope)
    .toArray()
    .map(({ key }) => key);

describe("a key", () => {
  it("is known by the fire that came first, to all others; to that one it is new however often it asks", () => {
    expect(note("k", "1")).toBeNull();
    expect([note("k", "2"), note("k", "1"), note("k", "3")]).toEqual(["1", null, "1"]);
    expect([note("other", "2"), note("k", "2", { scope: "another" })]).toEqual([null, null]);
  });

  it("is known as long as was asked for when it came, and not at the end of that", () => {
    note("k", "1");
    expect(note("k", "2", { now: NOW + HOUR - 1, forMs: 9 * HOUR })).toBe("1");
    expect(note("k", "2", { now: NOW + HOUR })).toBeNull();
    expect([note("k", "3", { now: NOW + HOUR }), kept()]).toEqual(["2", ["k"]]);
  });

  it("is known to a later incarnation", () => {
    note("k", "1");
    seen = new Seen(database.sql);
    expect(note("k", "2")).toBe("1");
  });
});

describe("of too many keys", () => {
  it("the oldest are forgotten, in their own scope alone", () => {
    note("x", "0", { scope: "another" });
    for (const [at, key] of ["a", "b", "c"].entries()) note(key, `${at}`, { now: NOW + at, max: 3 });
    expect(kept()).toEqual(["a", "b", "c"]);
    note("d", "9", { now: NOW + 3, max: 3 });
    expect([kept(), kept("another")]).toEqual([["b", "c", "d"], ["x"]]);
    expect(note("a", "8", { now: NOW + 3, max: 3 })).toBeNull();
  });

  it("as many go as are too many, also for a later incarnation that is allowed fewer", () => {
    for (const [at, key] of ["a", "b", "c", "d"].entries()) note(key, `${at}`, { now: NOW + at });
    seen = new Seen(database.sql);
    note("e", "9", { now: NOW + 4, max: 2 });
    expect(kept()).toEqual(["d", "e"]);
  });

  it("those that went for their age make room, whosever new key swept them", () => {
    note("a", "1", { forMs: 1, max: 2 });
    note("b", "2", { max: 2 });
    note("y", "3", { scope: "another", now: NOW + 1 });
    expect(kept()).toEqual(["b"]);
    note("c", "4", { now: NOW + 1, max: 2 });
    expect(kept()).toEqual(["b", "c"]);
    note("b", "5", { now: NOW + HOUR, max: 2 });
    expect(kept()).toEqual(["c", "b"]);
  });
});

describe("keys whose time is over", () => {
  it("go with each new one, four at a time; a known key sweeps none", () => {
    for (const key of ["1", "2", "3", "4", "5"]) note(key, key, { forMs: 1 });
    note("live", "9");
    const later = { now: NOW + 10 };
    expect(note("live", "8", later)).toBe("9");
    expect(kept().length).toBe(6);
    note("new", "7", later);
    expect(kept()).toEqual(["5", "live", "new"]);
  });
});
