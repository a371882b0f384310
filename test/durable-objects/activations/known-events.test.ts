// Fires of CloudEvents in the store's core over real SQL: all or none, each event once, also by a later incarnation.

import { expect, test } from "vitest";
import { StoreCore } from "../../../durable-objects/activations/core.ts";
import { MAX_FIRES } from "../../../durable-objects/activations/fires.ts";
import { EventBook } from "../../../durable-objects/activations/known-events.ts";
import { MovingTurns } from "../../../durable-objects/activations/moving-turns.ts";
import { MIGRATIONS } from "../../../durable-objects/activations/schema.ts";
import { migrate } from "../../../durable-objects/shared/schema.ts";
import { eventActivationId, eventKey } from "../../../src/entities/activation-id.ts";
import type { EventFire } from "../../../src/protocol/fire.ts";
import { metaOf } from "../calls.ts";
import { Clock, openDatabase } from "../clock.ts";
import { MemoryHook } from "../hook.ts";
import { MemoryShelves } from "../shelves.ts";

const SHARD = 1;

class World {
  readonly clock = new Clock();
  readonly database = openDatabase();

  incarnate(): StoreCore {
    return new StoreCore("ns:01", {
      database: this.database,
      ports: {
        ...{
          now: this.clock.now,
          after: this.clock.after,
          setAlarm: () => {},
          warn: () => {},
          turns: new MovingTurns(),
          maxQueue: 3_600_000,
        },
        shelves: new MemoryShelves(),
        scheduler: () => {
          throw new Error("nobody is there");
        },
        resume: async () => {},
        roster: { schedulers: async () => [], waiting: async () => {}, full: async () => {} },
        hook: new MemoryHook(),
        ledgerFault: async () => null,
        sinks: () => ({ take: async () => {}, wake: async () => {} }),
        leave: () => {},
        forget: () => {},
      },
    });
  }

  /** Fires of the events with these ids, as of now. */
  async events(...ids: string[]): Promise<EventFire[]> {
    const { namespace, namespaceId, subject, version, transactionId } = metaOf();
    const now = this.clock.now();
    return Promise.all(
      ids.map(async (id) => {
        const key = await eventKey("feed", { source: "/a", id });
        return {
          key,
          fire: {
            id: eventActivationId(key, { now, shard: SHARD }),
            about: { namespace, namespaceId, subject, name: "hook", version, acceptedAt: now, transactionId },
            ...{ payload: { inline: "{}" }, args: { inline: "{}" }, rules: [] },
            onBehalf: {
              identity: { subject, namespace: { name: namespace, uuid: namespaceId }, limits: {}, derived: false },
              ...{ sealedKey: "v1.x", apiHost: "http://here" },
            },
          },
        };
      }),
    );
  }
}

const idsOf = (fires: readonly EventFire[]) => fires.map(({ fire }) => fire.id);

test("an event that comes again fires nothing and hears the first one's id, also of a later incarnation", async () => {
  const world = new World();
  const core = world.incarnate();
  const first = await world.events("1", "2");
  const [one, two] = idsOf(first);
  expect(core.fires.acceptEvents("feed", first, { max: 10 })).toEqual({
    kind: "accepted",
    fires: [
      { id: one, isNew: true },
      { id: two, isNew: true },
    ],
  });
  await world.clock.advance(86_400_000 * 30);
  const later = world.incarnate();
  const [, again, third] = await world.events("1", "2", "3");
  expect(again?.fire.id).not.toBe(two);
  expect(later.fires.acceptEvents("feed", [again!, third!], { max: 10 })).toEqual({
    kind: "accepted",
    fires: [
      { id: two, isNew: false },
      { id: third?.fire.id, isNew: true },
    ],
  });
  expect(later.backlog()).toMatchObject({ fires: 3 });
  expect(later.fires.knownEvents("feed", { forget: false })).toEqual({ known: 3, forgotten: 0, repeated: 1 });
});

test("events that do not all find room fire none, and none is known", async () => {
  const world = new World();
  const core = world.incarnate();
  const ids = Array.from({ length: MAX_FIRES - 1 }, (_, n) => `f${n}`);
  expect(core.fires.acceptEvents("feed", await world.events(...ids), { max: MAX_FIRES })).toMatchObject({
    kind: "accepted",
  });
  const two = await world.events("x", "y");
  expect(core.fires.acceptEvents("feed", two, { max: MAX_FIRES })).toEqual({ kind: "full" });
  expect(core.backlog()).toMatchObject({ fires: MAX_FIRES - 1 });
  expect(core.fires.acceptEvents("feed", two.slice(1), { max: MAX_FIRES })).toMatchObject({ fires: [{ isNew: true }] });
});

