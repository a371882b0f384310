// The store's core over real SQL, with schedulers that do as the test says.

import { expect, test } from "vitest";
import { MAX_WAITING } from "../../../durable-objects/activations/activation-rows.ts";
import { StoreCore } from "../../../durable-objects/activations/core.ts";
import type { RecordFilter } from "../../../src/entities/kept-record.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import type { Finished, HoldsReply, Offer, OfferReply, RosterEntry } from "../../../src/protocol/rpc.ts";
import { callOf, completed } from "../calls.ts";
import { Clock, openDatabase, settle } from "../clock.ts";
import { MemoryHook } from "../hook.ts";
import { MemoryShelves } from "../shelves.ts";

class Scheduler {
  epoch = 1;
  boot = "boot-1";
  ready = true;
  offers: Offer[] = [];
  /** The epochs its offers were marked for. */
  marks: number[] = [];
  asked: string[][] = [];
  held = new Set<string>();
  /** How many it takes; the rest is declined. */
  room = Number.POSITIVE_INFINITY;
  reachable = true;
  /** It takes the offer but its answer is lost. */
  mute = false;

  async offer(_store: string, offers: Offer[], marked?: { epoch: number }): Promise<OfferReply> {
    if (!this.reachable) throw new Error("unreachable");
    const { epoch, boot } = this;
    if (marked !== undefined) this.marks.push(marked.epoch);
    if (marked !== undefined && marked.epoch !== epoch) {
      return { epoch, boot, accepted: [], room: 0, reason: "stale" };
    }
    const taken = offers.slice(0, this.room);
    this.offers.push(...taken);
    for (const { invocation } of taken) this.held.add(invocation.id);
    this.room -= taken.length;
    if (this.mute) throw new Error("the answer was lost");
    const accepted = taken.map((offer) => offer.invocation.id);
    return { epoch, boot, accepted, room: 0, ...(taken.length < offers.length ? { reason: "busy" as const } : {}) };
  }

  async holds(ids: string[]): Promise<HoldsReply> {
    if (!this.reachable) throw new Error("unreachable");
    if (ids.length > 0) this.asked.push(ids);
    const { ready, epoch, boot } = this;
    return { ready, epoch, boot, held: ids.filter((id) => this.held.has(id)) };
  }
}

class World {
  readonly clock = new Clock();
  readonly database = openDatabase();
  readonly schedulers = new Map<string, Scheduler>();
  entries: RosterEntry[] = [];
  waiting: boolean[] = [];
  left: string[] = [];
  forgotten: string[] = [];
  alarmAt: number | undefined;
  core = this.incarnate();

  incarnate(): StoreCore {
    this.core = new StoreCore("ns:01", {
      database: this.database,
      ports: {
        now: this.clock.now,
        maxQueue: 3_600_000,
        shelves: new MemoryShelves(),
        after: this.clock.after,
        setAlarm: (at) => {
          this.alarmAt = at;
        },
        scheduler: (name) => this.scheduler(name),
        resume: async () => {},
        roster: {
          schedulers: async () => this.entries,
          waiting: async (_store, waits) => void this.waiting.push(waits),
          full: async () => {},
        },
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

  scheduler(name: string): Scheduler {
    let scheduler = this.schedulers.get(name);
    if (scheduler === undefined) {
      scheduler = new Scheduler();
      this.schedulers.set(name, scheduler);
    }
    return scheduler;
  }

  /** Time passes; the alarm goes off when it is due. */
  async advance(ms: number): Promise<void> {
    const end = this.clock.at + ms;
    while (this.alarmAt !== undefined && this.alarmAt <= end) {
      await this.clock.advance(Math.max(0, this.alarmAt - this.clock.at));
      this.alarmAt = undefined;
      await this.core.alarm();
    }
    await this.clock.advance(end - this.clock.at);
  }

  async accept(calls: Invocation[], candidates: string[] = ["a/0"]) {
    const reply = this.core.accept(calls, { candidates });
    await settle();
    return reply;
  }

  finish(call: Invocation, options: { attempt?: number; result?: string } = {}): void {
    const finished: Finished = {
      id: call.id,
      attempt: options.attempt ?? 1,
      lease: { epoch: 1, counter: 1 },
      about: call.about,
      completion: completed(options.result),
    };
    this.core.complete([finished], { scheduler: "a/0", epoch: 1 });
  }
}

function entryOf(scheduler: string): RosterEntry {
  return {
    ...{ scheduler, host: scheduler, connected: true, draining: false, memory: 1024, engine: "test", build: "test" },
    ...{ blackbox: false, runtimes: [{ kind: "nodejs:20", image: "", digest: "" }], since: 0, epoch: 1 },
  };
}

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

test("waiters hear the record, or nothing when their time is over", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call]);
  const [early, late] = [world.core.await(call.id, { ms: 100 }), world.core.await(call.id, { ms: 10_000 })];
  await world.clock.advance(101);
  expect(await early).toEqual({ record: null, known: true });
  world.finish(call);
  expect(await late).toMatchObject({ known: true, record: { statusCode: 0 } });
});

test("what a host stored for a record that came too late is forgotten", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call]);
  world.finish(call, { attempt: 1 });
  const result = { blob: `results/${call.id}/2`, size: 2_000_000 };
  const word = { id: call.id, attempt: 2, lease: { epoch: 1, counter: 2 }, about: call.about };
  world.core.complete([{ ...word, completion: { ...completed(), result } }], { scheduler: "b/0", epoch: 1 });
  expect(world.forgotten).toEqual([result.blob]);
});

