// A store over real SQL on a clock of its own, with schedulers that do as the test says.

import { StoreCore } from "../../../durable-objects/activations/core.ts";
import { MovingTurns } from "../../../durable-objects/activations/moving-turns.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import type { Finished, HoldsReply, Offer, OfferReply, RosterEntry } from "../../../src/protocol/rpc.ts";
import { completed } from "../calls.ts";
import { Clock, openDatabase, settle } from "../clock.ts";
import { MemoryHook } from "../hook.ts";
import { MemoryShelves } from "../shelves.ts";

export class Scheduler {
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

export class World {
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
        turns: new MovingTurns(),
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

export function entryOf(scheduler: string): RosterEntry {
  return {
    ...{ scheduler, host: scheduler, connected: true, draining: false, memory: 1024, engine: "test", build: "test" },
    ...{ blackbox: false, runtimes: [{ kind: "nodejs:20", image: "", digest: "" }], since: 0, epoch: 1 },
  };
}
