// Feeds of sources as they lie in tables: each event waits once, what was read moves on with it, and what is due when.

import { beforeEach, describe, expect, it } from "vitest";
import { type KeptSource, SourceRows } from "../../../durable-objects/sources/source-rows.ts";
import { DatabaseFeed } from "../../../src/entities/source.ts";
import { begunSource, type SourceState } from "../../../src/events/source-state.ts";
import { openDatabase } from "../clock.ts";

const NOW = 1_800_000_000_000;
const FEED = DatabaseFeed.parse({ kind: "database", database: "D", table: "t", cursor: "id", interval: 10 });
const ALL = { max: 100, characters: 1_000 };

let rows: SourceRows;

beforeEach(() => {
  rows = new SourceRows(openDatabase());
});

function sourceOf(
  name: string,
  more: { id?: string; state?: Partial<SourceState>; revision?: string } = {},
): KeptSource {
  const { id = `id-${name}`, state = {}, revision = "r1" } = more;
  return {
    ...{ name, id, revision, feed: FEED, namespace: { name: "guest", uuid: "ns" }, apiHost: "http://h", shards: 4 },
    state: { ...begunSource(FEED, { cursor: null, now: NOW }), ...state },
  };
}

function put(name: string, more: Parameters<typeof sourceOf>[1] = {}): KeptSource {
  const source = sourceOf(name, more);
  rows.put(source);
  return source;
}

const event = (key: string, payload = "{}") => ({ key, payload });
const keysOf = (source: KeptSource, bounds = ALL) => rows.waiting(source.id, bounds).map(({ key }) => key);
const namesDue = (now: number, busy: string[] = [], max = 100) => rows.due(now, { busy, max }).map(({ name }) => name);

describe("a feed", () => {
  it("comes back as it was put, by its name and among all, which are in the order of their names", () => {
    const b = put("b");
    const a = put("a", { state: { cursor: "7", fired: 3 } });
    expect([rows.get("a"), rows.get("c"), rows.all(), rows.count]).toEqual([a, null, [a, b], 2]);
  });

  it("that is changed keeps what waits and what is known; one that is made anew has nothing of the old one", () => {
    const old = put("a");
    rows.advance(old, { events: [event("1")], at: NOW, put: [{ key: "o", version: "v" }] });
    put("a", { revision: "r2" });
    expect([rows.get("a")?.revision, keysOf(old), rows.knownCount(old.id)]).toEqual(["r2", ["1"], 1]);
    const made = put("a", { id: "another" });
    expect([rows.get("a"), rows.count]).toEqual([made, 1]);
    for (const { id } of [old, made]) expect([rows.waitingCount(id), rows.knownCount(id)]).toEqual([0, 0]);
  });

  it("goes with all of its own, and with nothing of others; what is not there cannot go", () => {
    const [a, b] = [put("a"), put("b")];
    for (const each of [a, b]) rows.advance(each, { events: [event("1")], at: NOW, put: [{ key: "o", version: "v" }] });
    expect([rows.remove("a"), rows.remove("a"), rows.count]).toEqual([true, false, 1]);
    expect([rows.waitingCount(a.id), rows.knownCount(a.id)]).toEqual([0, 0]);
    expect([rows.waitingCount(b.id), rows.knownCount(b.id)]).toEqual([1, 1]);
  });

  it("that was made anew is not changed by who still holds the old one", () => {
    const old = put("a");
    const made = put("a", { id: "another" });
    rows.settle({ ...old, state: { ...old.state, fired: 9 } }, []);
    expect(rows.get("a")).toEqual(made);
  });
});

