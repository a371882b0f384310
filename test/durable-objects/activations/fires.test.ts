// Fires in the store's core over real SQL: one fact, one record, and the fan-out asked for again until it is over.

import { expect, test } from "vitest";
import { StoreCore } from "../../../durable-objects/activations/core.ts";
import { MAX_FIRES, RESUME_AFTER } from "../../../durable-objects/activations/fires.ts";
import { MovingTurns } from "../../../durable-objects/activations/moving-turns.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import type { Fire } from "../../../src/protocol/fire.ts";
import { callOf, metaOf } from "../calls.ts";
import { Clock, openDatabase } from "../clock.ts";
import { MemoryHook } from "../hook.ts";
import { MemoryShelves } from "../shelves.ts";

class World {
  readonly clock = new Clock();
  readonly database = openDatabase();
  resumed: { id: string; started: string[] }[] = [];
  forgotten: string[] = [];
  left: string[] = [];
  alarmAt: number | undefined;
  /** What the Worker does when it is asked. */
  onResume: (fire: Fire) => Promise<void> = async () => {};
  core = this.incarnate();

  incarnate(): StoreCore {
    this.core = new StoreCore("ns:01", {
      database: this.database,
      ports: {
        now: this.clock.now,
        turns: new MovingTurns(),
        maxQueue: 3_600_000,
        shelves: new MemoryShelves(),
        after: this.clock.after,
        setAlarm: (at) => {
          this.alarmAt = at;
        },
        scheduler: () => {
          throw new Error("nobody is there");
        },
        resume: (fire, started) => {
          this.resumed.push({ id: fire.id, started });
          return this.onResume(fire);
        },
        roster: { schedulers: async () => [], waiting: async () => {}, full: async () => {} },
        hook: new MemoryHook(),
        ledgerFault: async () => null,
        sinks: () => ({ take: async () => {}, wake: async () => {} }),
        leave: (_namespace, ids) => void this.left.push(...ids),
        forget: (keys) => void this.forgotten.push(...keys),
        warn: () => {},
      },
    });
    return this.core;
  }

  /** Goes on until the alarm has rung, if it is set within `ms`. */
  async ring(ms = 1_000_000): Promise<boolean> {
    const { alarmAt } = this;
    if (alarmAt === undefined || alarmAt - this.clock.at > ms) return false;
    this.alarmAt = undefined;
    await this.clock.advance(Math.max(0, alarmAt - this.clock.at));
    await this.core.alarm();
    return true;
  }
}

const LOGS = { inline: '["line"]' };

function fireOf(changes: Partial<Fire> = {}): Fire {
  const { namespace, namespaceId, subject, version, transactionId } = metaOf();
  const id = newActivationId(1_700_000_000_000, 1);
  return {
    id,
    about: { namespace, namespaceId, subject, name: "hook", version, acceptedAt: 17, transactionId },
    payload: { inline: '{"a":1.0}' },
    args: { inline: '{"b":2,"a":1.0}' },
    onBehalf: {
      identity: { subject, namespace: { name: namespace, uuid: namespaceId }, limits: {}, derived: false },
      sealedKey: "v1.x",
      apiHost: "http://here",
    },
    rules: [
      {
        rule: "guest/r",
        action: { path: "guest", name: "hello" },
        active: true,
        id: newActivationId(1_700_000_000_000, 1),
      },
    ],
    ...changes,
  };
}

test("the record of a fire is the payload and the lines, without an end", async () => {
  const { core } = new World();
  const fire = fireOf();
  expect(core.fire(fire)).toEqual({ kind: "accepted" });
  expect(core.get(fire.id)).toEqual({ record: null, known: true });
  core.fired(fire.id, LOGS);
  expect(core.get(fire.id).record).toMatchObject({
    ...{ activationId: fire.id, name: "hook", start: 17, end: 0, duration: 0, statusCode: 0 },
    ...{ result: { inline: '{"a":1.0}' }, size: 9, logs: LOGS, annotations: "[]" },
  });
  expect(core.backlog()).toMatchObject({ fires: 0 });
  expect(core.page({ name: "hook" }, 10).records).toHaveLength(1);
});

