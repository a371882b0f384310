// A namespace's sinks over real SQL and a clock that is told how far to go: nothing is lost that its bounds hold,
// whatever sinks answer.

import { beforeEach, describe, expect, test } from "vitest";
import { type Database, migrate } from "../../../durable-objects/shared/schema.ts";
import { MAX_SINKS, SinksCore } from "../../../durable-objects/sinks/core.ts";
import { MIGRATIONS } from "../../../durable-objects/sinks/schema.ts";
import { MAX_LETTERS, MAX_WAITING } from "../../../durable-objects/sinks/sink-rows.ts";
import type { SinkAnswer, SinkRefusal, SinkSettings } from "../../../src/entities/sink.ts";
import type { SinkEvent, SinkOf } from "../../../src/protocol/sinks.ts";
import { Clock, openDatabase } from "../clock.ts";

const OF: SinkOf = { kind: "action", name: "hello" };
const SETTINGS: SinkSettings = {
  ...{ url: "https://a.example/", format: "binary", retry: 3 },
  ...{ backoffPolicy: "linear", backoffDelay: "PT1S" },
};
const ABOUT = { namespace: { name: "guest", uuid: "ns" }, shards: 2 };
const said = (status: number): SinkAnswer => ({ kind: "answer", status, text: "said", retryAfter: null });

class World {
  readonly clock = new Clock();
  readonly database: Database;
  readonly followed = new Map<number, SinkOf[]>();
  readonly sent: string[] = [];
  alarmAt: number | undefined;
  atOnce = 0;
  most = 0;
  onDeliver: (event: SinkEvent, dead: SinkRefusal | null) => SinkAnswer | Promise<SinkAnswer> = () => said(200);
  core: SinksCore;

  constructor(database: Database = openDatabase()) {
    this.database = database;
    this.core = this.incarnate();
  }

  incarnate(): SinksCore {
    this.core = new SinksCore({
      database: this.database,
      ports: {
        ...{ now: this.clock.now, after: this.clock.after, warn: () => {} },
        setAlarm: (at) => {
          this.alarmAt = at;
        },
        worker: {
          deliver: async (_, __, event, dead) => {
            this.sent.push(event.id);
            this.most = Math.max(this.most, ++this.atOnce);
            try {
              return await this.onDeliver(event, dead);
            } finally {
              this.atOnce--;
            }
          },
        },
        store: (_, shard) => ({ follow: async (these) => void this.followed.set(shard, these) }),
      },
    });
    return this.core;
  }

  /** Goes on for `ms`, with the alarms that ring meanwhile. */
  async go(ms: number): Promise<void> {
    const end = this.clock.at + ms;
    await this.clock.advance(0);
    while (this.alarmAt !== undefined && this.alarmAt <= end) {
      const at = this.alarmAt;
      this.alarmAt = undefined;
      await this.clock.advance(Math.max(0, at - this.clock.at));
      await this.core.alarm();
      await this.clock.advance(0);
    }
    await this.clock.advance(end - this.clock.at);
  }

  view() {
    const [view] = this.core.views();
    if (view === undefined) throw new Error("there is no sink");
    return view;
  }
}

const eventOf = (id: string, more: Partial<SinkEvent> = {}): SinkEvent => ({
  ...{ id, ...OF, namespace: "guest", at: 1, status: "success", durationMs: 1, data: { inline: "{}" } },
  ...more,
});
const events = (count: number, prefix = "e") => Array.from({ length: count }, (_, n) => eventOf(`${prefix}${n}`));

let world: World;

beforeEach(async () => {
  world = new World();
  expect(await world.core.put(OF, SETTINGS, ABOUT)).toBe(true);
});

test("stores are told whose results to hand over, also when a sink goes", async () => {
  expect([...world.followed]).toEqual([
    [0, [OF]],
    [1, [OF]],
  ]);
  expect(await world.core.remove(OF, { shards: 2 })).toBe(true);
  expect([...world.followed.values()]).toEqual([[], []]);
  expect(await world.core.remove(OF, { shards: 2 })).toBe(false);
  world.core.take(events(1));
  await world.go(60_000);
  expect(world.sent).toEqual([]);
});

