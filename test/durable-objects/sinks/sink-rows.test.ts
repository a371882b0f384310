// A namespace's sinks as they lie in tables: who gets an event, what finds no room, and what is counted of it.

import { beforeEach, describe, expect, it } from "vitest";
import { MAX_LETTERS, MAX_WAITING, SinkRows } from "../../../durable-objects/sinks/sink-rows.ts";
import type { SinkSettings } from "../../../src/entities/sink.ts";
import type { SinkEvent, SinkOf } from "../../../src/protocol/sinks.ts";
import { openDatabase } from "../clock.ts";

const NOW = 1_800_000_000_000;
const OF: SinkOf = { kind: "action", name: "hello" };
const NAMESPACE = { name: "guest", uuid: "ns" };
const SETTINGS: SinkSettings = {
  ...{ url: "https://a.example/", format: "binary", retry: 3 },
  ...{ backoffPolicy: "linear", backoffDelay: "PT1S" },
};
const NOBODY = { now: NOW, busy: [], max: 100 };
const GIVEN_UP = { now: NOW, code: 400, data: "said" };

let rows: SinkRows;

beforeEach(() => {
  rows = new SinkRows(openDatabase());
});

function eventOf(id: string, { of = OF, text = "{}" } = {}): SinkEvent {
  return { id, ...of, namespace: "guest", at: NOW, status: "success", durationMs: 1, data: { inline: text } };
}

function made(of: SinkOf = OF, settings: SinkSettings = SETTINGS): number {
  rows.put(of, settings, { namespace: NAMESPACE, now: NOW });
  return rows.find(of)?.number ?? Number.NaN;
}

const idsOf = (number: number) => rows.due(number, NOBODY).map(({ event }) => event.id);
const lettersOf = (number: number) => rows.letters(number, { limit: 10_000, skip: 0 });
const viewOf = (of: SinkOf = OF) => rows.views(NOW).find(({ kind, name }) => kind === of.kind && name === of.name);

/** All of a queue's places but `left`. */
function fill(number: number, left = 0): void {
  rows.take(
    Array.from({ length: MAX_WAITING - left }, (_, at) => eventOf(`full-${at}`)),
    NOW,
  );
  expect(viewOf()?.waiting).toBe(MAX_WAITING - left);
  expect(lettersOf(number)).toEqual([]);
}

describe("a sink", () => {
  it("is kept as it was made; an action and a trigger of one name have their own", () => {
    const action = made();
    const trigger = made({ kind: "trigger", name: "hello" });
    expect(action).not.toBe(trigger);
    expect(rows.find(OF)).toEqual({ ...OF, number: action, settings: SETTINGS, namespace: NAMESPACE, stopped: "" });
    expect(rows.all().map(({ kind }) => kind)).toEqual(["action", "trigger"]);
    expect(rows.find({ kind: "action", name: "other" })).toBeNull();
  });

  it("that is made again keeps its number, its time and its counts, and goes on", () => {
    const number = made();
    rows.take([eventOf("1")], NOW);
    rows.delivered(number, rows.due(number, NOBODY)[0]?.seq ?? 0);
    rows.stop(number, "gone");
    expect(viewOf()).toMatchObject({ stopped: "gone", delivered: 1 });
    rows.put(OF, { ...SETTINGS, retry: 0 }, { namespace: { name: "renamed", uuid: "ns" }, now: NOW + 5 });
    expect(rows.find(OF)).toMatchObject({
      number,
      stopped: "",
      settings: { retry: 0 },
      namespace: { name: "renamed" },
    });
    expect(viewOf()).toMatchObject({ created: NOW, delivered: 1 });
  });

  it("goes with what waits and with its dead letters, and no other's", () => {
    const [one, other] = [made(), made({ kind: "trigger", name: "t" })];
    for (const of of [OF, { kind: "trigger", name: "t" } as const]) {
      rows.take([eventOf("1", { of }), eventOf("2", { of })], NOW);
    }
    for (const number of [one, other]) {
      const [first] = rows.due(number, NOBODY);
      if (first !== undefined) rows.bury(number, first, GIVEN_UP);
    }
    rows.remove(one);
    expect([rows.find(OF), idsOf(one), lettersOf(one)]).toEqual([null, [], []]);
    expect([idsOf(other), lettersOf(other).map(({ id }) => id)]).toEqual([["2"], ["1"]]);
  });
});

