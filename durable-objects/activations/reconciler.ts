// What the alarm does while rows are open: asks schedulers what they hold, ends what is lost, offers what nobody took.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import { canRun, isOpen, type Need, needOf, needText, obstacle } from "../../src/protocol/matching.ts";
import type { HoldsReply, RosterEntry, SchedulerName, StoreName } from "../../src/protocol/rpc.ts";
import { within } from "../shared/deadline.ts";
import type { ActivationRows, OutRow } from "./activation-rows.ts";
import type { Ended } from "./ended.ts";
import type { OfferQueue } from "./offer-queue.ts";
import { mayAsk, offerAgainMs, offerTargetOf } from "./offers.ts";
import type { StorePorts } from "./ports.ts";
import { ASK_AFTER, classify, MAX_ASK_MS } from "./reconcile.ts";

/** Ids in one question. */
const MAX_ASKED = 500;
/** Rows offered to one scheduler in one round. */
const BATCH_ITEMS = 64;
/** ms after which another object's answer is not waited for any more: a round must end, whoever hangs. */
const ANSWER_WITHIN_MS = 5_000;

export class Reconciler {
  readonly #name: StoreName;
  readonly #rows: ActivationRows;
  readonly #offerQueue: OfferQueue;
  readonly #ports: StorePorts;
  readonly #ended: (ended: Ended[]) => void;
  /** When rows that are out are asked about next, where that is not ASK_AFTER after they went out. */
  readonly #asked = new Map<ActivationId, { next: number; wait: number }>();
  #inVain = 0;
  /** What the roster was told last. */
  #told: boolean | undefined;

  constructor(
    name: StoreName,
    options: { rows: ActivationRows; offerQueue: OfferQueue; ports: StorePorts; ended: (ended: Ended[]) => void },
  ) {
    this.#name = name;
    this.#rows = options.rows;
    this.#offerQueue = options.offerQueue;
    this.#ports = options.ports;
    this.#ended = options.ended;
  }

  /** Ask about these at the next occasion. */
  recheck(ids: readonly ActivationId[]): void {
    const next = this.#ports.now() + 1_000;
    for (const id of ids) this.#asked.set(id, { next, wait: 1_000 });
  }

