// A namespace's feeds of sources over real SQL, a real table and a clock that is told how far to go: each row, object
// and message fires once, whatever is lost on the way.

import { beforeEach, expect, test } from "vitest";
import { MAX_FEEDS, MAX_WAITING, SourcesCore } from "../../../durable-objects/sources/core.ts";
import { DatabaseFeed, type ListedObject, ObjectStoreFeed, type SourceFeed } from "../../../src/entities/source.ts";
import type { SlotFire, SlotFired } from "../../../src/protocol/schedule.ts";
import type { ReadSource, SourceRead } from "../../../src/protocol/sources.ts";
import { Clock, openDatabase } from "../clock.ts";

const TABLE = DatabaseFeed.parse({ kind: "database", database: "D", table: "t", cursor: "id", interval: 10 });
const BUCKET = ObjectStoreFeed.parse({ kind: "objectstore", bucket: "B", interval: 10 });
const QUEUE: SourceFeed = { kind: "queue", queue: "orders" };
const ABOUT = { namespace: { name: "guest", uuid: "ns" }, apiHost: "http://h", shards: 4, cursor: null };

class World {
  readonly clock = new Clock();
  readonly database = openDatabase();
  /** Ids of rows in the table, objects of the bucket. */
  rows: number[] = [];
  objects: ListedObject[] = [];
  readonly asked: ReadSource[] = [];
  /** By activation id: what a store keeps, however often it is told. */
  readonly kept = new Map<string, string>();
  tries = 0;
  alarmAt: number | undefined;
  onFire: (slot: SlotFire) => SlotFired = () => ({ kind: "accepted" });
  onRead: (asked: ReadSource) => SourceRead | Promise<SourceRead> | null = () => null;
  #names = 0;
  core = this.incarnate();

  /** What an earlier one waits for never comes. */
  incarnate(): SourcesCore {
    let core: SourcesCore | undefined;
    const isLive = () => core === undefined || this.core === core;
    const forLiving = async <T>(value: T): Promise<T> => (isLive() ? value : new Promise(() => undefined));
    core = new SourcesCore({
      database: this.database,
      ports: {
        ...{ now: this.clock.now, after: this.clock.after, warn: () => {} },
        fresh: () => `f${this.#names++}`,
        setAlarm: (at) => {
          this.alarmAt = at;
        },
        worker: {
          fireSlots: async (_, slots) => {
            this.tries++;
            const done = slots.map((slot) => {
              const fired = this.onFire(slot);
              if (fired.kind === "accepted") this.kept.set(slot.id, slot.payload);
              return fired;
            });
            return forLiving(done);
          },
          readSource: async (asked) => {
            this.asked.push(asked);
            return forLiving((await this.onRead(asked)) ?? this.read(asked));
          },
        },
      },
    });
    this.core = core;
    return core;
  }

  read({ feed, cursor, after }: ReadSource): SourceRead {
    if (feed.kind === "database") {
      const found = this.rows.filter((id) => cursor === null || id > Number(cursor)).sort((one, other) => one - other);
      const rows = found.slice(0, feed.maxRows);
      return {
        kind: "rows",
        rows: rows.map((id) => ({ value: String(id), row: [["id", String(id)] as const] })),
        more: found.length > rows.length,
      };
    }
    const found = this.objects.filter(({ key }) => key > after).sort((one, other) => (one.key < other.key ? -1 : 1));
    return { kind: "objects", objects: found.slice(0, 2), more: found.length > 2 };
  }

  /** Goes on for `ms`, with the alarms that ring meanwhile. */
  async go(ms: number): Promise<void> {
    const end = this.clock.at + ms;
    for (let turn = 0; turn < 50; turn++) await this.clock.advance(0);
    while (this.alarmAt !== undefined && this.alarmAt <= end) {
      const at = this.alarmAt;
      this.alarmAt = undefined;
      await this.clock.advance(Math.max(0, at - this.clock.at));
      await this.core.alarm();
      for (let turn = 0; turn < 10; turn++) await this.clock.advance(0);
    }
    await this.clock.advance(end - this.clock.at);
  }

  view(trigger = "t") {
    const found = this.core.find(trigger);
    if (found === null) throw new Error("there is no feed");
    return found.view;
  }