describe("events", () => {
  it.each([
    { kind: "action", name: "my action" },
    { kind: "action", name: "my package/an action" },
    { kind: "trigger", name: "a @.&- b" },
  ] as const)("come to the sink of $kind '$name'", (of) => {
    const number = made(of);
    made({ ...of, name: "my" });
    rows.take([eventOf("1", { of }), eventOf("2", { of })], NOW);
    expect(idsOf(number)).toEqual(["1", "2"]);
  });

  it("without a sink are let go, and keep no others from theirs", () => {
    const number = made();
    rows.take([eventOf("1", { of: { kind: "trigger", name: "hello" } }), eventOf("2")], NOW);
    expect(idsOf(number)).toEqual(["2"]);
  });

  it("that are told again are taken once, be they waiting or given up", () => {
    const number = made();
    rows.take([eventOf("1"), eventOf("1"), eventOf("2")], NOW);
    const [first] = rows.due(number, NOBODY);
    if (first !== undefined) rows.bury(number, first, GIVEN_UP);
    rows.take([eventOf("1"), eventOf("2")], NOW + 1);
    expect(viewOf()).toMatchObject({ waiting: 1, letters: 1, dead: 1 });
  });

  it("that find no room are dead letters; the last place is taken", () => {
    const number = made();
    fill(number, 1);
    rows.take([eventOf("last"), eventOf("over")], NOW + 7);
    expect(viewOf()).toMatchObject({ waiting: MAX_WAITING, letters: 1, dead: 1, dropped: 0 });
    expect(lettersOf(number)).toMatchObject([
      { id: "over", at: NOW + 7, tries: 0, code: 0, data: "too many events waited for this sink" },
    ]);
  });

  it("that wait already are no dead letters when they are told again to a full queue", () => {
    const number = made();
    fill(number, 1);
    const told = [eventOf("full-0"), eventOf("last"), eventOf("over")];
    for (let time = 0; time < 2; time++) rows.take(told, NOW);
    expect(viewOf()).toMatchObject({ waiting: MAX_WAITING, letters: 1, dead: 1 });
    expect(lettersOf(number).map(({ id }) => id)).toEqual(["over"]);
  });

  it("are bounded by their characters, too: what is small still finds room", () => {
    const number = made();
    const large = "x".repeat(17 * 1024 * 1024);
    rows.take([..."1234"].map((id) => eventOf(id, { text: large })).concat(eventOf("5")), NOW);
    expect(idsOf(number)).toEqual(["1", "2", "3", "5"]);
    expect(lettersOf(number).map(({ id }) => id)).toEqual(["4"]);
  });

  it("are due by their time, then as they came; not those on their way, and not too many", () => {
    const number = made();
    rows.take([eventOf("1"), eventOf("2"), eventOf("3")], NOW);
    const [one, two] = rows.due(number, NOBODY);
    rows.later(one?.seq ?? 0, { due: NOW + 10, tries: 4 });
    expect(idsOf(number)).toEqual(["2", "3"]);
    expect(rows.due(number, { now: NOW + 9, busy: [], max: 9 }).length).toBe(2);
    expect(rows.due(number, { now: NOW + 10, busy: [two?.seq ?? 0], max: 9 }).map(({ tries }) => tries)).toEqual([
      0, 4,
    ]);
    expect(rows.due(number, { now: NOW + 10, busy: [], max: 1 }).map(({ event }) => event.id)).toEqual(["2"]);
    expect(viewOf()).toMatchObject({ tries: 4, oldestWaitMs: 0, waiting: 3 });
    expect(rows.views(NOW + 30)[0]?.oldestWaitMs).toBe(30);
  });

  it("of sinks that go on say when the next is due, but for those on their way", () => {
    expect(rows.next([])).toBe(Number.POSITIVE_INFINITY);
    const [one, other] = [made(), made({ kind: "trigger", name: "t" })];
    rows.take([eventOf("1")], NOW);
    rows.take([eventOf("2", { of: { kind: "trigger", name: "t" } })], NOW + 5);
    expect(rows.next([])).toBe(NOW);
    rows.stop(one, "the sink is gone");
    expect(rows.next([])).toBe(NOW + 5);
    const [event] = rows.due(other, { ...NOBODY, now: NOW + 5 });
    expect(rows.next([event?.seq ?? 0])).toBe(Number.POSITIVE_INFINITY);
  });

  it("count as delivered or as passed on once, however often that is said", () => {
    const number = made();
    rows.take([eventOf("1"), eventOf("2")], NOW);
    const [one, two] = rows.due(number, NOBODY);
    for (let time = 0; time < 2; time++) {
      rows.delivered(number, one?.seq ?? 0);
      rows.passedOn(number, two?.seq ?? 0);
    }
    expect(viewOf()).toMatchObject({ delivered: 1, passedOn: 1, waiting: 0, dead: 0 });
  });

  it("on their way to the dead letter sink begin anew, with how they were given up", () => {
    const number = made();
    rows.take([eventOf("1")], NOW);
    const [event] = rows.due(number, NOBODY);
    rows.later(event?.seq ?? 0, { due: NOW + 5, tries: 9 });
    const dead = { tries: 9, code: 503, data: "busy" };
    rows.passOn(event?.seq ?? 0, dead, NOW + 1);
    expect(rows.due(number, { ...NOBODY, now: NOW + 1 })).toMatchObject([{ tries: 0, dead }]);
  });
});

