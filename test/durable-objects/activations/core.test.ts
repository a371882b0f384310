// The store's core over real SQL, with schedulers that do as the test says.

import { expect, test } from "vitest";
import { MAX_WAITING } from "../../../durable-objects/activations/activation-rows.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { entryOf, World } from "./store-world.ts";

test("work is offered to its home in batches, and one answer confirms them", async () => {
  const world = new World();
  const calls = Array.from({ length: 100 }, () => callOf());
  await world.accept(calls);
  expect(world.scheduler("a/0").offers).toHaveLength(64);
  await world.advance(10);
  expect(world.scheduler("a/0").offers.map((offer) => offer.invocation.id)).toEqual(calls.map((call) => call.id));
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 100 });
});

test("rows nobody waits for leave together with what comes soon after, a caller's at once", async () => {
  const world = new World();
  const calls: number[] = [];
  const home = world.scheduler("a/0");
  const offer = home.offer.bind(home);
  home.offer = async (store, offers) => {
    calls.push(offers.length);
    return offer(store, offers);
  };
  for (let n = 0; n < 6; n++) await world.accept([callOf()]);
  expect(calls).toEqual([1]);
  await world.advance(10);
  expect(calls).toEqual([1, 5]);
  for (let n = 0; n < 2; n++) await world.accept([callOf({ blocking: true })]);
  expect(calls).toEqual([1, 5, 1, 1]);
});

test("a row that ends while its offer queues is not offered any more", async () => {
  const world = new World();
  const [first, ended] = [callOf(), callOf()];
  await world.accept([first]);
  await world.accept([ended]);
  world.core.fail(ended.id, { about: ended.about, reason: "a test" });
  await world.advance(10);
  expect(world.scheduler("a/0").offers.map((offer) => offer.invocation.id)).toEqual([first.id]);
});

test("a row is in the database, marked, before anybody is offered it", () => {
  const world = new World();
  const call = callOf();
  world.core.accept([call], { candidates: ["a/0"] });
  const row = world.database.sql.exec("SELECT state, scheduler, attempt FROM rows WHERE id = ?", call.id).one();
  expect(row).toEqual({ state: 1, scheduler: "a/0", attempt: 1 });
  expect(world.scheduler("a/0").offers).toEqual([]);
});

test("what the home declines goes on to the others, and what all decline waits with the reason", async () => {
  const world = new World();
  world.scheduler("a/0").room = 1;
  world.scheduler("b/0").room = 1;
  const calls = [callOf(), callOf(), callOf()];
  await world.accept(calls, ["a/0", "b/0"]);
  await settle();
  expect(world.scheduler("b/0").offers.map((offer) => offer.invocation.id)).toEqual([calls[1]!.id]);
  expect(world.core.backlog()).toMatchObject({ waiting: 1, running: 2, reason: "all hosts that can run it are busy" });
});

test("a scheduler that is busy is left alone while rows wait for it to pull", async () => {
  const world = new World();
  world.scheduler("a/0").room = 0;
  await world.accept([callOf()]);
  world.scheduler("a/0").room = 9;
  await world.accept([callOf()]);
  expect(world.scheduler("a/0").offers).toEqual([]);
  const pulled = world.core.pull("a/0", { epoch: 1, boot: "boot-1", memory: 512, max: 10 });
  expect(pulled.length).toBe(2);
  await world.accept([callOf()]);
  await world.advance(10);
  expect(world.scheduler("a/0").offers.length).toBe(1);
});

test("callers who wait are served first, then the oldest, and only what fits", async () => {
  const world = new World();
  const big = callOf({ about: { limits: { timeout: 1, memory: 512, logs: 1, concurrency: 1 } } });
  const [first, second, urgent] = [callOf(), callOf(), callOf({ blocking: true })];
  await world.accept([big, first, second, urgent], []);
  const pull = (memory: number) =>
    world.core.pull("a/0", { epoch: 1, boot: "b", memory, max: 10 }).map((offer) => offer.invocation.id);
  expect(pull(400)).toEqual([urgent.id]);
  expect(pull(256)).toEqual([first.id]);
  expect(pull(2048)).toEqual([big.id, second.id]);
});

