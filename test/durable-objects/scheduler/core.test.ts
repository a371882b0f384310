// The scheduler's core with a host made of frames: liveness, fencing, losses, pulls.

import { expect, test } from "vitest";
import { SchedulerCore } from "../../../durable-objects/scheduler/core.ts";
import type { Connection, SchedulerMemory } from "../../../durable-objects/scheduler/ports.ts";
import type { Giver } from "../../../src/protocol/matching.ts";
import type { HostMessage, HostReport, SchedulerMessage } from "../../../src/protocol/messages.ts";
import { aboutDigest, Proofs } from "../../../src/protocol/proofs.ts";
import type { Finished, InvokeReply, Offer, RosterEntry } from "../../../src/protocol/rpc.ts";
import { aboutOf, callOf, completed, reportOf } from "../calls.ts";
import { Clock, settle } from "../clock.ts";

type Run = Extract<SchedulerMessage, { t: "run" }>;

class World {
  readonly clock = new Clock();
  readonly sent: SchedulerMessage[] = [];
  readonly finished: Finished[] = [];
  readonly declined: { id: string; attempt: number }[] = [];
  readonly entries: RosterEntry[] = [];
  readonly memory: ReturnType<SchedulerMemory["load"]> = { epoch: 4, draining: false, provenSince: 0 };
  readonly proofs = new Proofs({ current: "a secret of the tests", previous: null });
  /** What stores give when they are pulled from. */
  work: Offer[] = [];
  /** What each pull brings, where it is not what is in `work`. */
  bring: (() => Promise<Offer[]>) | undefined;
  pulls: { memory: number; host?: Giver }[] = [];
  waiting: string[] = [];
  storeFails = false;
  credential: () => Promise<string> = async () => "key";
  pinged = 0;
  /** What the host's machine says of its process; undefined = nobody can tell. */
  going: boolean | undefined;
  core = this.#incarnate();
  connection = this.#dial();

  #incarnate(): SchedulerCore {
    return new SchedulerCore("h/0", {
      now: this.clock.now,
      after: this.clock.after,
      memory: {
        load: () => ({ ...this.memory }),
        saveEpoch: (epoch) => {
          this.memory.epoch = epoch;
        },
        saveProvenSince: (at) => {
          this.memory.provenSince = at;
        },
        saveDraining: (on) => {
          this.memory.draining = on;
        },
      },
      hostIsGoing: async () => this.going === true,
      store: () => ({
        complete: async (list) => {
          if (this.storeFails) throw new Error("store is away");
          this.finished.push(...list);
        },
        pull: async (_name, { memory, host }) => {
          this.pulls.push({ memory, ...(host === undefined ? {} : { host }) });
          return this.bring === undefined ? this.work.splice(0) : this.bring();
        },
        declined: async (items) => void this.declined.push(...items),
      }),
      report: async (entry) => {
        this.entries.push(entry);
        return this.waiting;
      },
      proofs: () => this.proofs,
      credential: () => this.credential(),
      warn: () => {},
    });
  }

  #dial(): Connection {
    const connection: Connection = {
      send: (frame) => this.sent.push(...(JSON.parse(frame) as SchedulerMessage[])),
      close: () => this.core.disconnected(connection),
      pinged: () => this.pinged,
    };
    return connection;
  }

  hear(...messages: HostMessage[]): void {
    this.core.message(this.connection, JSON.stringify(messages));
  }

  /** A host comes, with what it says runs there. */
  async join(
    options: { report?: Partial<HostReport>; inventory?: Partial<Extract<HostMessage, { t: "inventory" }>> } = {},
  ) {
    this.connection = this.#dial();
    this.core.connect(this.connection);
    const report = reportOf(options.report);
    this.hear({ t: "hello", report });
    await settle();
    const epoch = this.welcomed();
    this.hear({ t: "inventory", epoch, boot: report.boot, running: [], more: false, ...options.inventory });
    await settle();
  }

  evict(report?: HostReport): void {
    this.core = this.#incarnate();
    if (report !== undefined) this.core.resume(this.connection, { report, acceptedAt: this.clock.at });
  }

  welcomed(): number {
    const welcome = this.sent.findLast((message) => message.t === "welcome");
    return welcome?.t === "welcome" ? welcome.epoch : -1;
  }

  runs(): Run[] {
    return this.sent.filter((message): message is Run => message.t === "run");
  }

  record(run: Run, result?: string): void {
    const { lease, attempt, invocation } = run;
    this.hear({
      t: "record",
      id: invocation.id,
      attempt,
      lease,
      about: invocation.about,
      completion: completed(result),
    });
  }
}