test("a fire accepted twice is one, also after it is over, and its first record holds", () => {
  const { core } = new World();
  const fire = fireOf();
  core.fire(fire);
  core.fire(fire);
  expect(core.backlog()).toMatchObject({ fires: 1 });
  core.fired(fire.id, LOGS);
  core.fired(fire.id, { inline: '["other"]' });
  core.fire(fire);
  expect(core.backlog()).toMatchObject({ fires: 0 });
  expect(core.get(fire.id).record?.logs).toEqual(LOGS);
});

test("word of a fire nobody knows makes no record", () => {
  const { core } = new World();
  const { id } = fireOf();
  core.fired(id, LOGS);
  expect(core.get(id)).toEqual({ record: null, known: false });
});

test("a fan-out that is over in time is not asked for again", async () => {
  const world = new World();
  const fire = fireOf();
  world.core.fire(fire);
  world.core.fired(fire.id, LOGS);
  while (await world.ring());
  expect(world.resumed).toEqual([]);
});

test("a fan-out that is not over is asked for again, with what is known of it", async () => {
  const world = new World();
  const fire = fireOf();
  world.core.fire(fire);
  world.core.accept([callOf({ id: fire.rules[0]!.id })], { candidates: [] });
  world.onResume = async ({ id }) => world.core.fired(id, LOGS);
  const before = world.clock.at;
  while (world.resumed.length === 0) await world.ring();
  expect(world.clock.at - before).toBeLessThanOrEqual(RESUME_AFTER);
  expect(world.resumed).toEqual([{ id: fire.id, started: [fire.rules[0]!.id] }]);
  expect(world.core.get(fire.id).record).not.toBeNull();
});

test("it is asked for until it is over, with growing pauses, whether the Worker fails or stays silent", async () => {
  const world = new World();
  world.core.fire(fireOf());
  world.onResume = async () => {
    if (world.resumed.length % 2 === 0) throw new Error("no");
    await new Promise(() => {});
  };
  const times: number[] = [];
  for (let rings = 0; rings < 200 && times.length < 8; rings++) {
    const before = world.resumed.length;
    await world.ring();
    if (world.resumed.length > before) times.push(world.clock.at);
  }
  const pauses = times.slice(1).map((at, index) => at - times[index]!);
  expect(pauses).toHaveLength(7);
  for (const pause of pauses) expect(pause).toBeLessThanOrEqual(90_000);
  expect(pauses.at(-1)).toBeGreaterThan(pauses[0]!);
});

test("a new incarnation takes up what the last one left, a few at a time, without ringing for the rest", async () => {
  const world = new World();
  const fires = Array.from({ length: 100 }, () => fireOf());
  for (const fire of fires) world.core.fire(fire);
  await world.clock.advance(60_000);
  world.alarmAt = undefined;
  world.incarnate();
  let flying = 0;
  let most = 0;
  world.onResume = async ({ id }) => {
    most = Math.max(most, ++flying);
    await new Promise<void>((resolve) => {
      world.clock.after(10, resolve);
    });
    flying--;
    world.core.fired(id, LOGS);
  };
  await world.ring();
  expect(world.resumed).toHaveLength(8);
  expect(world.alarmAt).toBeGreaterThan(world.clock.at);
  await world.clock.advance(1_000);
  expect(world.resumed).toHaveLength(100);
  expect(new Set(world.resumed.map((each) => each.id)).size).toBe(100);
  expect(most).toBe(8);
  expect(world.core.backlog()).toMatchObject({ fires: 0 });
  let rings = 0;
  while (await world.ring()) rings++;
  expect(rings).toBeLessThan(5);
});

test("more than a store takes are refused, and leave nothing", () => {
  const { core } = new World();
  for (let count = 0; count < MAX_FIRES; count++) core.fire(fireOf());
  const one = fireOf();
  expect(core.fire(one)).toEqual({ kind: "full" });
  expect(core.get(one.id)).toEqual({ record: null, known: false });
});