test("blobs with the arguments are forgotten when the activation ends", async () => {
  const world = new World();
  const call = callOf({ args: { blob: "args/1", size: 100_000 } });
  await world.accept([call]);
  world.finish(call);
  expect(world.forgotten).toEqual(["args/1"]);
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

test("lists are newest first, filtered by time and by name, and paged", async () => {
  const world = new World();
  const names = [
    callOf({ about: { name: "a", path: "guest/a" } }),
    callOf({ about: { name: "a", path: "guest/pack/a" } }),
    callOf({ about: { name: "a", path: "other/pack/a", binding: "guest/bound" } }),
    callOf({ about: { name: "b", path: "guest/b" } }),
  ];
  const starts: number[] = [];
  for (const call of names) {
    world.finish(call);
    starts.push(world.core.get(call.id).record!.start);
    world.clock.at += 1_000;
  }
  const ids = (filter: RecordFilter, limit = 10) =>
    world.core.page(filter, limit).records.map((record) => names.findIndex((call) => call.id === record.activationId));
  expect(ids({})).toEqual([3, 2, 1, 0]);
  expect(ids({ name: "a" })).toEqual([0]);
  expect(ids({ name: "pack/a" })).toEqual([1]);
  expect(ids({ name: "bound/a" })).toEqual([2]);
  expect(ids({ since: starts[1]!, upto: starts[2]! })).toEqual([2, 1]);
  expect(ids({ after: { start: starts[3]!, id: names[3]!.id } }, 2)).toEqual([2, 1]);
  expect(world.core.tally({}).count).toBe(4);
  expect(world.core.tally({ name: "a" }).count).toBe(1);
});

test("a record that is not to be kept is seen by waiters for a minute, and its id stays spent", async () => {
  const world = new World();
  const call = callOf({ about: { store: false } });
  await world.accept([call]);
  world.finish(call);
  expect((await world.core.await(call.id, { ms: 1 })).record).toMatchObject({ statusCode: 0 });
  await world.advance(62_000);
  expect(world.database.sql.exec("SELECT record FROM records WHERE id = ?", call.id).one()).toEqual({ record: "" });
  world.finish(call);
  expect(world.core.accept([call], { candidates: ["a/0"] })).toEqual({ kind: "accepted" });
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 0 });
});

test("blobs of a record that is not to be kept go with it, those of one that is kept stay", async () => {
  const world = new World();
  const [unkept, kept] = [callOf({ about: { store: false } }), callOf()];
  await world.accept([unkept, kept]);
  const large = (id: string) => ({
    ...completed(),
    result: { blob: `results/${id}/1`, size: 100_000 },
    logs: { blob: `logs/${id}/1`, size: 100_000 },
  });
  for (const { id, about } of [unkept, kept]) {
    const finished = { id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion: large(id) };
    world.core.complete([finished], { scheduler: "a/0", epoch: 1 });
  }
  expect(world.forgotten).toEqual([]);
  await world.advance(62_000);
  expect(world.forgotten).toEqual([`results/${unkept.id}/1`, `logs/${unkept.id}/1`]);
});