describe("events", () => {
  it("wait once each, in the order in which they came, until they are done with", () => {
    const source = put("a");
    rows.advance(source, { events: [event("2"), event("1"), event("2", '{"later":1}')], at: NOW });
    rows.add(source, [
      { ...event("1"), at: NOW + 1 },
      { ...event("3"), at: NOW + 2 },
    ]);
    const waiting = rows.waiting(source.id, ALL);
    expect(waiting.map(({ key, at, payload }) => [key, at, payload])).toEqual([
      ["2", NOW, "{}"],
      ["1", NOW, "{}"],
      ["3", NOW + 2, "{}"],
    ]);
    rows.settle(
      { ...source, state: { ...source.state, fired: 2 } },
      waiting.slice(0, 2).map(({ seq }) => seq),
    );
    expect([keysOf(source), rows.waitingCount(source.id), rows.get("a")?.state.fired]).toEqual([["3"], 1, 2]);
  });

  it("of two feeds may have one key", () => {
    const [a, b] = [put("a"), put("b")];
    for (const each of [a, b]) rows.advance(each, { events: [event("1")], at: NOW });
    expect([keysOf(a), keysOf(b)]).toEqual([["1"], ["1"]]);
  });

  it("come as many as are wanted, and as large; the first one comes however large it is", () => {
    const source = put("a");
    rows.advance(source, { events: ["1", "2", "3"].map((key) => event(key, `"${"x".repeat(8)}"`)), at: NOW });
    expect(keysOf(source, { max: 2, characters: 1_000 })).toEqual(["1", "2"]);
    expect(keysOf(source, { max: 9, characters: 20 })).toEqual(["1", "2"]);
    expect(keysOf(source, { max: 9, characters: 19 })).toEqual(["1"]);
    expect(keysOf(source, { max: 9, characters: 1 })).toEqual(["1"]);
  });
});

describe("objects of a bucket", () => {
  it("are known by their last version, in a range of keys, until they are gone", () => {
    const source = put("a");
    rows.advance(source, { events: [], at: NOW, put: ["a", "b", "c"].map((key) => ({ key, version: "1" })) });
    rows.advance(source, { events: [], at: NOW, put: [{ key: "b", version: "2" }], gone: ["a", "none"] });
    expect([...rows.known(source.id, "", null)]).toEqual([
      ["b", "2"],
      ["c", "1"],
    ]);
    expect([...rows.known(source.id, "b", null).keys()]).toEqual(["c"]);
    expect([...rows.known(source.id, "", "b").keys()]).toEqual(["b"]);
    expect([rows.knownCount(source.id), rows.known("none", "", null).size]).toEqual([2, 0]);
  });
});

describe("what is due", () => {
  it("comes by its time, then by its name, without busy ones and not too many", () => {
    for (const [name, nextPoll] of Object.entries({ c: NOW, b: NOW + 1, a: NOW + 1, later: NOW + 2 })) {
      put(name, { state: { nextPoll } });
    }
    expect(namesDue(NOW + 1)).toEqual(["c", "a", "b"]);
    expect(namesDue(NOW + 1, ["c", "a"])).toEqual(["b"]);
    expect(namesDue(NOW + 1, [], 2)).toEqual(["c", "a"]);
    expect(namesDue(NOW - 1)).toEqual([]);
    expect([rows.next([]), rows.next(["c"]), rows.next(["a", "b", "c", "later"])]).toEqual([
      ...[NOW, NOW + 1, Number.POSITIVE_INFINITY],
    ]);
  });

  it("is what waits as soon as it may be fired again; nothing where the feed was paused or stopped", () => {
    const source = put("a", { state: { retryAt: NOW + 500, nextPoll: NOW + 10_000 } });
    expect(rows.next([])).toBe(NOW + 10_000);
    rows.advance(source, { events: [event("1")], at: NOW });
    expect(rows.next([])).toBe(NOW + 500);
    rows.settle(
      source,
      rows.waiting(source.id, ALL).map(({ seq }) => seq),
    );
    expect(rows.next([])).toBe(NOW + 10_000);
    for (const state of [{ paused: true }, { stopped: "gone" }]) {
      rows.put({ ...source, state: { ...source.state, ...state } });
      expect([rows.next([]), namesDue(Number.MAX_SAFE_INTEGER)]).toEqual([Number.POSITIVE_INFINITY, []]);
    }
  });
});
