// Who runs which subscription. An incarnation of the object is one SubscriptionsCore; leases and packets are in its
// database, when who asked last is in memory.

import { type MessageCounts, NO_COUNTS, type SubscriptionView } from "../../src/entities/subscription.ts";
import {
  type Admission,
  type Definition,
  type HeldReport,
  type HostTurn,
  IDLE_TURN_MS,
  type MessageKey,
  type SubscriptionLease,
  TURN_MS,
} from "../../src/protocol/subscriptions.ts";
import type { Database } from "../shared/schema.ts";
import { assign, type Free, holds } from "./assignment.ts";
import { type LeaseRow, LeaseRows, noLease } from "./lease-rows.ts";

export interface SubscriptionsPorts {
  now(): number;
  /** All that there are. */
  definitions(): Promise<Definition[]>;
}

/** ms after which it is looked again what there is to subscribe to. */
const LOOK_EVERY_MS = 30_000;
/** ms for which a host that may not dial a broker is not asked again. */
const REFUSED_MS = 60_000;

/** Boots of a host that are remembered as over. */
const MAX_BOOTS = 8;

const NOT_DIALLED = "the host that was given it may not dial the broker's address";

/** How a host said that one of its subscriptions stands. */
interface Heard {
  counter: number;
  report: HeldReport;
}

export class SubscriptionsCore {
  readonly #ports: SubscriptionsPorts;
  readonly #rows: LeaseRows;
  readonly #born: number;
  #definitions = new Map<string, Definition>();
  /** Epoch ms of the last look; stale before it. */
  #looked = Number.NEGATIVE_INFINITY;
  /** Epoch ms at which the holder of each asked last. */
  readonly #asked = new Map<string, number>();
  /** Epoch ms since which nobody has it. */
  readonly #free = new Map<string, number>();
  readonly #heard = new Map<string, Heard>();
  /** Epoch ms at which each host asked last. */
  readonly #hosts = new Map<string, number>();
  /** The last question of each host, and its boots before that one. */
  readonly #turns = new Map<string, { boot: string; number: number; over: readonly string[] }>();
  /** Epoch ms until which a host is not asked to dial for one, by id and host. */
  readonly #refusals = new Map<string, Map<string, number>>();

  constructor(options: { database: Database; ports: SubscriptionsPorts }) {
    this.#ports = options.ports;
    this.#rows = new LeaseRows(options.database);
    this.#born = options.ports.now();
  }

  async changed(): Promise<void> {
    await this.#look();
  }

