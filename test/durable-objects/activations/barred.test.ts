// Calls in the name of who is barred: what waits ends with a record that says so, what runs goes on,
// also over incarnations.

import { expect, test } from "vitest";
import { StoreCore } from "../../../durable-objects/activations/core.ts";
import { MovingTurns } from "../../../durable-objects/activations/moving-turns.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import type { Offer, OfferReply } from "../../../src/protocol/rpc.ts";
import { callOf, completed } from "../calls.ts";
import { Clock, openDatabase, settle } from "../clock.ts";
import { MemoryHook } from "../hook.ts";
import { MemoryShelves } from "../shelves.ts";

const TEXT = '{"error":"The action was not invoked due to a blacklisted namespace."}';
const ALICE = { about: { subject: "alice" } };
const BOBBY = { about: { subject: "bobby" } };

class World {
  readonly clock = new Clock();
  readonly database = openDatabase();
  readonly offered: Offer[] = [];
  left: string[] = [];
  /** Whether the one scheduler takes what it is offered. */
  takes = true;
  core = this.incarnate();

  incarnate(): StoreCore {
    const offer = async (_: string, offers: Offer[]): Promise<OfferReply> => {
      const accepted = this.takes ? offers.map((each) => each.invocation.id) : [];
      if (this.takes) this.offered.push(...offers);
      const reply = { epoch: 1, boot: "b", accepted, room: 0 };
      return this.takes ? reply : { ...reply, reason: "busy" };
    };
    const holds = async (ids: string[]) => ({ ready: true, epoch: 1, boot: "b", held: ids });
    this.core = new StoreCore("ns:01", {
      database: this.database,
      ports: {
        now: this.clock.now,
        turns: new MovingTurns(),
        maxQueue: 3_600_000,
        shelves: new MemoryShelves(),
        after: this.clock.after,
        setAlarm: () => {},
        scheduler: () => ({ offer, holds }),
        resume: async () => {},
        roster: { schedulers: async () => [], waiting: async () => {}, full: async () => {} },
        hook: new MemoryHook(),
        ledgerFault: async () => null,
        sinks: () => ({ take: async () => {}, wake: async () => {} }),
        leave: (_namespace, ids) => void this.left.push(...ids),
        forget: () => {},
        warn: () => {},
      },
    });
    return this.core;
  }

  async accept(calls: Invocation[], candidates: string[] = []): Promise<void> {
    expect(this.core.accept(calls, { candidates })).toEqual({ kind: "accepted" });
    await settle();
  }

  /** How each ended: its result, or null. */
  results(calls: readonly Invocation[]): (string | null)[] {
    return calls.map(({ id }) => {
      const { record } = this.core.get(id);
      return record === null || !("inline" in record.result) ? null : record.result.inline;
    });
  }

  pull(): Offer[] {
    return this.core.pull("a/0", { epoch: 1, boot: "b", memory: 10_000, max: 100 });
  }
}

test("what waits in a barred subject's name ends as an application error; what waits in others' goes on", async () => {
  const world = new World();
  const [his, hers] = [callOf(BOBBY), callOf(ALICE)];
  hers.about.permitMs = 1;
  await world.accept([his]);
  await world.accept([hers]);
  const waited = world.core.await(hers.id, { ms: 60_000 });
  world.core.bar("alice", { barred: true, everybody: false });
  expect(world.results([his, hers])).toEqual([null, TEXT]);
  expect((await waited).record).toMatchObject({ statusCode: 1, subject: "alice" });
  expect(world.left).toEqual([hers.id]);
  expect(world.core.backlog()).toMatchObject({ waiting: 1, running: 0 });
  expect(world.pull().map(({ invocation }) => invocation.id)).toEqual([his.id]);
});

test("where nobody has the namespace any more, all that waits ends", async () => {
  const world = new World();
  const calls = [callOf(BOBBY), callOf(ALICE)];
  await world.accept(calls);
  world.core.bar("alice", { barred: true, everybody: true });
  expect(world.results(calls)).toEqual([TEXT, TEXT]);
});

test("what runs goes on and ends as it ends", async () => {
  const world = new World();
  const call = callOf(ALICE);
  await world.accept([call], ["a/0"]);
  world.core.bar("alice", { barred: true, everybody: true });
  expect(world.results([call])).toEqual([null]);
  const { id, about } = call;
  const finished = { id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion: completed() };
  world.core.complete([finished], { scheduler: "a/0", epoch: 1 });
  expect(world.results([call])).toEqual(['{"ok":true}']);
});

test("what is accepted later, or comes back from a host, ends as well, and nothing of it is offered", async () => {
  const world = new World();
  world.takes = false;
  const declined = callOf(ALICE);
  await world.accept([declined], ["a/0"]);
  world.core.bar("alice", { barred: true, everybody: false });
  const [later, his] = [callOf(ALICE), callOf(BOBBY)];
  world.takes = true;
  await world.accept([later], ["a/0"]);
  await world.accept([his], ["a/0"]);
  await world.clock.advance(10_000);
  await world.core.alarm();
  expect(world.results([declined, later])).toEqual([TEXT, TEXT]);
  expect(world.offered).toEqual([]);
  expect(world.pull().map(({ invocation }) => invocation.id)).toEqual([his.id]);
});

test("a new incarnation knows who is barred", async () => {
  const world = new World();
  const before = callOf(ALICE);
  await world.accept([before]);
  world.core.bar("alice", { barred: true, everybody: false });
  world.incarnate();
  const after = callOf(ALICE);
  await world.accept([after], ["a/0"]);
  expect(world.results([before, after])).toEqual([TEXT, TEXT]);
  expect(world.offered).toEqual([]);
});

test("who is let in again is served again; doing either twice changes nothing", async () => {
  const world = new World();
  for (let twice = 0; twice < 2; twice++) world.core.bar("alice", { barred: true, everybody: true });
  for (let twice = 0; twice < 2; twice++) world.core.bar("alice", { barred: false, everybody: false });
  const calls = [callOf(ALICE), callOf(BOBBY)];
  await world.accept(calls);
  expect(world.pull()).toHaveLength(2);
});

test("a long queue ends in batches, and nothing of it is handed out meanwhile", async () => {
  const world = new World();
  const calls = Array.from({ length: 1_200 }, () => callOf(ALICE));
  await world.accept(calls);
  world.core.bar("alice", { barred: true, everybody: false });
  expect(world.core.backlog().waiting).toBe(700);
  expect(world.pull()).toEqual([]);
  await world.clock.advance(10);
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 0 });
  expect(new Set(world.results(calls))).toEqual(new Set([TEXT]));
});