test("without any host, rows wait, the roster is told once, and offers are repeated ever more rarely", async () => {
  const world = new World();
  await world.accept([callOf()], []);
  await world.advance(60_000);
  expect(world.core.backlog()).toMatchObject({ waiting: 1, reason: "no runtime host is connected" });
  expect(world.waiting).toEqual([true]);
  world.entries = [entryOf("a/0")];
  await world.advance(31_000);
  expect(world.scheduler("a/0").offers.length).toBe(1);
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 1 });
});

test("a row whose scheduler does not hold it, the host being the same, never started: it gets another attempt", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call]);
  world.scheduler("a/0").held.clear();
  world.scheduler("a/0").epoch = 2;
  world.entries = [entryOf("a/0")];
  await world.advance(20_000);
  expect(world.scheduler("a/0").offers.map((offer) => offer.attempt)).toEqual([1, 2]);
});

test("a row whose host was restarted may have started: it ends with an error that says so", async () => {
  const world = new World();
  const call = callOf({ about: { permitMs: 0 } });
  await world.accept([call]);
  // Who took no place gives none back.
  await world.accept([callOf()]);
  Object.assign(world.scheduler("a/0"), { boot: "boot-2", epoch: 2 });
  world.scheduler("a/0").held.clear();
  await world.advance(10_000);
  expect(world.core.get(call.id).record).toMatchObject({
    statusCode: 3,
    result: { inline: expect.stringContaining("its host was restarted") },
  });
  expect(world.left).toEqual([call.id]);
});

test("nothing is concluded from a scheduler that is not ready, until no run could be alive", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call]);
  world.scheduler("a/0").held.clear();
  world.scheduler("a/0").ready = false;
  await world.advance(140_000);
  expect(world.core.get(call.id)).toEqual({ record: null, known: true });
  world.scheduler("a/0").reachable = false;
  await world.advance(50_000);
  expect(world.core.get(call.id).record).toMatchObject({ statusCode: 3 });
});

test("an offer whose answer is lost is neither repeated nor given up while the scheduler holds it", async () => {
  const world = new World();
  const call = callOf();
  world.scheduler("a/0").mute = true;
  await world.accept([call]);
  await world.advance(40_000);
  expect(world.scheduler("a/0").offers.length).toBe(1);
  expect(world.core.backlog()).toMatchObject({ running: 1 });
  world.finish(call);
  expect(world.core.get(call.id).record).toMatchObject({ statusCode: 0 });
});

test("nothing is concluded of a row whose offer is on its way, and a late offer is not sent for a row that moved on", async () => {
  const world = new World();
  const home = world.scheduler("a/0");
  const hanging: (() => void)[] = [];
  const offer = home.offer.bind(home);
  home.offer = async (store, offers) => {
    await new Promise<void>((resolve) => hanging.push(resolve));
    return offer(store, offers);
  };
  const calls = [callOf(), callOf(), callOf()];
  for (const call of calls) {
    await world.accept([call]);
    await world.advance(call === calls[0] ? 10 : 0);
  }
  await world.advance(9_000);
  expect(hanging).toHaveLength(2);
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 3 });
  // The third is still in the queue; meanwhile it has ended.
  const last = calls[2] as Invocation;
  world.core.fail(last.id, { about: last.about, reason: "a test" });
  for (const land of hanging) land();
  await world.advance(0);
  expect(home.offers.map(({ invocation, attempt }) => [invocation.id, attempt])).toEqual(
    calls.slice(0, 2).map(({ id }) => [id, 1]),
  );
});

