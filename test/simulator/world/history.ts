// What happened, as seen from outside: what callers sent and were told, what containers saw, what the stores say. The
// checker judges by this alone.

import type { Kernel } from "../machine/kernel.ts";

export type Heard =
  /** The result itself (200 or a failure of the action). */
  | { kind: "result"; id: string; statusCode: number; result: string }
  /** 202. */
  | { kind: "accepted"; id: string }
  /** 500 that names an id. */
  | { kind: "error"; id: string; text: string }
  /** 429 or 503: nothing was accepted. 204: a fire without an active rule. */
  | { kind: "refused"; code: string }
  /** The connection broke: the caller knows nothing. */
  | { kind: "broken"; cause: string };

export interface Call {
  number: number;
  /** Known where a throttle was asked, or from the answer. */
  id: string | null;
  /** uuid */
  namespace: string;
  action: string;
  /** It is one: its steps are durable from the beginning. */
  composition?: true;
  /** Label of the isolate that serves it. */
  isolate: string;
  blocking: boolean;
  waitMs: number;
  /** What its container will do. */
  runMs: number;
  sentAt: number;
  /** The caller left then. */
  leftAt: number | null;
  told: Heard | null;
  toldAt: number | null;
}

/** A composition that a Worker has handed over. */
export interface Run {
  id: string;
  call: number;
  /** uuid */
  namespace: string;
}

/** A fact that a Worker has handed to a store. */
export interface Fact {
  id: string;
  /** Number of the call that fired. */
  call: number;
  /** uuid */
  namespace: string;
  rules: { rule: string; action: string; active: boolean; id: string }[];
}

export interface Start {
  id: string;
  attempt: number;
  /** uuid */
  namespace: string;
  host: string;
  boot: string;
  call: number;
  at: number;
  endedAt: number | null;
  /** What the container answered. */
  result: string | null;
}

export interface Permit {
  /** uuid */
  namespace: string;
  id: string;
  /** Between these it was counted. */
  askedAt: number;
  at: number;
}

export class History {
  readonly calls: Call[] = [];
  readonly starts: Start[] = [];
  /** By id, the first terminal record that anybody read. */
  readonly seen = new Map<string, string>();
  readonly violations: string[] = [];
  readonly permits: Permit[] = [];
  readonly facts: Fact[] = [];
  readonly runs: Run[] = [];
  readonly #kernel: Kernel;
  /** Whether a store has a row or a record of the id. */
  readonly #isWritten: (id: string) => boolean;

  constructor(kernel: Kernel, isWritten: (id: string) => boolean) {
    this.#kernel = kernel;
    this.#isWritten = isWritten;
  }

  violate(text: string): void {
    this.#kernel.trace(`VIOLATION ${text}`);
    this.violations.push(`${this.#kernel.elapsed.toFixed(0)} ms: ${text}`);
  }

  started(start: Start): void {
    for (const other of this.starts) {
      if (other.id === start.id) this.violate(`${start.id} started twice: ${other.boot} and ${start.boot}`);
    }
    this.starts.push(start);
    this.#kernel.trace(`${start.boot} starts ${start.id}/${start.attempt} call ${start.call}`);
  }

  permitted(permit: Permit): void {
    this.permits.push(permit);
  }

  tell(call: Call, told: Heard): void {
    if (call.told !== null) return;
    if (told.kind === "accepted" && !this.#isWritten(told.id))
      this.violate(`${told.id} was answered before it had a row`);
    call.told = told;
    call.toldAt = this.#kernel.elapsed;
    this.#kernel.trace(`call ${call.number} told ${JSON.stringify(told).slice(0, 160)}`);
  }

  /** A terminal record was read: it must be the one read before. */
  read(id: string, record: string): void {
    const before = this.seen.get(id);
    if (before === undefined) this.seen.set(id, record);
    else if (before !== record) this.violate(`record of ${id} changed from ${before} to ${record}`);
  }
}
