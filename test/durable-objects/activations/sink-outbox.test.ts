// What a store hands over to sinks: noted with the record, kept until it is confirmed, of what is followed alone.

import { expect, test } from "vitest";
import { MIGRATIONS } from "../../../durable-objects/activations/schema.ts";
import { SinkOutbox } from "../../../durable-objects/activations/sink-outbox.ts";
import { migrate } from "../../../durable-objects/shared/schema.ts";
import { completionOf, recordOf } from "../../../src/entities/activation.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import type { SinkEvent } from "../../../src/protocol/sinks.ts";
import { metaOf } from "../calls.ts";
import { Clock, openDatabase } from "../clock.ts";

class World {
  readonly clock = new Clock();
  readonly database = openDatabase();
  readonly taken: string[] = [];
  woken = 0;
  isAway = false;
  outbox: SinkOutbox;

  constructor() {
    migrate(this.database, MIGRATIONS);
    this.outbox = this.incarnate();
  }

  incarnate(): SinkOutbox {
    const take = async (events: SinkEvent[]) => {
      if (this.isAway) throw new Error("away");
      this.taken.push(...events.map(({ id }) => id));
    };
    const wake = async () => void this.woken++;
    this.outbox = new SinkOutbox({
      sql: this.database.sql,
      ports: { now: this.clock.now, after: this.clock.after, warn: () => {} },
      sinks: () => ({ take, wake }),
      wake: () => {},
    });
    return this.outbox;
  }

  note(name: string): string {
    const id = newActivationId(this.clock.at, 1);
    const completion = completionOf({ statusCode: 0, result: '{"n":1}' });
    this.outbox.note(recordOf(id, metaOf(), { completion, now: this.clock.at }), name);
    return id;
  }
}

test("what is followed is handed over, all else is not", async () => {
  const world = new World();
  world.note("hello");
  world.outbox.follow([{ kind: "action", name: "hello" }]);
  const ids = [world.note("hello"), world.note("hello")];
  world.note("other");
  await world.clock.advance(1_000);
  expect(world.taken).toEqual(ids);
  world.outbox.follow([{ kind: "trigger", name: "hello" }]);
  world.note("hello");
  await world.clock.advance(1_000);
  expect(world.taken).toEqual(ids);
});

test("what could not be handed over is, later, also by a later incarnation, in order", async () => {
  const world = new World();
  world.outbox.follow([{ kind: "action", name: "hello" }]);
  world.isAway = true;
  const ids = Array.from({ length: 250 }, () => world.note("hello"));
  await world.clock.advance(10_000);
  expect(world.taken).toEqual([]);
  world.isAway = false;
  const later = world.incarnate();
  expect(later.next()).toBe(world.clock.at);
  later.run();
  await world.clock.advance(1_000);
  expect(world.taken.filter((id, at) => world.taken.indexOf(id) === at)).toEqual(ids);
});

test("a store that follows something wakes the sinks when it comes back, one that does not asks for nothing", async () => {
  const world = new World();
  expect(world.outbox.next()).toBe(Number.POSITIVE_INFINITY);
  world.outbox.follow([{ kind: "action", name: "hello" }]);
  world.incarnate().run();
  await world.clock.advance(1_000);
  expect([world.woken, world.taken, world.outbox.next()]).toEqual([1, [], Number.POSITIVE_INFINITY]);
});
