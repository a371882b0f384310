// How the feed of a source stands after each thing that may happen to it, and when it has something to do next.

import { describe, expect, it } from "vitest";
import { DatabaseFeed, ObjectStoreFeed, type SourceFeed } from "../../src/entities/source.ts";
import {
  begunSource,
  type EventOutcome,
  fired,
  notPolled,
  polled,
  refusalOf,
  rejectedOf,
  resumedSource,
  type SourceState,
  sourceDueAt,
} from "../../src/events/source-state.ts";

const NOW = 1_800_000_000_000;
const TABLE = DatabaseFeed.parse({ kind: "database", database: "D", table: "t", cursor: "id", interval: 10 });
const HEARD: SourceFeed = { kind: "queue", queue: "orders" };
const LISTED = ObjectStoreFeed.parse({ kind: "objectstore", bucket: "B", interval: 90 });
const BEGUN = begunSource(TABLE, { cursor: "7", now: NOW });
const stateOf = (more: Partial<SourceState> = {}): SourceState => ({ ...BEGUN, ...more });
const following = (outcomes: EventOutcome[], more: Partial<SourceState> = {}) => fired(stateOf(more), outcomes, NOW);

describe("a feed that begins", () => {
  it("is looked at at once where it is looked at at all", () => {
    expect(BEGUN).toMatchObject({ cursor: "7", nextPoll: NOW, created: NOW, retryAt: 0, lastPoll: null });
    expect(begunSource(HEARD, { cursor: null, now: NOW })).toMatchObject({ cursor: null, nextPoll: null });
    expect(begunSource({ ...LISTED, queue: "q" }, { cursor: null, now: NOW }).nextPoll).toBeNull();
  });

  it("again forgets why it stood, and keeps what it has read and counted", () => {
    const stood = stateOf({
      paused: true,
      stopped: "gone",
      blocked: "b",
      retryAt: NOW + 9,
      tries: 3,
      fired: 5,
      cursor: "8",
    });
    expect(resumedSource(TABLE, { ...stood, nextPoll: NOW + 99 }, NOW + 1)).toEqual({
      ...stood,
      ...{ paused: false, stopped: "", blocked: "", retryAt: 0, tries: 0, nextPoll: NOW + 1 },
    });
    expect(resumedSource(HEARD, stood, NOW).nextPoll).toBeNull();
  });
});

describe("what it has to do", () => {
  it("is to fire what waits, else to look again; nothing while it is paused or stopped", () => {
    const state = stateOf({ retryAt: 5, nextPoll: 9 });
    expect([sourceDueAt(state, 1), sourceDueAt(state, 0), sourceDueAt({ ...state, nextPoll: null }, 0)]).toEqual([
      5,
      9,
      null,
    ]);
    for (const stands of [{ paused: true }, { stopped: "x" }]) {
      expect([sourceDueAt({ ...state, ...stands }, 1), sourceDueAt({ ...state, ...stands }, 0)]).toEqual([null, null]);
    }
  });
});

describe("a look", () => {
  it("that came to something clears what was wrong; the next is at once where there is more", () => {
    const state = stateOf({ blocked: "b", tries: 4, lastError: { text: "e", at: 1 } });
    expect(polled(TABLE, state, { now: NOW, more: false })).toEqual({
      ...{ ...state, blocked: "", tries: 0, lastPoll: NOW, nextPoll: NOW + 10_000 },
    });
    expect(polled(LISTED, state, { now: NOW, more: true }).nextPoll).toBe(NOW);
  });

  it("that failed is made again at the next interval; where it may not be read, in a minute at least", () => {
    const told = (feed: DatabaseFeed | ObjectStoreFeed, kind: "blocked" | "failed" | "gone") =>
      notPolled(feed, BEGUN, { now: NOW, kind, text: "no" });
    expect(told(TABLE, "failed")).toMatchObject({ blocked: "no", stopped: "", lastPoll: NOW, nextPoll: NOW + 10_000 });
    expect(told(TABLE, "blocked")).toMatchObject({ blocked: "no", nextPoll: NOW + 60_000 });
    expect(told(LISTED, "blocked")).toMatchObject({ nextPoll: NOW + 90_000 });
    expect(told(TABLE, "gone")).toMatchObject({ stopped: "no", blocked: "", lastError: { text: "no", at: NOW } });
    expect(sourceDueAt(told(TABLE, "gone"), 0)).toBeNull();
  });

  it("that found what can never fire counts it, and tells the last of it", () => {
    expect(rejectedOf(BEGUN, [], NOW)).toBe(BEGUN);
    expect(rejectedOf(stateOf({ rejected: 1 }), ["a", "b"], NOW)).toMatchObject({
      ...{ rejected: 3, lastError: { text: "b", at: NOW } },
    });
  });
});

describe("a refusal", () => {
  it.each([
    [404, "gone"],
    [409, "gone"],
    [408, "again"],
    [425, "again"],
    [429, "again"],
    [500, "again"],
    [503, "again"],
    [499, "rejected"],
    [400, "rejected"],
    [403, "rejected"],
    [413, "rejected"],
  ])("with %d means %s", (statusCode, kind) =>
    expect(refusalOf({ statusCode, text: "t" })).toEqual({ kind, text: "t" }),
  );
});

describe("fires", () => {
  it("that came through are done with and counted, and clear what was wrong", () => {
    const { state, done } = following([{ kind: "fired" }, { kind: "idle" }, { kind: "rejected", text: "r" }], {
      ...{ blocked: "b", tries: 3, retryAt: NOW, fired: 10, idle: 20, rejected: 30 },
    });
    expect(done).toEqual([true, true, true]);
    expect(state).toMatchObject({ fired: 11, idle: 21, rejected: 31, blocked: "", tries: 0, retryAt: 0 });
    expect(state.lastError).toEqual({ text: "r", at: NOW });
  });

  it("that must be made again wait longer each time, up to a minute; the others are done with", () => {
    const again: EventOutcome = { kind: "again", text: "busy" };
    const { state, done } = following([{ kind: "fired" }, again, { kind: "again", text: "later" }]);
    expect(done).toEqual([true, false, false]);
    expect(state).toMatchObject({
      fired: 1,
      tries: 1,
      retryAt: NOW + 1_000,
      blocked: "busy",
      lastError: { text: "busy" },
    });
    const pauses = [1, 2, 5, 6, 1_000].map((tries) => following([again], { tries }).state.retryAt - NOW);
    expect(pauses).toEqual([2_000, 4_000, 32_000, 60_000, 60_000]);
  });

  it("of a namespace that may fire nothing wait a minute, whatever else was to be made again", () => {
    const { state, done } = following([
      { kind: "again", text: "busy" },
      { kind: "barred", text: "blocked" },
    ]);
    expect([done, state.retryAt, state.blocked, state.tries]).toEqual([[false, false], NOW + 60_000, "blocked", 1]);
  });

  it("of a trigger that is gone stop the feed, whatever else became of them", () => {
    const { state, done } = following([
      { kind: "fired" },
      { kind: "barred", text: "b" },
      { kind: "gone", text: "no trigger" },
    ]);
    const text = "the trigger cannot be fired: no trigger";
    expect([done, state.stopped, state.fired, state.retryAt]).toEqual([[true, false, false], text, 1, 0]);
    expect(state.lastError).toEqual({ text, at: NOW });
  });

  it("of nothing change nothing but what was wrong", () => {
    expect(following([], { blocked: "b", retryAt: 9 })).toEqual({ done: [], state: stateOf() });
  });
});
