// One object in a world of its own, and its life: an incarnation is brought up when something comes to it, dies, or is
// superseded without noticing; its database outlives it; alarms are lost; a sweep wakes it. What it is, what comes to
// it and what it must have done in the end, each world says itself.

import type { Database } from "../../../durable-objects/shared/schema.ts";
import { Sqlite } from "../../support/sqlite.ts";
import { enter } from "../machine/ambient.ts";
import { Kernel, type Owner } from "../machine/kernel.ts";
import { Random } from "../machine/random.ts";

/** As the sweep of one machine. */
export const SWEEP_MS = 5_000;
/** An alarm that is set is lost as often. */
const LOST_ALARMS = 0.1;

export interface LoneOutcome {
  violations: string[];
  fires: number;
  /** What went wrong on the way. */
  deaths: number;
  lostAlarms: number;
  lostAnswers: number;
}

interface LoneCore {
  alarm(): Promise<void>;
  wake(): unknown;
}

export interface Incarnation<Core> extends Owner {
  /** ms by which its machine's clock is wrong. */
  skew: number;
  /** Another one is there: it may not write any more, and does not know. */
  superseded: boolean;
  core: Core;
}

/** What every core asks of its platform. */
export interface LonePorts {
  now(): number;
  after(ms: number, run: () => void): () => void;
  setAlarm(at: number): void;
  warn(text: string): void;
}

export abstract class LoneWorld<Core extends LoneCore> {
  readonly kernel: Kernel;
  readonly random: Random;
  readonly outcome: LoneOutcome = { violations: [], fires: 0, deaths: 0, lostAlarms: 0, lostAnswers: 0 };
  /** Whoever lives as long as the world. */
  readonly outside: Owner = { label: "outside", alive: true };
  readonly #calmMs: number;
  readonly #sqlite = new Sqlite();
  #object: Incarnation<Core> | null = null;
  #alarm: { run: (() => void) | null } | null = null;

  /** `calmMs`: from then on nothing goes wrong any more. */
  constructor(seed: number, { calmMs }: { calmMs: number }) {
    this.random = new Random(seed);
    this.kernel = new Kernel(this.random.fork(), { keepTrace: false });
    this.#calmMs = calmMs;
  }

  protected abstract coreOf(owner: Incarnation<Core>, parts: { database: Database; ports: LonePorts }): Core;

  /** Of a new incarnation's clock, in ms. */
  protected abstract skew(): number;

  get calm(): boolean {
    return this.kernel.elapsed >= this.#calmMs;
  }

  /** The incarnation that is there, if one is. */
  get object(): Incarnation<Core> | null {
    return this.#object;
  }

  later(ms: number, run: () => void): void {
    this.kernel.after(ms, this.outside, run);
  }

  sweep(): void {
    this.later(SWEEP_MS, () => {
      this.live().core.wake();
      this.sweep();
    });
  }

  /** It is gone, with all that it was about to do. */
  die(): void {
    if (this.#object !== null) this.#object.alive = false;
    this.#object = null;
  }

  /** The next one will be there; this one has not noticed. */
  supersede(): void {
    if (this.#object !== null) this.#object.superseded = true;
    this.#object = null;
  }

  /** The object, brought up where it is not there. */
  live(): Incarnation<Core> {
    if (this.#object !== null) return this.#object;
    const made = { label: "object", alive: true, skew: this.skew(), superseded: false } as Incarnation<Core>;
    this.#object = made;
    this.#as(made, () => {
      made.core = this.coreOf(made, { database: this.#databaseOf(made), ports: this.#portsOf(made) });
    });
    return made;
  }

  #as(owner: Owner, run: () => void): void {
    const before = this.kernel.owner;
    this.kernel.owner = owner;
    run();
    this.kernel.owner = before;
  }

  #databaseOf(owner: Incarnation<Core>): Database {
    const check = <T>(run: () => T): T => {
      if (owner.superseded) throw new Error("superseded");
      return run();
    };
    const { exec, transactionSync } = this.#sqlite;
    return {
      sql: { exec: (query, ...bindings) => check(() => exec.call(this.#sqlite, query, ...bindings)) as never },
      transaction: (run) => check(() => transactionSync.call(this.#sqlite, run) as ReturnType<typeof run>),
    };
  }

  #portsOf(owner: Incarnation<Core>): LonePorts {
    const { kernel } = this;
    return {
      now: () => Math.floor(kernel.now + owner.skew),
      after: (ms, run) => {
        const event = kernel.after(ms, owner, run);
        return () => kernel.cancel(event);
      },
      setAlarm: (at) => {
        if (!owner.superseded) this.#setAlarm(at - owner.skew);
      },
      warn: (text) => kernel.trace(text),
    };
  }

  #setAlarm(at: number): void {
    if (this.#alarm !== null) this.#alarm.run = null;
    if (!this.calm && this.random.chance(LOST_ALARMS)) {
      this.outcome.lostAlarms++;
      this.#alarm = null;
      return;
    }
    this.#alarm = this.kernel.after(at - this.kernel.now, this.outside, () => {
      this.#alarm = null;
      const object = this.live();
      this.#as(object, () => {
        object.core.alarm().catch((error: unknown) => this.kernel.trace(String(error)));
      });
    });
  }
}

/** From its beginning to its judgement. */
export async function runLone(world: { kernel: Kernel; run(): Promise<LoneOutcome> }): Promise<LoneOutcome> {
  enter(world.kernel);
  try {
    return await world.run();
  } finally {
    enter(null);
  }
}