test("an incarnation's epoch is higher than its own last one and than the host's", async () => {
  const world = new World();
  await world.join();
  expect(world.welcomed()).toBe(5);
  await world.join({ report: { boot: "boot-2", epoch: 9 } });
  expect(world.welcomed()).toBe(10);
  await world.join({ report: { boot: "boot-2", epoch: 10 } });
  expect(world.welcomed()).toBe(10);
  world.evict(reportOf({ boot: "boot-2", epoch: 10 }));
  await settle();
  expect([world.welcomed(), world.memory.epoch]).toEqual([11, 11]);
});

test("nothing is admitted before the inventory's last page, and a call waits a moment for it", async () => {
  const world = new World();
  world.core.connect(world.connection);
  world.hear({ t: "hello", report: reportOf() });
  const early = world.core.invoke(callOf(), { waitMs: 60_000 });
  await world.clock.advance(100);
  world.hear({ t: "inventory", epoch: 5, boot: "boot-1", running: [], more: true });
  await world.clock.advance(200);
  expect(await early).toMatchObject({ kind: "not-ready" });
  expect(world.runs()).toEqual([]);
  const late = world.core.invoke(callOf(), { waitMs: 60_000 });
  world.hear({ t: "inventory", epoch: 5, boot: "boot-1", running: [], more: false });
  await settle();
  world.record(world.runs()[0]!);
  expect(await late).toMatchObject({ kind: "done" });
});

test("what the inventory names counts, and its results are taken", async () => {
  const world = new World();
  const running = [1, 2].map((counter) => {
    const grant = { host: "h", id: callOf().id, attempt: 1, about: aboutDigest(aboutOf()) };
    const lease = world.proofs.lease(grant, { epoch: 2, turn: counter });
    return { id: grant.id, attempt: 1, lease, memory: 512, about: aboutOf() };
  });
  await world.join({ inventory: { running } });
  expect(await world.core.invoke(callOf(), { waitMs: 1 })).toEqual({ kind: "busy" });
  const { id, attempt, lease } = running[0]!;
  world.hear({ t: "result", id, attempt, lease, completion: completed() });
  expect(world.core.status()).toMatchObject({ used: 512, running: 1 });
  // Nobody here has seen its arguments: where they would lie is told to the store, which forgets them.
  world.hear({ t: "record", id, attempt, lease, about: aboutOf(), completion: completed() });
  await world.clock.advance(1_000);
  expect(world.finished).toMatchObject([{ id, spent: `args/${aboutOf().namespaceId}/${id}` }]);
});

test("a word under another lease than the granted one releases nobody and frees nothing", async () => {
  const world = new World();
  await world.join();
  const reply = world.core.invoke(callOf(), { waitMs: 60_000 });
  await settle();
  const [run] = world.runs();
  const stale = { ...run!, lease: { epoch: run!.lease.epoch - 1, counter: run!.lease.counter } };
  world.record(stale, '{"stale":1}');
  world.hear({ t: "result", id: run!.invocation.id, attempt: 2, lease: run!.lease, completion: completed() });
  world.hear({ t: "refused", id: run!.invocation.id, attempt: 1, lease: stale.lease, reason: "busy" });
  expect(world.core.status()).toMatchObject({ used: 256 });
  world.record(run!, '{"true":1}');
  expect(await reply).toMatchObject({ completion: { result: { inline: '{"true":1}' } } });
});

test("a silent host is given up after twelve seconds: callers and store hear it, the memory stays counted", async () => {
  const world = new World();
  await world.join();
  const call = callOf();
  const reply = world.core.invoke(call, { waitMs: 60_000 });
  await world.clock.advance(11_900);
  expect(world.finished).toEqual([]);
  await world.clock.advance(200);
  expect(await reply).toMatchObject({ kind: "lost" });
  expect(world.finished).toMatchObject([{ id: call.id, attempt: 1, completion: { statusCode: 3, ran: false } }]);
  expect(world.core.status()).toMatchObject({ used: 256, connected: false });
  expect(world.entries.at(-1)).toMatchObject({ connected: false });
  expect(world.clock.timers).toBe(0);
});

