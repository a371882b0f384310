// The runs of one namespace and shard: begun, taken from step to step, taken up again after a loss. An incarnation of
// the object is one CompositionCore; all that matters is in its database.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { CompositionRun, RunReply } from "../../src/protocol/composition.ts";
import { Alarm } from "../shared/alarm.ts";
import { backOffMs, pause } from "../shared/retry.ts";
import type { Database } from "../shared/schema.ts";
import { Waiters } from "../shared/waiters.ts";
import { Driver, framed } from "./driver.ts";
import type { CompositionPorts } from "./ports.ts";
import { MAX_RUNS, RunStore } from "./run-store.ts";

/** Runs taken forward at a time; others wait, oldest first. */
const MAX_DRIVEN = 1_000;
/** How soon (ms) runs that nobody takes forward are found, at the latest. */
const LOOK_EVERY_MS = 10_000;
const RETRY = { firstMs: 100, maxMs: 10_000 };
/** Tries in a row that fail before a run is left to the next alarm. */
const MAX_FAILURES = 7;

export class CompositionCore {
  readonly #ports: CompositionPorts;
  readonly #runStore: RunStore;
  readonly #waiters: Waiters;
  readonly #alarm: Alarm;
  readonly #driven = new Set<ActivationId>();

  constructor(options: { database: Database; ports: CompositionPorts }) {
    this.#ports = options.ports;
    this.#alarm = new Alarm(options.ports, () => this.#round());
    this.#runStore = new RunStore(options.database);
    this.#waiters = new Waiters(options.ports.after);
    // The alarm an earlier incarnation set may be lost to a later one: with runs under way there is always one.
    if (this.#runStore.running > 0) this.#alarm.wakeIn(1_000);
  }

  /** Idempotent by id. */
  async run(run: CompositionRun, options: { waitMs: number }): Promise<RunReply> {
    const { waitMs } = options;
    const { id } = run;
    let state = this.#runStore.state(id);
    if (state === "unknown") {
      if (this.#runStore.running >= MAX_RUNS) return { kind: "full" };
      const frame = await framed(this.#ports, run);
      this.#runStore.begin(run, frame);
      state = "running";
    }
    this.#resume(id);
    this.#alarm.wakeIn(LOOK_EVERY_MS);
    if (waitMs <= 0) return { kind: "accepted" };
    const record =
      state === "running"
        ? await this.#waiters.wait(id, waitMs)
        : (await this.#ports.store().await(id, { ms: 1 })).record;
    if (record !== null) return { kind: "done", record };
    // Asked of the storage, so that an incarnation that was superseded meanwhile promises nothing.
    if (this.#runStore.state(id) === "unknown") throw new Error(`run ${id} was not written down`);
    return { kind: "accepted" };
  }

  runs(id: ActivationId): boolean {
    return this.#runStore.state(id) === "running";
  }

  involved(ids: readonly ActivationId[]): ActivationId[] {
    return this.#runStore.involved(ids);
  }

  backlog(): { running: number } {
    return { running: this.#runStore.running };
  }

  /** The object's alarm. Safe to run at any time and twice. */
  async alarm(): Promise<void> {
    await this.#alarm.run();
  }

  async #round(): Promise<void> {
    const now = this.#ports.now();
    const purgeAt = this.#runStore.purge(now);
    this.#alarm.wakeAt(this.#runStore.running > 0 ? now + LOOK_EVERY_MS : purgeAt);
    this.#fill();
  }

  #fill(): void {
    if (this.#runStore.running <= this.#driven.size) return;
    for (const id of this.#runStore.oldest(MAX_DRIVEN)) this.#resume(id);
  }

  #resume(id: ActivationId): void {
    if (this.#driven.has(id) || this.#driven.size >= MAX_DRIVEN) return;
    this.#driven.add(id);
    void this.#drive(id).finally(() => {
      this.#driven.delete(id);
      if (this.#driven.size === MAX_DRIVEN - 1) this.#fill();
    });
  }

  /** Until it is over, or nobody could be reached for a while. */
  async #drive(id: ActivationId): Promise<void> {
    const ended = (record: ActivationRecord): void => this.#waiters.tell(record);
    const driver = new Driver(id, { runStore: this.#runStore, ports: this.#ports, ended });
    for (let failures = 0; failures < MAX_FAILURES; ) {
      try {
        if (!(await driver.advance())) return;
        failures = 0;
      } catch (error) {
        this.#ports.warn(`run ${id} does not come on, trying again: ${String(error)}`);
        await pause(this.#ports, backOffMs(failures++, RETRY));
      }
    }
  }
}