test("events that have fired are known, however full the store is; with one that has not they are refused", async () => {
  const world = new World();
  const core = world.incarnate();
  const ids = Array.from({ length: MAX_FIRES }, (_, n) => `f${n}`);
  core.fires.acceptEvents("feed", await world.events(...ids), { max: MAX_FIRES });
  expect(core.fires.acceptEvents("feed", await world.events("f0", "f1"), { max: MAX_FIRES })).toMatchObject({
    fires: [{ isNew: false }, { isNew: false }],
  });
  expect(core.fires.acceptEvents("feed", await world.events("f0", "new"), { max: MAX_FIRES })).toEqual({
    kind: "full",
  });
  expect(core.fires.acceptEvents("other", await world.events("f0"), { max: MAX_FIRES })).toEqual({ kind: "full" });
});

test("what fails in the middle leaves nothing behind", async () => {
  const world = new World();
  const core = world.incarnate();
  const [good, bad] = await world.events("1", "2");
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const broken = { ...bad!, fire: { ...bad!.fire, rules: circle as never } };
  expect(() => core.fires.acceptEvents("feed", [good!, broken], { max: 10 })).toThrow("circular");
  expect(core.backlog()).toMatchObject({ fires: 0 });
  expect(core.fires.acceptEvents("feed", [good!], { max: 10 })).toMatchObject({ fires: [{ isNew: true }] });
});

test("of more than its bound the oldest are forgotten first, and counted; feeds do not know each other's events", () => {
  const { sql, ...rest } = openDatabase();
  migrate({ sql, ...rest }, MIGRATIONS);
  const book = new EventBook(sql);
  for (let n = 0; n < 10; n++) book.note("a", [`k${n}`], { at: n, max: 4 });
  expect(book.state("a")).toEqual({ known: 4, forgotten: 6, repeated: 0 });
  expect(book.note("a", ["k9", "k6"], { at: 20, max: 4 })).toEqual([9, 6]);
  expect(book.note("a", ["k5"], { at: 20, max: 4 })).toEqual([null]);
  expect(book.note("b", ["k9"], { at: 20, max: 4 })).toEqual([null]);
  expect(new EventBook(sql).state("a")).toEqual({ known: 4, forgotten: 7, repeated: 2 });
});

test("what is asked for an event follows an index, however many are known", () => {
  const { sql, ...rest } = openDatabase();
  migrate({ sql, ...rest }, MIGRATIONS);
  const asked = new Map<string, Parameters<typeof sql.exec>[1][]>();
  const watched: typeof sql = {
    ...sql,
    exec: (query, ...bindings) => {
      asked.set(query, bindings);
      return sql.exec(query, ...bindings);
    },
  };
  const book = new EventBook(watched);
  for (const key of ["a", "b", "a", "c"]) book.note("feed", [key], { at: 1, max: 2 });
  expect(asked.size).toBeGreaterThan(5);
  for (const [query, bindings] of asked) {
    const plan = sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings).toArray();
    const slow = plan.filter(({ detail }) => /^SCAN (?!event_feeds)|TEMP B-TREE/.test(detail));
    expect(slow, query).toEqual([]);
  }
});

test("what is known of a feed that is no more goes piece by piece, also if only other feeds are asked for", () => {
  const { sql, ...rest } = openDatabase();
  migrate({ sql, ...rest }, MIGRATIONS);
  const book = new EventBook(sql);
  const keys = Array.from({ length: 20_500 }, (_, n) => `k${n}`);
  book.note("a", keys, { at: 1, max: 1_000_000 });
  book.note("b", ["other"], { at: 1, max: 10 });
  book.forget("a");
  expect(book.state("a").known).toBe(500);
  for (let n = 0; n < 3; n++) book.note("b", [`n${n}`], { at: 2, max: 10 });
  expect(book.state("a").known).toBe(0);
  expect(sql.exec<{ n: number }>("SELECT count(*) AS n FROM events").one().n).toBe(4);
  book.forget("a");
  expect(sql.exec<{ n: number }>("SELECT count(*) AS n FROM event_feeds").one().n).toBe(1);
});