test("a host that pings is waited for as long as the action may take and a minute more", async () => {
  const world = new World();
  await world.join();
  const reply = world.core.invoke(callOf(), { waitMs: 300_000 });
  let outcome: InvokeReply | undefined;
  void reply.then((value) => {
    outcome = value;
  });
  for (let second = 0; second < 119; second += 5) {
    world.pinged = world.clock.at;
    await world.clock.advance(5_000);
    if (second < 110) expect(outcome).toBeUndefined();
  }
  world.pinged = world.clock.at;
  await world.clock.advance(2_000);
  expect(outcome).toMatchObject({ kind: "lost" });
  expect(world.core.status()).toMatchObject({ used: 256, connected: true });
});

test("a record that comes after all goes to the store and frees the memory", async () => {
  const world = new World();
  await world.join();
  const reply = world.core.invoke(callOf(), { waitMs: 60_000 });
  await world.clock.advance(12_100);
  expect(await reply).toMatchObject({ kind: "lost" });
  const [run] = world.runs();
  const { lease, invocation } = run!;
  const item = { id: invocation.id, attempt: 1, lease, memory: 256, about: invocation.about };
  await world.join({ inventory: { running: [item] } });
  expect(world.core.status()).toMatchObject({ used: 256 });
  world.record(run!);
  await world.clock.advance(20);
  expect(world.core.status()).toMatchObject({ used: 0 });
  expect(world.finished.map((each) => each.completion.statusCode)).toEqual([3, 0]);
});

test("a run that had answered when its host vanished ends with that answer", async () => {
  const world = new World();
  await world.join();
  const call = callOf();
  const reply = world.core.invoke(call, { waitMs: 60_000 });
  await settle();
  const [run] = world.runs();
  world.hear({ t: "result", id: call.id, attempt: 1, lease: run!.lease, completion: completed('{"x":1}') });
  expect(await reply).toMatchObject({ kind: "done" });
  await world.clock.advance(12_100);
  expect(world.finished).toMatchObject([{ id: call.id, completion: { statusCode: 0, result: { inline: '{"x":1}' } } }]);
});

test("records are batched, and confirmed to the host only when the store has them", async () => {
  const world = new World();
  await world.join();
  world.storeFails = true;
  const replies = [callOf(), callOf()].map((call) => world.core.invoke(call, { waitMs: 60_000 }));
  await settle();
  for (const run of world.runs()) world.record(run);
  await Promise.all(replies);
  await world.clock.advance(50);
  const ids = world.runs().map((run) => run.invocation.id);
  expect(world.sent.some((message) => message.t === "stored")).toBe(false);
  expect(world.core.holds(ids).held).toEqual(ids);
  world.storeFails = false;
  await world.clock.advance(1_000);
  expect(world.sent.at(-1)).toMatchObject({ t: "stored", items: ids.map((id) => ({ id, attempt: 1 })) });
  expect(world.core.holds(ids).held).toEqual([]);
});

test("an outcome of our own making is not confirmed to the host", async () => {
  const world = new World();
  await world.join();
  void world.core.invoke(callOf(), { waitMs: 60_000 });
  await world.clock.advance(12_100);
  expect(world.finished.length).toBe(1);
  expect(world.sent.some((message) => message.t === "stored")).toBe(false);
});

test("what is held is said only when inventory and kept records have come", async () => {
  const world = new World();
  const kept = callOf().id;
  await world.join({ inventory: { kept: [{ id: kept, attempt: 1 }] } });
  expect(world.core.holds([kept])).toMatchObject({ ready: false, held: [kept] });
  await world.clock.advance(3_000);
  expect(world.core.holds([kept, callOf().id])).toMatchObject({ ready: true, boot: "boot-1", held: [kept] });
});