test("an activation of the fast path that ends as lost leaves no arguments behind, though its row knows of none", async () => {
  const world = new World();
  const { id, about } = callOf();
  world.core.open({ id, about, scheduler: "a/0", deadline: world.clock.at + 60_000 });
  world.core.fail(id, { about, reason: "its host is gone" });
  expect(world.forgotten).toEqual([`args/${about.namespaceId}/${id}`]);
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

const python = (options: Parameters<typeof callOf>[0] = {}) =>
  callOf({ exec: { kind: "python:3.12", binary: false }, ...options });
const NODE_HOST = { memory: 1024, runtimes: [{ kind: "nodejs:20" }], blackbox: false };
const pulling = { epoch: 1, boot: "boot-1", memory: 1024, max: 10 };

test("a host is given what it can run, however much else waits before it", async () => {
  const world = new World();
  const node = callOf();
  const labelled = callOf({ labels: ["gpu"] });
  await world.accept(
    Array.from({ length: 200 }, () => python()),
    [],
  );
  await world.accept([labelled, node], []);
  const ids = (host: typeof NODE_HOST & { labels?: string[] }) =>
    world.core.pull("a/0", { ...pulling, host }).map((offer) => offer.invocation.id);
  expect(ids(NODE_HOST)).toEqual([node.id]);
  expect(ids(NODE_HOST)).toEqual([]);
  expect(ids({ ...NODE_HOST, labels: ["eu", "gpu"] })).toEqual([labelled.id]);
  // With nothing left for it, the next call for it is offered at once.
  const next = callOf();
  world.core.pull("a/0", { ...pulling, host: NODE_HOST });
  await world.accept([next]);
  await world.advance(10);
  expect(world.scheduler("a/0").offers.map((offer) => offer.invocation.id)).toEqual([next.id]);
});

test("each call says what it waits for, and is never offered to a host that cannot run it", async () => {
  const world = new World();
  world.entries = [entryOf("a/0")];
  const [snake, gpu, big] = [
    python(),
    callOf({ labels: ["gpu"] }),
    callOf({ about: { limits: { timeout: 1, memory: 2048, logs: 1, concurrency: 1 } } }),
  ];
  await world.accept([snake], []);
  await world.accept([gpu], []);
  await world.accept([big], []);
  await world.advance(60_000);
  expect(world.scheduler("a/0").offers).toEqual([]);
  const why = (id: string) => world.core.get(id).waiting?.reason;
  expect(why(snake.id)).toBe("no connected host can run python:3.12");
  expect(why(gpu.id)).toBe("no connected host that can run nodejs:20 has the label gpu");
  expect(why(big.id)).toBe("it needs 2048 MB, and no connected host that can run it has more than 1024 MB");
  const waited = world.core.await(snake.id, { ms: 1 });
  await world.clock.advance(1);
  expect((await waited).waiting).toEqual({ since: expect.any(Number), reason: why(snake.id) });
  expect(world.core.backlog().lines).toMatchObject([
    { kind: "nodejs:20", memory: 2048 },
    { kind: "nodejs:20", memory: 256, labels: ["gpu"] },
    { kind: "python:3.12", oldestWaitMs: 60_001 },
  ]);
  const attempts = world.database.sql.exec<{ most: number }>("SELECT max(attempt) AS most FROM rows").one();
  expect(attempts).toEqual({ most: 1 });
  world.entries = [entryOf("a/0"), { ...entryOf("b/0"), runtimes: [{ kind: "python:3.12", image: "", digest: "" }] }];
  await world.advance(31_000);
  expect(world.scheduler("b/0").offers.map((offer) => offer.invocation.id)).toEqual([snake.id]);
});

test("what has waited as long as it may ends with an error that says what was missing", async () => {
  const world = new World();
  world.entries = [entryOf("a/0")];
  const [short, long] = [python({ maxQueue: 30_000, about: { permitMs: 1 } }), python()];
  await world.accept([short], []);
  await world.accept([long], []);
  await world.advance(45_000);
  expect(world.core.get(short.id).record).toMatchObject({
    statusCode: 3,
    result: { inline: expect.stringMatching(/waited 3\d s for a host, and no connected host can run python:3\.12/) },
    meta: { waitReason: "no connected host can run python:3.12", permitMs: 1 },
  });
  expect(world.left).toEqual([short.id]);
  await world.advance(3_500_000);
  expect(world.core.get(long.id)).toMatchObject({ record: null, known: true });
  await world.advance(60_000);
  expect(world.core.get(long.id).record).toMatchObject({ statusCode: 3 });
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 0, lines: [] });
});

test("what grew old while the platform was down gets a minute for hosts to come back", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call], []);
  world.clock.at += 10 * 3_600_000;
  world.alarmAt = world.clock.at;
  world.incarnate();
  await world.advance(50_000);
  expect(world.core.get(call.id)).toMatchObject({ record: null, known: true });
  await world.advance(50_000);
  expect(world.core.get(call.id).record).toMatchObject({ statusCode: 3 });
});

test("a scheduler that never answers holds up neither the alarm nor the rows of others", async () => {
  const world = new World();
  const [one, other] = [callOf(), callOf()];
  await world.accept([one], ["a/0"]);
  await world.accept([other], ["b/0"]);
  const silent = world.scheduler("a/0");
  const holds = silent.holds.bind(silent);
  silent.holds = () => new Promise(() => {});
  world.scheduler("b/0").held.clear();
  world.entries = [entryOf("b/0")];
  await world.clock.advance(5_500);
  const round = world.core.alarm();
  await world.clock.advance(5_500);
  await round;
  silent.holds = holds;
  await world.advance(10_000);
  expect(world.scheduler("b/0").offers.map((offer) => [offer.invocation.id, offer.attempt])).toEqual([
    [other.id, 1],
    [other.id, 2],
  ]);
});