describe("dead letters", () => {
  it("come the newest first, in pages, with how they ended; one that is gone is buried no more", () => {
    const number = made();
    rows.take([eventOf("1"), eventOf("2"), eventOf("3")], NOW);
    for (const event of rows.due(number, NOBODY)) {
      rows.bury(number, { ...event, tries: 2 }, GIVEN_UP);
      rows.bury(number, { ...event, tries: 3 }, GIVEN_UP);
    }
    expect(rows.letters(number, { limit: 1, skip: 1 })).toEqual([
      { id: "2", at: NOW, tries: 2, code: 400, data: "said", event: eventOf("2") },
    ]);
    expect(lettersOf(number).map(({ id }) => id)).toEqual(["3", "2", "1"]);
    expect(viewOf()).toMatchObject({ dead: 3, letters: 3, dropped: 0 });
  });

  it("beyond the most are dropped, the oldest first", () => {
    const number = made();
    rows.take(
      Array.from({ length: MAX_LETTERS + 2 }, (_, at) => eventOf(`${at}`)),
      NOW,
    );
    for (const event of rows.due(number, { ...NOBODY, max: MAX_LETTERS + 2 })) rows.bury(number, event, GIVEN_UP);
    expect(viewOf()).toMatchObject({ dead: MAX_LETTERS + 2, letters: MAX_LETTERS, dropped: 2 });
    expect(lettersOf(number).at(-1)?.id).toBe("2");
  });

  it("are bounded by their characters, but the last one is always kept", () => {
    const number = made();
    rows.take([eventOf("1"), eventOf("2", { text: "x".repeat(17 * 1024 * 1024) })], NOW);
    for (const event of rows.due(number, NOBODY)) rows.bury(number, event, GIVEN_UP);
    expect(lettersOf(number).map(({ id }) => id)).toEqual(["2"]);
    expect(viewOf()).toMatchObject({ dead: 2, dropped: 1 });
  });

  it("are sent again as they were asked for, the oldest first, as far as there is room", () => {
    const number = made();
    rows.take([eventOf("1"), eventOf("2"), eventOf("3")], NOW);
    for (const event of rows.due(number, NOBODY)) rows.bury(number, event, GIVEN_UP);
    expect(rows.again(number, ["2", "none"], NOW + 1)).toBe(1);
    expect(rows.due(number, { ...NOBODY, now: NOW + 1 })).toMatchObject([{ tries: 0, dead: null, event: { id: "2" } }]);
    rows.take(
      Array.from({ length: MAX_WAITING - 2 }, (_, at) => eventOf(`full-${at}`)),
      NOW,
    );
    expect(rows.again(number, null, NOW + 1)).toBe(1);
    expect(lettersOf(number).map(({ id }) => id)).toEqual(["3"]);
    expect([rows.again(number, null, NOW + 1), rows.again(number, [], NOW + 1)]).toEqual([0, 0]);
  });
});