test("what does not fit is declined, and pulled when memory frees", async () => {
  const world = new World();
  await world.join({ report: { memory: 256 } });
  const [first, second] = [callOf(), callOf()];
  const offers = [first, second].map((invocation) => ({ invocation, attempt: 1 }));
  const reply = await world.core.offer("ns:01", offers, { epoch: 5 });
  expect(reply).toMatchObject({ epoch: 5, boot: "boot-1", accepted: [first.id], room: 0, reason: "busy" });
  await settle();
  expect(world.pulls).toEqual([]);
  world.work = [{ invocation: second, attempt: 2 }];
  world.record(world.runs()[0]!);
  await settle();
  expect(world.runs().map((run) => [run.invocation.id, run.attempt])).toEqual([
    [first.id, 1],
    [second.id, 2],
  ]);
  world.record(world.runs()[1]!);
  await settle();
  const asked = world.pulls.length;
  await world.core.offer("ns:01", [{ invocation: callOf(), attempt: 1 }], { epoch: 5 });
  world.record(world.runs()[2]!);
  await settle();
  // The store had nothing for all the memory there is: it is left alone until it offers again.
  expect(world.pulls.length).toBe(asked);
});

test("an offer marked for another epoch is not taken, whatever the clocks say: its store marks it anew", async () => {
  const world = new World();
  await world.join();
  const offer = { invocation: callOf(), attempt: 1 };
  const stale = { accepted: [], reason: "stale", epoch: 5, boot: "boot-1" };
  expect(await world.core.offer("ns:01", [offer], { epoch: 4 })).toMatchObject(stale);
  await settle();
  expect(world.runs()).toEqual([]);
  expect(await world.core.offer("ns:01", [offer], { epoch: 5 })).toMatchObject({ accepted: [offer.invocation.id] });
});

test("what a store was told is not here is not taken here, however late its offer comes; a later attempt is", async () => {
  const world = new World();
  await world.join();
  const offer = { invocation: callOf(), attempt: 2 };
  expect(world.core.holds([offer.invocation.id], [2]).held).toEqual([]);
  expect(await world.core.offer("ns:01", [offer], { epoch: 5 })).toMatchObject({ accepted: [], reason: "not-ready" });
  const again = { ...offer, attempt: 3 };
  expect(await world.core.offer("ns:01", [again], { epoch: 5 })).toMatchObject({ accepted: [offer.invocation.id] });
  const call = callOf();
  world.core.holds([call.id], [1]);
  expect(await world.core.invoke(call, { waitMs: 1_000 })).toMatchObject({ kind: "not-ready" });
});

const PYTHON = { kind: "python:3.12", binary: false };

test("stores are asked for what this host can run, and nothing else is taken", async () => {
  const world = new World();
  world.waiting = ["ns:01"];
  await world.join({ report: { labels: ["gpu"] } });
  const host = { memory: 1024, runtimes: [{ kind: "nodejs:20" }], blackbox: false, labels: ["gpu"] };
  expect(world.pulls).toEqual([{ memory: 1024, host }]);
  const python = { invocation: callOf({ exec: PYTHON }), attempt: 1 };
  const node = { invocation: callOf(), attempt: 1 };
  const reply = await world.core.offer("ns:01", [python, node], { epoch: 5 });
  expect(reply).toMatchObject({ accepted: [node.invocation.id], reason: "unsuited" });
});

test("pulls of which nothing can be started are repeated ever more rarely, and take no memory from others", async () => {
  const world = new World();
  world.waiting = ["ns:01"];
  const python = callOf({ exec: PYTHON });
  let attempt = 0;
  world.bring = async () => [{ invocation: python, attempt: ++attempt }];
  await world.join();
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      world.pinged = world.clock.at;
      await world.clock.advance(1_000);
    }
  };
  await pass(60);
  expect(world.pulls.length).toBeGreaterThan(5);
  expect(world.pulls.length).toBeLessThan(12);
  expect(world.declined).toHaveLength(world.pulls.length);
  // While one is under way, others are served.
  world.bring = () => new Promise(() => {});
  await pass(30);
  const replies = [1, 2, 3, 4].map(() => world.core.invoke(callOf(), { waitMs: 60_000 }));
  await settle();
  expect(world.runs()).toHaveLength(4);
  for (const run of world.runs()) world.record(run);
  expect((await Promise.all(replies)).map((reply) => reply.kind)).toEqual(["done", "done", "done", "done"]);
});