test("an offer that is never answered is asked about, and the lane to its scheduler is free again", async () => {
  const world = new World();
  const home = world.scheduler("a/0");
  const offer = home.offer.bind(home);
  await world.accept([callOf()]);
  home.offer = () => new Promise(() => {});
  const call = callOf();
  await world.accept([call]);
  await world.advance(20_000);
  expect(home.asked.flat()).toContain(call.id);
  home.offer = offer;
  world.entries = [entryOf("a/0")];
  await world.advance(20_000);
  expect(home.offers.at(-1)).toMatchObject({ attempt: 2, invocation: { id: call.id } });
});

test("rows are offered to a new incarnation of their scheduler under its own epoch", async () => {
  const world = new World();
  const home = world.scheduler("a/0");
  await world.accept([callOf()]);
  home.epoch = 2;
  const call = callOf();
  await world.accept([call]);
  await world.advance(20);
  expect(home.marks).toEqual([1, 1, 2]);
  expect(home.offers.at(-1)?.invocation.id).toBe(call.id);
  const row = world.database.sql.exec("SELECT epoch, attempt FROM rows WHERE id = ?", call.id).one();
  expect(row).toEqual({ epoch: 2, attempt: 1 });
});

test("a scheduler of which nothing comes is asked ever more rarely", async () => {
  const world = new World();
  const home = world.scheduler("a/0");
  world.entries = [entryOf("a/0")];
  let asked = 0;
  home.offer = async () => {
    asked++;
    return { epoch: 1, boot: "boot-1", accepted: [], room: 0, reason: "not-ready" };
  };
  for (let at = 0; at < 600; at++) {
    await world.accept([callOf()]);
    await world.advance(100);
  }
  expect(asked).toBeLessThan(25);
});

function opened(world: World, call: Invocation): void {
  const { id, about } = call;
  world.core.open({ id, about, scheduler: "a/0", deadline: world.clock.at + 240_000 });
}

test("a run that its scheduler refused after its row was opened waits like any other, and goes to another host", async () => {
  const world = new World();
  world.entries = [entryOf("a/0"), entryOf("b/0")];
  world.scheduler("a/0").room = 0;
  const call = callOf({ blocking: true, args: { blob: "args/ns/1", size: 9 } });
  opened(world, call);
  await world.advance(500);
  const place = { candidates: ["a/0", "b/0"], refusedBy: "a/0" };
  expect(world.core.accept([call], place)).toEqual({ kind: "accepted" });
  expect(world.core.backlog()).toMatchObject({ waiting: 1, running: 0 });
  expect(world.core.get(call.id)).toMatchObject({ known: true, waiting: { reason: "the host declined" } });
  await world.advance(2_000);
  // Under a new attempt: the first one may have been denied for good.
  expect(world.scheduler("b/0").offers).toEqual([{ invocation: call, attempt: 2 }]);
  // The Worker asks again where the answer was lost.
  expect(world.core.accept([call], place)).toEqual({ kind: "accepted" });
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 1 });
  world.core.complete(
    [{ id: call.id, attempt: 2, lease: { epoch: 1, counter: 1 }, about: call.about, completion: completed() }],
    { scheduler: "b/0", epoch: 1 },
  );
  expect(world.core.get(call.id).record).toMatchObject({ statusCode: 0 });
  expect(world.forgotten).toEqual(["args/ns/1"]);
});

test("what the first attempt's scheduler says of it after it was refused touches the row no more", async () => {
  const world = new World();
  const call = callOf({ blocking: true });
  opened(world, call);
  world.core.accept([call], { candidates: [], refusedBy: "a/0" });
  world.finish(call);
  expect(world.core.get(call.id)).toMatchObject({ record: null, known: true });
  await world.advance(60_000);
  expect(world.core.get(call.id)).toMatchObject({ record: null, waiting: { reason: expect.any(String) } });
});

test("a refusal opens nothing again that has ended, and is a call like any other where no row was opened", async () => {
  const world = new World();
  const [ended, unknown, elsewhere] = [callOf(), callOf(), callOf()];
  opened(world, ended);
  world.finish(ended);
  world.core.accept([ended], { candidates: [], refusedBy: "a/0" });
  expect(world.core.get(ended.id).record).toMatchObject({ statusCode: 0 });
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 0 });
  world.core.accept([unknown], { candidates: [], refusedBy: "a/0" });
  expect(world.core.backlog()).toMatchObject({ waiting: 1, running: 0 });
  // Its row was opened for a run somewhere else, which may go on.
  opened(world, elsewhere);
  world.core.accept([elsewhere], { candidates: [], refusedBy: "b/0" });
  expect(world.core.backlog()).toMatchObject({ waiting: 1, running: 1 });
});