  /** What fired, by their rows' ids. */
  ids(): number[] {
    return [...this.kept.values()].map((text) => JSON.parse(text).row.id).sort((one, other) => one - other);
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

const put = (feed: SourceFeed, more: object = {}) => world.core.put({ trigger: "t", feed, ...ABOUT, ...more });
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
const object = (key: string, version = "1") => ({ key, version, size: 1, etag: version, uploaded: world.clock.at });
const message = (id: string, at = 1_000) => ({ id, at, body: `{"id":"${id}"}` });

test("fires once for each row, batch after batch, and looks again after its interval", async () => {
  world.rows = upTo(250);
  put(TABLE);
  await world.go(0);
  expect(world.ids()).toEqual(upTo(250));
  expect(world.view()).toMatchObject({ cursor: "250", fired: 250, waiting: 0, stopped: "", blocked: "" });
  const looks = world.asked.length;
  world.rows.push(251);
  await world.go(9_999);
  expect(world.asked).toHaveLength(looks);
  await world.go(1);
  expect(world.ids()).toEqual(upTo(251));
});

test("begins behind the value it is told", async () => {
  world.rows = upTo(5);
  put(TABLE, { cursor: "3" });
  await world.go(0);
  expect(world.ids()).toEqual([4, 5]);
});

test("fires each row once, wherever an incarnation is lost", async () => {
  world.rows = upTo(120);
  // After a read that is not kept, after fires whose answer is lost, between batches.
  for (const at of [1, 2, 3, 4, 5]) {
    let left = at;
    const lose = <T>(value: T): T => {
      if (--left === 0) world.incarnate();
      return value;
    };
    world = new World();
    world.rows = upTo(120);
    world.onRead = () => lose(null);
    world.onFire = () => lose({ kind: "accepted" });
    put(TABLE);
    await world.go(60_000);
    expect(world.ids()).toEqual(upTo(120));
    expect(world.view()).toMatchObject({ cursor: "120", waiting: 0 });
  }
});

test("tries again what did not come through, with pauses, and reads nothing meanwhile", async () => {
  world.rows = [1];
  world.onFire = () => ({ kind: "refused", statusCode: 429, text: "too many" });
  put(TABLE);
  await world.go(600_000);
  expect(world.asked).toHaveLength(1);
  expect(world.tries).toBeGreaterThan(10);
  expect(world.tries).toBeLessThan(20);
  expect(world.view()).toMatchObject({ waiting: 1, blocked: "too many", lastError: { text: "too many" } });
  world.onFire = () => ({ kind: "accepted" });
  await world.go(60_000);
  expect(world.ids()).toEqual([1]);
  expect(world.view()).toMatchObject({ waiting: 0, blocked: "" });
});

test("counts what can never fire and goes on, and stops where the trigger is gone", async () => {
  world.rows = [1, 2];
  world.onFire = ({ payload }) =>
    payload.includes('"cursor":1') ? { kind: "refused", statusCode: 400, text: "bad" } : { kind: "accepted" };
  put(TABLE);
  await world.go(0);
  expect(world.view()).toMatchObject({ fired: 1, rejected: 1, waiting: 0, lastError: { text: "bad" } });
  world.onRead = () => ({ kind: "gone", text: "the trigger 't' is gone" });
  await world.go(10_000);
  expect(world.view()).toMatchObject({ stopped: "the trigger 't' is gone" });
  const looks = world.asked.length;
  await world.go(600_000);
  expect(world.asked).toHaveLength(looks);
  world.onRead = () => null;
  world.rows.push(3);
  expect(world.core.pause("t", false)).toBe(true);
  await world.go(0);
  expect(world.view()).toMatchObject({ stopped: "", fired: 2, cursor: "3" });
});

test("waits while it may not read, says why, and goes on by itself", async () => {
  world.onRead = () => ({ kind: "blocked", text: "not granted" });
  put(TABLE);
  await world.go(300_000);
  expect(world.view()).toMatchObject({ blocked: "not granted" });
  expect(world.asked.length).toBeLessThanOrEqual(6);
  world.rows = [1];
  world.onRead = () => null;
  await world.go(60_000);
  expect(world.ids()).toEqual([1]);
  expect(world.view()).toMatchObject({ blocked: "" });
});

test("disturbs no other feed when one hangs or fails", async () => {
  world.rows = [1];
  world.onRead = ({ trigger }) => {
    if (trigger === "hangs") return new Promise(() => undefined);
    if (trigger === "throws") throw new Error("bang");
    return null;
  };
  for (const trigger of ["hangs", "throws", "well"]) put(TABLE, { trigger });
  await world.go(20_000);
  expect(world.view("well")).toMatchObject({ fired: 1 });
  expect(world.view("throws").blocked).toContain("bang");
});

test("pauses, goes on where it was, and what is made anew forgets the old", async () => {
  world.rows = [1];
  put(TABLE);
  await world.go(0);
  expect(world.core.pause("t", true)).toBe(true);
  world.rows.push(2);
  await world.go(60_000);
  expect(world.ids()).toEqual([1]);
  world.core.pause("t", false);
  await world.go(0);
  expect(world.ids()).toEqual([1, 2]);
  put(TABLE);
  await world.go(0);
  expect(world.view()).toMatchObject({ fired: 2, cursor: "2" });
  expect(world.core.remove("t")).toBe(true);
  expect(world.core.remove("t")).toBe(false);
  world.rows.push(3);
  await world.go(60_000);
  expect(world.ids()).not.toContain(3);
});

test("a change keeps the cursor, and one that somebody else overtook is told", async () => {
  world.rows = [1];
  put(TABLE);
  await world.go(0);
  const revision = world.core.find("t")?.revision ?? "";
  expect(put({ ...TABLE, interval: 20 }, { revision })).toBe("put");
  expect(put({ ...TABLE, interval: 30 }, { revision })).toBe("changed");
  world.rows.push(2);
  await world.go(0);
  expect(world.view()).toMatchObject({ feed: { interval: 20 }, fired: 2, cursor: "2" });
  for (let n = 1; n < MAX_FEEDS; n++) expect(put(QUEUE, { trigger: `q${n}` })).toBe("put");
  expect(put(QUEUE, { trigger: "one-more" })).toBe("full");
});

test("fires once for each change of a bucket, page after page, and not for what was there", async () => {
  world.objects = [object("a"), object("b"), object("c")];
  await world.go(1_000);
  put(BUCKET);
  await world.go(0);
  expect(world.kept.size).toBe(0);
  expect(world.view()).toMatchObject({ known: 3 });
  await world.go(5_000);
  world.objects = [object("a", "2"), object("c"), object("d"), object("e")].map((each) =>
    each.key === "c" ? { ...each, version: "1" } : each,
  );
  world.incarnate();
  await world.go(30_000);
  const told = [...world.kept.values()].map((text) => JSON.parse(text)).map(({ event, key }) => `${event} ${key}`);
  expect(told.sort()).toEqual(["created a", "created d", "created e", "deleted b"]);
  expect(world.view()).toMatchObject({ known: 4, fired: 4 });
});

test("fires for all that is there where that is wanted", async () => {
  world.objects = [object("a"), object("b"), object("c")];
  await world.go(1_000);
  put({ ...BUCKET, deliver: "all" });
  await world.go(0);
  expect(world.kept.size).toBe(3);
});

test("takes messages of its queue once each, up to a bound, and none while nobody wants them", async () => {
  expect(world.core.take("orders", [message("m1")])).toEqual(["again"]);
  put(QUEUE);
  expect(world.core.take("others", [message("m1")])).toEqual(["again"]);
  expect(world.core.take("orders", [message("m1"), message("m2")])).toEqual(["taken", "taken"]);
  expect(world.core.take("orders", [message("m1")])).toEqual(["taken"]);
  await world.go(0);
  // Its acknowledgement was lost: it comes again.
  expect(world.core.take("orders", [message("m1")])).toEqual(["taken"]);
  await world.go(0);
  expect(world.kept.size).toBe(2);
  world.onFire = () => ({ kind: "unknown", text: "?" });
  const many = upTo(MAX_WAITING + 5).map((n) => message(`n${n}`));
  expect(world.core.take("orders", many).filter((each) => each === "taken")).toHaveLength(MAX_WAITING);
  world.core.pause("t", true);
  expect(world.core.take("orders", [message("m3")])).toEqual(["again"]);
});