test("memory is kept free for what is known to wait, for three seconds at most", async () => {
  const world = new World();
  await world.join({ report: { memory: 512 } });
  const offers = [1, 2, 3].map(() => ({ invocation: callOf(), attempt: 1 }));
  const reply = await world.core.offer("ns:01", offers, { epoch: 5 });
  expect(reply.accepted).toHaveLength(2);
  world.bring = () => new Promise(() => {});
  for (const run of world.runs()) world.record(run);
  await settle();
  expect(world.pulls).toHaveLength(1);
  const kinds = async () => {
    const asked = [1, 2].map(() => world.core.invoke(callOf(), { waitMs: 1 }));
    await world.clock.advance(1);
    return (await Promise.all(asked)).map((each) => each.kind);
  };
  expect(await kinds()).toEqual(["waiting", "busy"]);
  await world.clock.advance(3_000);
  world.bring = undefined;
  expect(await kinds()).toEqual(["waiting", "busy"]);
  expect(world.core.status()).toMatchObject({ used: 512 });
});

test("a host that refuses for want of room again and again is given something ever more rarely", async () => {
  const world = new World();
  world.waiting = ["ns:01"];
  let attempt = 0;
  const call = callOf();
  world.bring = async () => [{ invocation: call, attempt: ++attempt }];
  await world.join();
  for (let at = 0; at < 60_000; at += 50) {
    world.pinged = world.clock.at;
    const run = world.runs().at(-1);
    if (run !== undefined && world.core.holds([call.id]).held.length > 0) {
      world.hear({ t: "refused", id: call.id, attempt: run.attempt, lease: run.lease, reason: "busy" });
    }
    await world.clock.advance(50);
  }
  expect(world.runs().length).toBeGreaterThan(5);
  expect(world.runs().length).toBeLessThan(15);
});

test("offering a running activation again starts nothing", async () => {
  const world = new World();
  await world.join();
  const offer = { invocation: callOf(), attempt: 1 };
  await world.core.offer("ns:01", [offer], { epoch: 5 });
  expect(await world.core.offer("ns:01", [offer], { epoch: 5 })).toMatchObject({
    accepted: [offer.invocation.id],
  });
  expect(await world.core.offer("ns:01", [{ ...offer, attempt: 2 }], { epoch: 5 })).toMatchObject({
    accepted: [],
  });
  await settle();
  expect(world.runs().length).toBe(1);
});

test("work the host refuses goes back to its store", async () => {
  const world = new World();
  await world.join();
  const offer = { invocation: callOf(), attempt: 3 };
  await world.core.offer("ns:01", [offer], { epoch: 5 });
  await settle();
  const [run] = world.runs();
  world.hear({ t: "refused", id: offer.invocation.id, attempt: 3, lease: run!.lease, reason: "draining" });
  expect(world.declined).toEqual([{ id: offer.invocation.id, attempt: 3 }]);
  expect(world.core.status()).toMatchObject({ used: 0 });
});

test("a host that has seen a higher epoch makes this incarnation take one above it", async () => {
  const world = new World();
  await world.join();
  const reply = world.core.invoke(callOf(), { waitMs: 60_000 });
  await settle();
  const [run] = world.runs();
  world.memory.epoch = 8;
  world.hear({ t: "refused", id: run!.invocation.id, attempt: 1, lease: run!.lease, reason: "stale" });
  expect(await reply).toMatchObject({ kind: "not-ready" });
  await settle();
  expect(world.welcomed()).toBe(9);
});

test("a run whose credential takes time keeps its lease, and is not sent after its host went away", async () => {
  const world = new World();
  await world.join();
  let give: (key: string) => void = () => {};
  world.credential = () =>
    new Promise((resolve) => {
      give = resolve;
    });
  const call = callOf({ credential: "activation" });
  const reply = world.core.invoke(call, { waitMs: 60_000 });
  await settle();
  expect(world.core.holds([call.id]).held).toEqual([call.id]);
  world.core.disconnected(world.connection);
  expect(await reply).toMatchObject({ kind: "not-ready" });
  give("late");
  await settle();
  expect(world.runs()).toEqual([]);
  expect(world.core.status()).toMatchObject({ used: 0 });
});

test("a minted credential serves the runs of the next half minute", async () => {
  const world = new World();
  await world.join();
  let made = 0;
  world.credential = async () => `key-${++made}`;
  for (let at = 0; at < 3; at++) {
    const reply = world.core.invoke(callOf({ credential: "activation" }), { waitMs: 60_000 });
    await settle();
    world.record(world.runs().at(-1)!);
    await reply;
    await world.clock.advance(20_000);
    world.pinged = world.clock.at;
  }
  expect(world.runs().map((run) => run.key)).toEqual(["key-1", "key-1", "key-2"]);
});

