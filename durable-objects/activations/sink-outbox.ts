// What is to go to sinks: noted in the transaction that makes the record, and handed over to the namespace's Sinks
// object until that has confirmed it. Nobody who calls waits for any of it.

import { type ActivationRecord, statusText } from "../../src/entities/activation.ts";
import type { SinkEvent, SinkOf, SinksRpc } from "../../src/protocol/sinks.ts";
import type { AlarmPorts } from "../shared/ports.ts";
import { backOffMs } from "../shared/retry.ts";
import type { Sql } from "../shared/schema.ts";

/** Events in one hand-over, and characters of them. */
const MAX_BATCH = 100;
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** Events that wait here; of more, the newest are dropped and told of. */
const MAX_WAITING = 10_000;
const SOON_MS = 20;
const BACK_OFF = { firstMs: 500, maxMs: 60_000 };

type Ports = Pick<AlarmPorts, "now" | "after" | "warn">;

export class SinkOutbox {
  readonly #sql: Sql;
  readonly #ports: Ports;
  readonly #sinks: () => Pick<SinksRpc, "take" | "wake">;
  readonly #wake: () => void;
  /** Whose records are noted, by kind and name. Where it is empty, `note` need not be called. */
  readonly followed: Set<string> = new Set();
  #count = 0;
  #due = Number.POSITIVE_INFINITY;
  #inVain = 0;
  #isFlying = false;

  /** `wake`: the alarm is to be set anew. */
  constructor(options: { sql: Sql; ports: Ports; sinks: () => Pick<SinksRpc, "take" | "wake">; wake: () => void }) {
    this.#sql = options.sql;
    this.#ports = options.ports;
    this.#sinks = options.sinks;
    this.#wake = options.wake;
    for (const row of this.#sql.exec<{ kind: string; name: string }>("SELECT kind, name FROM followed").toArray())
      this.followed.add(keyOf(row));
    if (this.followed.size === 0) return;
    this.#count = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM sink_outbox").one().n;
    // Both may have lost their alarm with an earlier incarnation.
    this.#due = this.#ports.now();
  }

  follow(these: readonly SinkOf[]): void {
    this.#sql.exec("DELETE FROM followed");
    this.followed.clear();
    for (const each of these) {
      this.#sql.exec("INSERT INTO followed (kind, name) VALUES (?, ?)", each.kind, each.name);
      this.followed.add(keyOf(each));
    }
  }

  /** A record was made. In its transaction. */
  note(record: ActivationRecord, name: string): void {
    const kind = record.meta?.kind === "trigger" ? "trigger" : "action";
    if (!this.followed.has(keyOf({ kind, name }))) return;
    if (this.#count >= MAX_WAITING) {
      const { activationId, meta } = record;
      this.#ports.warn(
        `the event of ${activationId} for a sink was dropped: ${MAX_WAITING} wait already`,
        meta?.traceId,
      );
      return;
    }
    this.#sql.exec("INSERT INTO sink_outbox (event) VALUES (?)", JSON.stringify(eventOf(record, { kind, name })));
    this.#count++;
    if (this.#isFlying || this.#due !== Number.POSITIVE_INFINITY) return;
    this.#due = this.#ports.now() + SOON_MS;
    this.#ports.after(SOON_MS, () => this.run());
    // Should this incarnation not come to it.
    this.#wake();
  }

  /** Epoch ms, or Infinity. */
  next(): number {
    return this.#due;
  }

  /** Hands over what is due. */
  run(): void {
    if (this.#isFlying || this.#ports.now() < this.#due) return;
    this.#isFlying = true;
    this.#due = Number.POSITIVE_INFINITY;
    this.#fly().catch((error: unknown) => this.#ports.warn(`handing over to sinks failed: ${String(error)}`));
  }

  async #fly(): Promise<void> {
    const rows = this.#batch();
    try {
      if (rows.length === 0) await this.#sinks().wake();
      else await this.#sinks().take(rows.map(({ event }) => JSON.parse(event) as SinkEvent));
      const last = rows.at(-1)?.seq ?? 0;
      this.#sql.exec("DELETE FROM sink_outbox WHERE seq <= ?", last);
      this.#count = rows.length === 0 ? 0 : this.#count - rows.length;
      this.#inVain = 0;
      this.#isFlying = false;
      if (this.#count > 0) this.#later(0);
    } catch (error) {
      this.#isFlying = false;
      this.#later(backOffMs(this.#inVain++, BACK_OFF));
      this.#ports.warn(`the object of sinks did not take what is for them: ${String(error)}`);
    }
  }

  #later(ms: number): void {
    this.#due = this.#ports.now() + ms;
    this.#ports.after(ms, () => this.run());
    this.#wake();
  }

  #batch(): { seq: number; event: string }[] {
    const rows = this.#sql
      .exec<{ seq: number; event: string }>("SELECT seq, event FROM sink_outbox ORDER BY seq LIMIT ?", MAX_BATCH)
      .toArray();
    let characters = 0;
    const fitting = rows.findIndex(({ event }, at) => {
      characters += event.length;
      return at > 0 && characters > MAX_CHARACTERS;
    });
    return fitting < 0 ? rows : rows.slice(0, fitting);
  }
}

function eventOf(record: ActivationRecord, { kind, name }: SinkOf): SinkEvent {
  const { activationId: id, namespace, start, end, duration, statusCode, result } = record;
  const at = kind === "action" ? end : start;
  return { id, kind, namespace, name, at, status: statusText(statusCode), durationMs: duration, data: result };
}

function keyOf({ kind, name }: { kind: string; name: string }): string {
  return `${kind} ${name}`;
}
