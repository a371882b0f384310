// A clock that stands still until it is told how far to go, and a database in memory:
// what cores need to be tested in Node.

import type { Database } from "../../durable-objects/shared/schema.ts";
import { Sqlite } from "../support/sqlite.ts";
import { START } from "./calls.ts";

interface Timer {
  at: number;
  run: () => void;
}

export class Clock {
  at = START;
  #timers = new Set<Timer>();

  now = (): number => this.at;

  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.at + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  get timers(): number {
    return this.#timers.size;
  }

  /** Moves on, running what falls due in order, each with its promises. */
  async advance(ms: number): Promise<void> {
    const end = this.at + ms;
    await settle();
    for (;;) {
      const next = [...this.#timers].filter((timer) => timer.at <= end).sort((one, other) => one.at - other.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.at = Math.max(this.at, next.at);
      next.run();
      await settle();
    }
    this.at = end;
  }
}

/** Lets everything that is ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function openDatabase(): Database {
  const sqlite = new Sqlite();
  return {
    sql: { exec: (query, ...bindings) => sqlite.exec(query, ...bindings) },
    transaction: sqlite.transactionSync,
  };
}