  async turn(
    host: string,
    turn: HostTurn,
  ): Promise<{
    againMs: number;
    held: SubscriptionLease[];
    granted: (SubscriptionLease & { revision: string })[];
    gone: string[];
  }> {
    if (this.#ports.now() - this.#looked >= LOOK_EVERY_MS) await this.#look();
    if (this.#isLate(host, turn)) return { againMs: TURN_MS, held: [], granted: [], gone: [] };
    const now = this.#ports.now();
    if (turn.leaving) this.#hosts.delete(host);
    else this.#hosts.set(host, now);
    const rows = this.#rows.all();
    const kept = this.#hear(rows, { host, turn, now });
    this.#expire(rows, now);
    const granted = turn.leaving ? [] : this.#grant(rows, { host, turn, now, has: kept.length });
    const againMs = this.#definitions.size === 0 ? IDLE_TURN_MS : TURN_MS;
    const gone = turn.held.map(({ id }) => id).filter((id) => !this.#definitions.has(id));
    return { againMs, held: kept, granted, gone };
  }

  async admit(host: string, asked: Admission): Promise<MessageKey[] | null> {
    if (this.#looked === Number.NEGATIVE_INFINITY) await this.#look();
    const row = this.#rows.get(asked.id);
    const now = this.#ports.now();
    if (row === null || !isHolder(row, host, asked) || !this.#isGood(row) || !holds(this.#askedAt(row.id), now))
      return null;
    return asked.packets.length + asked.released.length === 0 ? [] : this.#rows.note(asked, row);
  }

  stop(id: string, revision: string, reason: string): void {
    const row = this.#rows.get(id) ?? noLease(id);
    this.#rows.put([this.#released({ ...row, stopped: { reason, revision } })]);
  }

  async view(id: string): Promise<SubscriptionView | null> {
    if (!this.#definitions.has(id)) await this.#look();
    const definition = this.#definitions.get(id);
    if (definition === undefined) return null;
    const row = this.#rows.get(id) ?? noLease(id);
    const now = this.#ports.now();
    const holder = holds(this.#askedAt(id), now) && this.#isGood(row) ? row.holder : null;
    const heard = this.#heard.get(id);
    const report = holder !== null && heard?.counter === row.counter ? heard.report : null;
    const error = report?.error === undefined ? row.error : { text: report.error.text, at: now - report.error.ago };
    return {
      ...this.#stateOf(definition, row, { holder, report, error }),
      ...(holder === null ? {} : { since: holder.since }),
      lag: report?.lag ?? null,
      unacknowledged: report?.unacknowledged ?? 0,
      counts: report === null ? row.counts : sum(row.counts, report.counts),
      ...(error === null ? {} : { lastError: error }),
    };
  }

  #stateOf(
    definition: Definition,
    row: LeaseRow,
    {
      holder,
      report,
      error,
    }: { holder: LeaseRow["holder"]; report: HeldReport | null; error: { text: string } | null },
  ): Pick<SubscriptionView, "state" | "reason"> {
    if (definition.paused) return { state: "paused", reason: "it was paused by its owner" };
    if (row.stopped !== null && row.stopped.revision === definition.revision) {
      return { state: "stopped", reason: row.stopped.reason };
    }
    if (holder === null) return { state: "waiting", reason: this.#waitsFor(definition.id) };
    if (report === null || report.state === "connecting" || report.state === "refused") return { state: "connecting" };
    if (report.state === "receiving") return { state: "receiving" };
    return { state: "retrying", ...(error === null ? {} : { reason: error.text }) };
  }

  #waitsFor(id: string): string {
    const now = this.#ports.now();
    const live = [...this.#hosts.values()].filter((asked) => holds(asked, now)).length;
    if (live === 0) return "no host with connectors asks for subscriptions";
    return this.#refusedBy(id, now).length > 0 ? NOT_DIALLED : "a host is about to be given it";
  }

  /** Its host has given it up and asked another one since, or was started again. */
  #isLate(host: string, { boot, number }: HostTurn): boolean {
    const last = this.#turns.get(host) ?? { boot, number, over: [] };
    if (last.over.includes(boot) || (last.boot === boot && number < last.number)) return true;
    const over = last.boot === boot ? last.over : [...last.over, last.boot].slice(-MAX_BOOTS);
    this.#turns.set(host, { boot, number, over });
    return false;
  }

  /** Takes a host's reports; those it keeps. What it gives back, or must, is free. */
  #hear(
    rows: Map<string, LeaseRow>,
    { host, turn, now }: { host: string; turn: HostTurn; now: number },
  ): { id: string; counter: number }[] {
    const changed: LeaseRow[] = [];
    const kept: { id: string; counter: number }[] = [];
    for (const report of turn.held) {
      const row = rows.get(report.id);
      if (row === undefined || !isHolder(row, host, { boot: turn.boot, counter: report.counter })) continue;
      this.#heard.set(report.id, { counter: report.counter, report });
      const refused = report.state === "refused";
      if (refused) this.#refusalsOf(report.id).set(host, now + REFUSED_MS);
      if (!turn.leaving && !refused && this.#isGood(row)) {
        this.#asked.set(report.id, now);
        kept.push({ id: report.id, counter: report.counter });
      } else changed.push(this.#released(row));
    }
    // What it has and does not speak of it does not know of: the answer in which it was given was lost,
    // or the host was started again.
    const spoken = new Set(turn.held.map(({ id }) => id));
    for (const row of rows.values()) {
      const { holder } = row;
      const isKnown = holder?.boot === turn.boot && spoken.has(row.id);
      if (holder?.host === host && !isKnown) changed.push(this.#released(row));
    }
    this.#write(rows, changed);
    return kept;
  }

  #expire(rows: Map<string, LeaseRow>, now: number): void {
    const ended = [...rows.values()].filter((row) => row.holder !== null && !holds(this.#askedAt(row.id), now));
    this.#write(
      rows,
      ended.map((row) => this.#released(row)),
    );
  }

  #grant(
    rows: Map<string, LeaseRow>,
    { host, turn, now, has }: { host: string; turn: HostTurn; now: number; has: number },
  ): (SubscriptionLease & { revision: string })[] {
    const active = [...this.#definitions.values()].filter(
      ({ id, revision, paused }) => !paused && rows.get(id)?.stopped?.revision !== revision,
    );
    const free: Free[] = active
      .filter(({ id }) => (rows.get(id)?.holder ?? null) === null)
      .map(({ id }) => ({ id, since: this.#freeSince(id, now), refusedBy: this.#refusedBy(id, now) }));
    const hosts = [...this.#hosts.values()].filter((asked) => holds(asked, now)).length;
    const given = assign({ host, room: turn.room, has }, free, { hosts, active: active.length, now });
    const granted = given.flatMap((id) => {
      const revision = this.#definitions.get(id)?.revision;
      if (revision === undefined) return [];
      const row = rows.get(id) ?? noLease(id);
      const holder = { host, boot: turn.boot, revision, since: now };
      return [{ ...row, counter: row.counter + 1, line: 0, stopped: null, holder }];
    });
    this.#write(rows, granted);
    for (const { id } of granted) {
      this.#asked.set(id, now);
      this.#free.delete(id);
    }
    return granted.map(({ id, counter, holder }) => ({ id, counter, revision: holder.revision }));
  }

  #write(rows: Map<string, LeaseRow>, changed: readonly LeaseRow[]): void {
    this.#rows.put(changed);
    for (const row of changed) rows.set(row.id, row);
  }

  /** What came under the lease that ends is added to what came before. */
  #released(row: LeaseRow): LeaseRow {
    const heard = this.#heard.get(row.id);
    this.#heard.delete(row.id);
    this.#asked.delete(row.id);
    this.#free.set(row.id, this.#ports.now());
    if (heard === undefined || heard.counter !== row.counter || row.holder === null) return { ...row, holder: null };
    const { counts, error } = heard.report;
    return {
      ...row,
      holder: null,
      counts: sum(row.counts, counts),
      error: error === undefined ? row.error : { text: error.text, at: this.#ports.now() - error.ago },
    };
  }

  /** What it was given for is still what is wanted. */
  #isGood({ id, holder, stopped }: LeaseRow): boolean {
    const definition = this.#definitions.get(id);
    return (
      definition !== undefined &&
      !definition.paused &&
      holder?.revision === definition.revision &&
      stopped?.revision !== definition.revision
    );
  }

  /** Another incarnation may have heard its holder a moment ago. */
  #askedAt(id: string): number {
    return this.#asked.get(id) ?? this.#born;
  }

  #freeSince(id: string, now: number): number {
    const known = this.#free.get(id);
    if (known === undefined) this.#free.set(id, now);
    return known ?? now;
  }

  #refusalsOf(id: string): Map<string, number> {
    const known = this.#refusals.get(id) ?? new Map<string, number>();
    this.#refusals.set(id, known);
    return known;
  }

  #refusedBy(id: string, now: number): string[] {
    return [...(this.#refusals.get(id) ?? [])].filter(([, until]) => now < until).map(([host]) => host);
  }

  async #look(): Promise<void> {
    const found = await this.#ports.definitions();
    this.#looked = this.#ports.now();
    const before = this.#definitions;
    this.#definitions = new Map(found.map((each) => [each.id, each]));
    for (const [id, { revision }] of this.#definitions) {
      // Its owner has changed it: each host may try anew.
      if (before.get(id)?.revision !== revision) this.#refusals.delete(id);
    }
    const gone = [...this.#rows.all().keys()].filter((id) => !this.#definitions.has(id));
    this.#rows.drop(gone);
    for (const id of gone) for (const map of [this.#asked, this.#free, this.#heard, this.#refusals]) map.delete(id);
  }
}

function isHolder(row: LeaseRow, host: string, { boot, counter }: { boot: string; counter: number }): boolean {
  return row.holder?.host === host && row.holder.boot === boot && row.counter === counter;
}

function sum(one: MessageCounts, other: MessageCounts): MessageCounts {
  const names = Object.keys(NO_COUNTS) as (keyof MessageCounts)[];
  return Object.fromEntries(names.map((name) => [name, one[name] + other[name]])) as unknown as MessageCounts;
}