test("each event is sent, a few at a time; one that is handed over twice while it waits is one", async () => {
  world.onDeliver = () => new Promise((done) => world.clock.after(10, () => done(said(202))));
  world.core.take(events(20));
  world.core.take(events(20));
  await world.go(60_000);
  expect(world.sent.toSorted()).toEqual(
    events(20)
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(world.most).toBe(2);
  expect(world.view()).toMatchObject({ delivered: 20, waiting: 0, dead: 0 });
});

test("what fails is sent again with longer pauses, then given up, read and sent again", async () => {
  const times: number[] = [];
  world.onDeliver = () => {
    times.push(world.clock.at);
    return said(503);
  };
  world.core.take([eventOf("1")]);
  await world.go(60_000);
  const [first = 0] = times;
  expect(times.map((at) => at - first)).toEqual([0, 1_000, 3_000, 6_000]);
  expect(world.view()).toMatchObject({ waiting: 0, dead: 1, letters: 1 });
  const [letter] = world.core.letters(OF, { limit: 10, skip: 0 });
  expect(letter).toMatchObject({ id: "1", tries: 4, code: 503, data: "said", event: { id: "1" } });
  world.onDeliver = () => said(200);
  expect(world.core.again(OF, ["other"])).toBe(0);
  expect(world.core.again(OF, null)).toBe(1);
  await world.go(1_000);
  expect(world.view()).toMatchObject({ delivered: 1, letters: 0, dead: 1 });
});

test("an incarnation that is lost while events are on their way sends them again", async () => {
  world.onDeliver = () => new Promise(() => {});
  world.core.take(events(3));
  await world.go(100);
  expect(world.sent).toEqual(["e0", "e1"]);
  world.onDeliver = () => said(200);
  world.incarnate();
  await world.go(60_000);
  expect(world.sent.slice(2).toSorted()).toEqual(["e0", "e1", "e2"]);
  expect(world.view()).toMatchObject({ delivered: 3, waiting: 0 });
});

test("a sink that is gone is sent nothing more, and has what waited when it is set again", async () => {
  world.onDeliver = () => said(410);
  world.core.take(events(5));
  await world.go(600_000);
  const { stopped, waiting } = world.view();
  expect([stopped, waiting, world.sent.length <= 2]).toEqual([expect.stringContaining("410"), 5, true]);
  world.onDeliver = () => said(200);
  await world.core.put(OF, SETTINGS, ABOUT);
  await world.go(60_000);
  expect(world.view()).toMatchObject({ stopped: "", delivered: 5, waiting: 0 });
});

test("one sink that hangs does not hold up another", async () => {
  const other: SinkOf = { kind: "trigger", name: "hello" };
  await world.core.put(other, SETTINGS, ABOUT);
  world.onDeliver = ({ kind }) => (kind === "action" ? new Promise(() => {}) : said(200));
  world.core.take([...events(5), ...events(5, "t").map((each) => ({ ...each, ...other }))]);
  await world.go(1_000);
  expect(world.core.views().map(({ kind, delivered }) => [kind, delivered])).toEqual([
    ["action", 0],
    ["trigger", 5],
  ]);
});

test("what waits and what was given up is bounded, and counted", async () => {
  world.onDeliver = () => new Promise(() => {});
  for (let n = 0; n < MAX_WAITING + MAX_LETTERS + 10; n += 1_001) {
    world.core.take(events(Math.min(1_001, MAX_WAITING + MAX_LETTERS + 10 - n), `b${n}-`));
  }
  expect(world.view()).toMatchObject({
    ...{ waiting: MAX_WAITING, letters: MAX_LETTERS, dead: MAX_LETTERS + 10, dropped: 10 },
  });
  const [newest] = world.core.letters(OF, { limit: 1, skip: 0 });
  expect(newest).toMatchObject({ code: 0, data: expect.stringContaining("too many") });
  for (let n = 1; n < MAX_SINKS; n++) {
    expect(await world.core.put({ kind: "action", name: `n${n}` }, SETTINGS, ABOUT)).toBe(true);
  }
  expect(await world.core.put({ kind: "action", name: "more" }, SETTINGS, ABOUT)).toBe(false);
  expect(await world.core.put(OF, SETTINGS, ABOUT)).toBe(true);
});

describe("with a dead letter sink", () => {
  const WITH: SinkSettings = { ...SETTINGS, retry: 1, deadLetterSink: "https://dead.example/" };
  beforeEach(async () => {
    await world.core.put(OF, WITH, ABOUT);
  });

  test("what was given up goes there with how it ended, also when the incarnation is lost on the way", async () => {
    const told: (SinkRefusal | null)[] = [];
    world.onDeliver = (_, dead) => {
      told.push(dead);
      if (dead === null) return said(500);
      const isFirst = told.filter((each) => each !== null).length === 1;
      if (isFirst) world.incarnate();
      return said(isFirst ? 503 : 202);
    };
    world.core.take([eventOf("1")]);
    await world.go(60_000);
    const dead = { tries: 2, code: 500, data: "said" };
    expect(told.slice(0, 3)).toEqual([null, null, dead]);
    expect(told.slice(2).every((each) => each?.code === 500)).toBe(true);
    expect(world.view()).toMatchObject({ waiting: 0, passedOn: 1, dead: 0, letters: 0, delivered: 0 });
  });

  test("what that does not take either is kept, with how the sink itself refused it, and no sink stops for it", async () => {
    world.onDeliver = (_, dead) => said(dead === null ? 400 : 410);
    world.core.take([eventOf("1")]);
    await world.go(60_000);
    expect(world.core.letters(OF, { limit: 10, skip: 0 })).toMatchObject([{ id: "1", tries: 1, code: 400 }]);
    expect(world.view()).toMatchObject({ stopped: "", passedOn: 0, dead: 1 });
    world.onDeliver = (_, dead) => said(dead === null ? 200 : 500);
    expect(world.core.again(OF, null)).toBe(1);
    await world.go(60_000);
    expect(world.view()).toMatchObject({ delivered: 1, letters: 0 });
  });
});

test("an object of before knows its sinks and what waited for them", async () => {
  const database = openDatabase();
  migrate(database, MIGRATIONS.slice(0, 1));
  database.sql.exec(
    `INSERT INTO sinks VALUES (1, 'action', 'hello', ?, ?, 1, '', 7, 0, 0)`,
    JSON.stringify(SETTINGS),
    JSON.stringify(ABOUT.namespace),
  );
  const event = JSON.stringify(eventOf("1"));
  database.sql.exec("INSERT INTO queue VALUES (1, 1, '1', 0, 0, 3, ?, ?)", event.length, event);
  const old = new World(database);
  await old.go(1_000);
  expect(old.sent).toEqual(["1"]);
  expect(old.view()).toMatchObject({ delivered: 8, passedOn: 0, waiting: 0 });
});
