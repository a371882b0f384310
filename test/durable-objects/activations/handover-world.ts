// A store's core whose records leave it, with shelves that do as a test says.

import { StoreCore } from "../../../durable-objects/activations/core.ts";
import { MovingTurns } from "../../../durable-objects/activations/moving-turns.ts";
import type { Database } from "../../../durable-objects/shared/schema.ts";
import type { Completion } from "../../../src/entities/activation.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import type { ActivationStoreMode } from "../../../src/entities/activation-store-mode.ts";
import { Meter } from "../../../src/metrics/meter.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import { callOf, completed } from "../calls.ts";
import { Clock, openDatabase, settle } from "../clock.ts";
import { MemoryHook } from "../hook.ts";
import { MemoryShelves } from "../shelves.ts";

export const NOBODY = { scheduler: "h/0", epoch: 1 };

export class HandoverWorld {
  readonly clock: Clock;
  readonly database: Database;
  readonly shelves: MemoryShelves;
  readonly hook = new MemoryHook();
  /** Receivers of user events: the namespace's, and the platform's where it has one. */
  readonly eventHook = new MemoryHook();
  readonly platformHook = new MemoryHook();
  hasPlatforms = false;
  readonly meter = new Meter();
  readonly warnings: string[] = [];
  readonly forgotten: string[] = [];
  /** What the roster heard of whether it is full. */
  readonly told: (string | null)[] = [];
  /** What the machine says of its disk. */
  machine: string | null = null;
  /** Who answers the next question never. */
  mute: "" | "roster" | "machine" = "";
  alarmAt: number | undefined;
  core: StoreCore;

  readonly #shard: number;

  constructor(
    mode: ActivationStoreMode = "d1",
    database = openDatabase(),
    shared: { shard?: number; clock?: Clock; shelves?: MemoryShelves } = {},
  ) {
    this.#shard = shared.shard ?? 1;
    this.clock = shared.clock ?? new Clock();
    this.shelves = shared.shelves ?? new MemoryShelves(mode);
    this.database = database;
    this.core = this.incarnate();
  }

  incarnate(): StoreCore {
    this.core = new StoreCore(`ns:0${this.#shard}`, {
      database: this.database,
      ports: {
        now: this.clock.now,
        turns: new MovingTurns(),
        maxQueue: 3_600_000,
        shelves: this.shelves,
        after: this.clock.after,
        setAlarm: (at) => {
          this.alarmAt = at;
        },
        scheduler: () => {
          throw new Error("nobody is there");
        },
        resume: async () => {},
        roster: {
          schedulers: async () => [],
          waiting: async () => {},
          full: (_, why) => this.#answered("roster", () => void this.told.push(why)),
        },
        hook: this.hook,
        events: { namespace: this.eventHook, platform: this.platformHook, isPlatforms: this.hasPlatforms },
        meter: this.meter,
        sinks: () => ({ take: async () => {}, wake: async () => {} }),
        ledgerFault: () => this.#answered("machine", () => this.machine),
        leave: () => {},
        forget: (keys) => void this.forgotten.push(...keys),
        warn: (text) => void this.warnings.push(text),
      },
    });
    return this.core;
  }

  async #answered<T>(who: "roster" | "machine", answer: () => T): Promise<T> {
    if (this.mute !== who) return answer();
    this.mute = "";
    return new Promise(() => {});
  }

  call(options: Partial<Invocation["about"]> = {}): Invocation {
    const call = callOf({ about: options });
    return { ...call, id: newActivationId(this.clock.at, this.#shard) };
  }

  /** Ends an activation that nobody knows here, as a host on the fast path does. */
  finish(call: Invocation, result = '{"ok":true}'): void {
    this.complete(call, completed(result));
  }

  complete(call: Invocation, completion: Completion): void {
    const { id, about } = call;
    this.core.complete([{ id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion }], NOBODY);
  }

  made(count: number): Invocation[] {
    return Array.from({ length: count }, () => {
      this.clock.at += 1;
      const call = this.call();
      this.finish(call);
      return call;
    });
  }

  /** As many records as from before, older than all others. */
  fill(count: number): void {
    this.database.sql.exec(
      `INSERT INTO records (id, start, name, kept, stored, record, sum)
        WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < ?)
        SELECT printf('%032x', at), at, 'a', 1, at, ?, -1 FROM n`,
      ...[count, "x".repeat(100)],
    );
  }

  async advance(ms: number): Promise<void> {
    const end = this.clock.at + ms;
    for (;;) {
      const next = Math.min(this.alarmAt ?? Number.POSITIVE_INFINITY, this.clock.at + 10_000, end);
      await this.clock.advance(Math.max(0, next - this.clock.at));
      if (this.alarmAt !== undefined && this.alarmAt <= this.clock.at) {
        this.alarmAt = undefined;
        await this.core.alarm();
      }
      do await settle();
      while (this.shelves.segments.busy + this.hook.busy + this.eventHook.busy + this.platformHook.busy > 0);
      await settle();
      if (this.clock.at >= end) break;
    }
  }

  /** Records that lie in the object itself. */
  get own(): number {
    return this.database.sql.exec<{ n: number }>("SELECT count(*) AS n FROM records WHERE kept = 1").one().n;
  }

  async found(calls: readonly Invocation[]): Promise<number> {
    const found = await Promise.all(calls.map((call) => this.core.find(call.id)));
    return found.filter(({ record }, at) => record?.activationId === calls[at]?.id).length;
  }
}