  /** Asks about rows that are out. Returns when to ask again, or Infinity. */
  async reconcile(): Promise<number> {
    const now = this.#ports.now();
    const due = new Map<SchedulerName, OutRow[]>();
    const out = this.#rows.outRows();
    for (const row of out) {
      if (this.#nextFor(row) > now) continue;
      if (this.#offerQueue.isBusy(row.id)) {
        this.recheck([row.id]);
        continue;
      }
      const rows = due.get(row.scheduler);
      if (rows === undefined) due.set(row.scheduler, [row]);
      else if (rows.length < MAX_ASKED) rows.push(row);
    }
    await Promise.all([...due].map(([scheduler, rows]) => this.#ask(scheduler, rows)));
    const left = this.#rows.outRows();
    const ids = new Set(left.map((row) => row.id));
    for (const id of this.#asked.keys()) if (!ids.has(id)) this.#asked.delete(id);
    return left.reduce((earliest, row) => Math.min(earliest, this.#nextFor(row)), Number.POSITIVE_INFINITY);
  }

  /** Offers waiting rows to whoever could take them; each that is busy will ask for more by itself. Returns when to try
   * again, or Infinity if nothing waits. */
  async place(): Promise<number> {
    if (this.#rows.waiting === 0) {
      await this.#tell(false);
      return Number.POSITIVE_INFINITY;
    }
    const listed = await this.#roster();
    const entries = listed ?? [];
    const needs = this.#rows.queue.needs();
    for (const [index, entry] of entries.entries()) {
      const others = [...entries.slice(index + 1), ...entries.slice(0, index)];
      this.#offerTo(entry, others);
    }
    if (listed !== null) for (const need of needs) this.#rows.queue.explain(needText(need), obstacle(entries, need));
    this.#rows.queue.tidy();
    await this.#tell(true);
    const someHost = entries.some((entry) => needs.some((need) => takes(entry, need)));
    return this.#ports.now() + offerAgainMs(this.#inVain++, { someHost });
  }

  /** Null if it does not answer. */
  async #roster(): Promise<RosterEntry[] | null> {
    try {
      return await within(this.#ports.after, ANSWER_WITHIN_MS, this.#ports.roster.schedulers());
    } catch (error) {
      this.#ports.warn(`the roster did not answer: ${String(error)}`);
      return null;
    }
  }

  /** Work was taken: the next shortage starts with short waits. */
  taken(): void {
    this.#inVain = 0;
  }

  /** `others`: who is asked next for what this one declines. */
  #offerTo(entry: RosterEntry, others: readonly RosterEntry[]): void {
    const { scheduler } = entry;
    const fits = (need: Need) => takes(entry, need);
    const last = this.#offerQueue.known(scheduler);
    // Of a scheduler with a new epoch nothing is known.
    const known = last?.epoch === entry.epoch ? last : undefined;
    const now = this.#ports.now();
    if (!mayAsk(known, { now, waiting: () => this.#rows.queue.hasAny(fits) })) return;
    const suited = this.#rows.queue.next(BATCH_ITEMS, { memory: Number.POSITIVE_INFINITY, fits });
    if (suited.length === 0) return;
    const ids = suited.map((offer) => offer.invocation.id);
    const target = offerTargetOf(scheduler, last);
    const marked = new Set(this.#rows.offer(ids, target, { now }));
    const tasks = suited
      .filter((offer) => marked.has(offer.invocation.id))
      .map((offer) => {
        const need = needOf(offer.invocation);
        const rest = others.filter((other) => takes(other, need)).map((other) => other.scheduler);
        return { offer, target, rest };
      });
    this.#offerQueue.send(scheduler, tasks);
  }

  async #ask(scheduler: SchedulerName, rows: readonly OutRow[]): Promise<void> {
    let reply: HoldsReply | null = null;
    try {
      const ids = rows.map((row) => row.id);
      const attempts = rows.map((row) => row.attempt);
      reply = await within(this.#ports.after, ANSWER_WITHIN_MS, this.#ports.scheduler(scheduler).holds(ids, attempts));
    } catch (error) {
      this.#ports.warn(`${scheduler} did not say what it holds: ${String(error)}`);
    }
    const now = this.#ports.now();
    const held = new Set(reply?.held);
    const moved: ActivationId[] = [];
    const ended: Ended[] = [];
    for (const row of rows) {
      // Offered anew while the question was on its way.
      if (this.#offerQueue.isBusy(row.id)) {
        this.recheck([row.id]);
        continue;
      }
      const verdict = classify(row, reply, { held: held.has(row.id), now });
      this.#postpone(row, verdict.kind === "held" ? 2 : 1);
      if (verdict.kind === "held" && reply !== null && (row.epoch !== reply.epoch || row.boot !== reply.boot)) {
        moved.push(row.id);
      } else if (verdict.kind === "again") {
        this.#rows.wait([row], { scheduler, reason: "it was not started", again: true });
      } else if (verdict.kind === "lost") {
        const end = this.#rows.lose(row, { reason: verdict.reason, now });
        if (end !== null) ended.push(end);
      }
    }
    if (moved.length > 0 && reply !== null) {
      this.#rows.confirm(moved, { scheduler, epoch: reply.epoch, boot: reply.boot });
    }
    if (ended.length > 0) this.#ended(ended);
  }

  #nextFor(row: OutRow): number {
    return this.#asked.get(row.id)?.next ?? row.since + ASK_AFTER;
  }

  #postpone(row: OutRow, factor: number): void {
    const wait = Math.min(MAX_ASK_MS, Math.max(ASK_AFTER, (this.#asked.get(row.id)?.wait ?? ASK_AFTER / 2) * factor));
    this.#asked.set(row.id, { next: this.#ports.now() + wait, wait });
  }

  async #tell(waits: boolean): Promise<void> {
    if (this.#told === waits || (this.#told === undefined && !waits)) return;
    try {
      await within(this.#ports.after, ANSWER_WITHIN_MS, this.#ports.roster.waiting(this.#name, waits));
      this.#told = waits;
    } catch (error) {
      this.#ports.warn(`the roster could not be told of waiting work: ${String(error)}`);
    }
  }
}

/** Whether this scheduler's host takes work with this need now. */
function takes(entry: RosterEntry, need: Need): boolean {
  return isOpen(entry) && canRun(entry, need);
}