test("a new incarnation of the store asks about what is out, with the mark it finds", async () => {
  const world = new World();
  const [taken, lost] = [callOf(), callOf()];
  await world.accept([taken, lost]);
  world.scheduler("a/0").held.delete(lost.id);
  world.incarnate();
  world.entries = [entryOf("a/0")];
  await world.advance(7_000);
  expect(world.scheduler("a/0").offers.map((offer) => [offer.invocation.id, offer.attempt])).toEqual([
    [taken.id, 1],
    [lost.id, 1],
    [lost.id, 2],
  ]);
});

test("a long run is asked about ever more rarely, and nothing is written meanwhile", async () => {
  const world = new World();
  await world.accept([callOf({ about: { limits: { timeout: 300_000, memory: 256, logs: 1, concurrency: 1 } } })]);
  await world.advance(120_000);
  expect(world.scheduler("a/0").asked.length).toBeGreaterThan(3);
  expect(world.scheduler("a/0").asked.length).toBeLessThan(9);
});

test("a declined row waits under a new attempt; a repeated decline of the old one changes nothing", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call]);
  world.core.declined([{ id: call.id, attempt: 1 }], { scheduler: "a/0" });
  const [offer] = world.core.pull("b/0", { epoch: 1, boot: "b", memory: 512, max: 1 });
  expect(offer?.attempt).toBe(2);
  world.core.declined([{ id: call.id, attempt: 1 }], { scheduler: "a/0" });
  world.core.declined([{ id: call.id, attempt: 2 }], { scheduler: "a/0" });
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 1 });
});

test("a fast-path row is doubted after fifteen seconds, and left to its deadline if nobody answers", async () => {
  const world = new World();
  const [forgotten, silent] = [callOf(), callOf()];
  const deadline = world.clock.at + 60_000;
  world.core.open({ id: forgotten.id, about: forgotten.about, scheduler: "a/0", deadline });
  world.core.open({ id: silent.id, about: silent.about, scheduler: "b/0", deadline });
  world.scheduler("b/0").reachable = false;
  await world.advance(12_000);
  expect(world.core.get(forgotten.id)).toEqual({ record: null, known: true });
  await world.advance(13_000);
  expect(world.core.get(forgotten.id).record).toMatchObject({ statusCode: 3 });
  expect(world.core.get(silent.id)).toEqual({ record: null, known: true });
  await world.advance(66_000);
  expect(world.core.get(silent.id).record).toMatchObject({ statusCode: 3 });
});

test("a store that has too many rows waiting says so and takes nothing", async () => {
  const world = new World();
  const known = callOf();
  await world.accept([known], []);
  world.database.sql.exec(
    `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT INTO rows (id, state, attempt, urgent, memory, timeout, accepted, deadline, scheduler, epoch, boot, reason, spent, about, need, expires)
      SELECT 'row ' || i, 0, 1, 0, 256, 1, 1, 0, '', 0, '', '', '', '', '["other",256]', 9e15 FROM n`,
    MAX_WAITING,
  );
  world.incarnate();
  expect(world.core.backlog().waiting).toBe(MAX_WAITING);
  expect(await world.accept([callOf()], [])).toEqual({ kind: "full" });
  // What it has is not new work: a step asked for again is not refused.
  expect(await world.accept([known], [])).toEqual({ kind: "accepted" });
  expect(await world.accept([known, callOf()], [])).toEqual({ kind: "full" });
  world.core.pull("a/0", { epoch: 1, boot: "b", memory: 512, max: 1 });
  expect(await world.accept([callOf()], [])).toEqual({ kind: "accepted" });
});

test("an alarm that failed because the storage did is run again by itself, when the platform has given it up", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call], []);
  const { sql } = world.database;
  const { exec } = sql;
  sql.exec = () => {
    throw new Error("database or disk is full: SQLITE_FULL");
  };
  await expect(world.core.alarm()).rejects.toThrow("SQLITE_FULL");
  world.alarmAt = undefined;
  await world.clock.advance(600_000);
  sql.exec = exec;
  world.entries = [entryOf("a/0")];
  await world.clock.advance(10_000);
  expect(world.scheduler("a/0").offers.map((offer) => offer.invocation.id)).toEqual([call.id]);
});