test("an action too large for a frame ends with an error that says so", async () => {
  const world = new World();
  await world.join();
  const call = callOf({ initEnv: { BIG: "x".repeat(300_000) } });
  const reply = await world.core.invoke(call, { waitMs: 60_000 });
  expect(reply).toMatchObject({ kind: "done", completion: { statusCode: 3 } });
  expect(world.core.status()).toMatchObject({ used: 0 });
});

test("a record that somebody waits for at its store is flushed at once, others with those of the next ten milliseconds", async () => {
  const world = new World();
  await world.join();
  const lazy = { invocation: callOf(), attempt: 1 };
  const urgent = { invocation: callOf({ blocking: true }), attempt: 1 };
  await world.core.offer("ns:01", [lazy, urgent], { epoch: 5 });
  const [first, second] = world.runs();
  world.record(first!);
  await world.clock.advance(9);
  expect(world.finished).toEqual([]);
  world.record(second!);
  await world.clock.advance(0);
  expect(world.finished.map((each) => each.id)).toEqual([lazy.invocation.id, urgent.invocation.id]);
});

test("a store that does not answer is not asked sooner because of a record that is waited for", async () => {
  const world = new World();
  await world.join();
  world.storeFails = true;
  const offers = [1, 2].map(() => ({ invocation: callOf({ blocking: true }), attempt: 1 }));
  await world.core.offer("ns:01", offers, { epoch: 5 });
  const [first, second] = world.runs();
  world.record(first!);
  await world.clock.advance(1);
  world.storeFails = false;
  world.record(second!);
  await world.clock.advance(90);
  expect(world.finished).toEqual([]);
  await world.clock.advance(20);
  expect(world.finished.length).toBe(2);
});

test("another process of the host is kept out while this one gives signs of life, and let in when it does not", async () => {
  const world = new World();
  expect(world.core.occupied("boot-2")).toBeUndefined();
  await world.join({ report: { boot: "boot-1" } });
  expect(world.core.occupied("boot-1")).toBeUndefined();
  world.pinged = world.clock.at + 5_000;
  await world.clock.advance(16_000);
  expect(world.core.occupied("boot-2")).toMatch(/gave a sign of life 11 s ago/);
  await world.clock.advance(2_000);
  expect(world.core.occupied("boot-2")).toBeUndefined();
  world.evict(reportOf({ boot: "boot-1" }));
  expect(world.core.occupied("boot-2")).toMatch(/another process/);
  world.core.disconnected(world.connection);
  expect(world.core.occupied("boot-2")).toBeUndefined();
});

test("one that was asleep says that it is ready, once its host has been heard again", async () => {
  const world = new World();
  await world.join();
  world.evict(reportOf());
  await settle();
  expect(world.core.status()).toMatchObject({ connected: true, ready: false });
  const awake = world.core.awake();
  world.hear({ t: "inventory", epoch: world.welcomed(), boot: "boot-1", running: [], more: false });
  await awake;
  expect(world.core.status()).toMatchObject({ connected: true, ready: true });
  await world.core.awake();
});

test("a host that lives and gets no processor keeps its runs, takes nothing new, and goes on when it is back", async () => {
  const world = new World();
  await world.join();
  const call = callOf();
  const reply = world.core.invoke(call, { waitMs: 120_000 });
  await settle();
  world.going = true;
  await world.clock.advance(30_000);
  expect(world.finished).toEqual([]);
  expect(await world.core.invoke(callOf(), { waitMs: 1_000 })).toEqual({
    kind: "not-ready",
    reason: "the host does not answer",
  });
  world.pinged = world.clock.at;
  const [run] = world.runs();
  world.record(run as Run, '{"back":true}');
  expect(await reply).toMatchObject({ kind: "done" });
  world.pinged = world.clock.at;
  void world.core.invoke(callOf(), { waitMs: 1_000 });
  await settle();
  expect(world.runs()).toHaveLength(2);
});

test.each([
  ["is stopped or dead", false, 12_100],
  ["lives and stays silent for a minute", true, 62_000],
])("a host that %s loses what ran there", async (_, going, after) => {
  const world = new World();
  await world.join();
  const reply = world.core.invoke(callOf(), { waitMs: 120_000 });
  await settle();
  world.going = going;
  await world.clock.advance(after - 2_000);
  expect(world.finished).toEqual([]);
  await world.clock.advance(3_500);
  expect(await reply).toMatchObject({ kind: "lost" });
});