test("whoever asks again for a fire that was taken is told so, however full the store is", () => {
  const { core } = new World();
  const once = { scope: "slot", key: "k", forMs: 60_000, max: 10 };
  const [plain, first] = [fireOf(), fireOf({ once })];
  for (const fire of [plain, first]) core.fire(fire);
  for (let count = 2; count < MAX_FIRES; count++) core.fire(fireOf());
  expect(core.fire(plain)).toEqual({ kind: "accepted" });
  expect(core.fire(first)).toEqual({ kind: "accepted" });
  expect(core.fire(fireOf({ once }))).toEqual({ kind: "duplicate", id: first.id });
  expect(core.fire(fireOf({ once: { ...once, key: "other" } }))).toEqual({ kind: "full" });
  core.fired(plain.id, LOGS);
  core.fire(fireOf());
  expect(core.fire(plain)).toEqual({ kind: "accepted" });
});

test("arguments in the blob store are forgotten with the fact, what was posted is kept; no permit is given back", () => {
  const world = new World();
  const blob = { blob: "results/1", size: 70_000 };
  const fire = fireOf({ args: { blob: "args/1", size: 70_100 }, payload: blob });
  world.core.fire(fire);
  world.core.fired(fire.id, LOGS);
  expect(world.forgotten).toEqual(["args/1"]);
  expect(world.left).toEqual([]);
  expect(world.core.get(fire.id).record).toMatchObject({ result: blob, size: 70_000 });
});

test("who waits for the record hears of it; where storing is off, nobody reads it", async () => {
  const { core } = new World();
  const fire = fireOf();
  const secret = { ...fire, about: { ...fire.about, store: false } };
  core.fire(secret);
  const waiting = core.await(fire.id, { ms: 1_000 });
  core.fired(fire.id, LOGS);
  expect((await waiting).record).toMatchObject({ activationId: fire.id });
  expect(core.get(fire.id).record).toBeNull();
  core.fire(secret);
  expect(core.backlog()).toMatchObject({ fires: 0 });
});

const ONCE = { scope: "hook", key: "a", forMs: 1_000, max: 2 };

test("what is told of again fires nothing and hears the first id, as long as it is known; a retry is no second one", async () => {
  const world = new World();
  const first = fireOf({ once: ONCE });
  expect(world.core.fire(first)).toEqual({ kind: "accepted" });
  expect(world.core.fire(first)).toEqual({ kind: "accepted" });
  expect(world.core.fire(fireOf({ once: ONCE }))).toEqual({ kind: "duplicate", id: first.id });
  expect(world.core.backlog()).toMatchObject({ fires: 1 });
  world.core.fired(first.id, LOGS);
  // Another incarnation knows it, too.
  expect(world.incarnate().fire(fireOf({ once: ONCE }))).toEqual({ kind: "duplicate", id: first.id });
  for (const once of [
    { ...ONCE, scope: "other" },
    { ...ONCE, key: "b" },
  ]) {
    expect(world.core.fire(fireOf({ once }))).toEqual({ kind: "accepted" });
  }
  await world.clock.advance(1_000);
  expect(world.core.fire(fireOf({ once: ONCE }))).toEqual({ kind: "accepted" });
});

test("of more keys than may be known the oldest are forgotten", async () => {
  const world = new World();
  for (const key of ["a", "b", "c", "d"]) {
    expect(world.core.fire(fireOf({ once: { ...ONCE, key, forMs: 1e9 } }))).toEqual({ kind: "accepted" });
    await world.clock.advance(1);
  }
  for (const key of ["c", "d"]) {
    expect(world.core.fire(fireOf({ once: { ...ONCE, key } }))).toMatchObject({ kind: "duplicate" });
  }
  expect(world.core.fire(fireOf({ once: { ...ONCE, key: "a" } }))).toEqual({ kind: "accepted" });
});

test("where too many fires are under way, a key that was not fired is not known", () => {
  const { core } = new World();
  for (let at = 0; at < MAX_FIRES; at++) core.fire(fireOf());
  expect(core.fire(fireOf({ once: ONCE }))).toEqual({ kind: "full" });
  const { core: other } = new World();
  expect(other.fire(fireOf({ once: ONCE }))).toEqual({ kind: "accepted" });
});
