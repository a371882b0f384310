// The activation store of one namespace and shard: rows of accepted work, records of finished work. An incarnation of
// the object is one StoreCore; all that matters is in its database.

import type { ActivationMeta, ActivationRecord, Payload } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { ActivationStoreMode } from "../../src/entities/activation-store-mode.ts";
import type { RecordFilter } from "../../src/entities/kept-record.ts";
import type { FiguresPage, FiguresQuery } from "../../src/protocol/figures.ts";
import type { Accepted, Fire } from "../../src/protocol/fire.ts";
import type { Forwarded, ForwardOrder, ForwardState } from "../../src/protocol/forwarding.ts";
import type { ImportedRecord, ImportWord } from "../../src/protocol/import.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { canRun, type Need, needOf, needText } from "../../src/protocol/matching.ts";
import type { MoveProgress } from "../../src/protocol/moving.ts";
import type { Placing } from "../../src/protocol/placing.ts";
import type {
  Backlog,
  Finished,
  FoundRecord,
  LedgerCount,
  LedgerPage,
  Offer,
  OpenRow,
  Pulling,
  SchedulerName,
  StoreName,
} from "../../src/protocol/rpc.ts";
import type { LedgerHoldings, LedgerPlace } from "../../src/protocol/upkeep.ts";
import { ALARM_SLACK_MS, Alarm } from "../shared/alarm.ts";
import { backOffMs } from "../shared/retry.ts";
import type { Database } from "../shared/schema.ts";
import { Waiters } from "../shared/waiters.ts";
import { ActivationRows } from "./activation-rows.ts";
import { Archive } from "./archive.ts";
import { backlogOf } from "./backlog.ts";
import type { Ended } from "./ended.ts";
import { Fires, RESUME_AFTER } from "./fires.ts";
import { type Intake, importable, takeImported } from "./imports.ts";
import { OfferQueue } from "./offer-queue.ts";
import { offerTargetOf } from "./offers.ts";
import { orphansOf } from "./orphans.ts";
import { PermitReturns } from "./permit-returns.ts";
import { placeOf } from "./place.ts";
import type { StorePorts } from "./ports.ts";
import { ASK_AFTER } from "./reconcile.ts";
import { Reconciler } from "./reconciler.ts";
import { namesBlob, UNKEPT_FOR } from "./records.ts";

/** ms after which rows that nobody took are offered again for the first time. */
const RETRY_SOON = 1_000;
/** After this declined rows go to others, batched. */
const PASS_ON = { firstMs: 20, maxMs: 5_000 };

/** As ActivationStoreRpc in src/protocol/rpc.ts; what is synchronous here is durable when the object's reply leaves. */
export class StoreCore {
  readonly #ports: StorePorts;
  readonly #rows: ActivationRows;
  readonly #orphans: (finished: Finished[], from: SchedulerName) => string[];
  readonly fires: Fires;
  readonly #waiters: Waiters;
  readonly #offerQueue: OfferQueue;
  readonly #reconciler: Reconciler;
  readonly #alarm: Alarm;
  readonly archive: Archive;
  readonly #database: Database;
  readonly #permits: PermitReturns;
  #passing = false;
  /** Times in a row that rows were passed on and nothing was taken. */
  #passedInVain = 0;
  #refusing = false;
  #placing: Promise<number> | undefined;

  constructor(name: StoreName, { database, ports }: { database: Database; ports: StorePorts }) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports, () => this.#round());
    this.#rows = new ActivationRows(database);
    this.#waiters = new Waiters(ports.after);
    this.#permits = new PermitReturns(ports);
    const rows = this.#rows;
    this.#database = database;
    this.archive = new Archive(name, {
      ...{ database, ports, shelves: ports.shelves, records: rows.records, isOpen: (id) => this.#knows(id) },
      wake: () => this.#alarm.wakeAt(this.archive.next()),
    });
    this.#orphans = (finished, from) => orphansOf(finished, from, { sql: database.sql, records: rows.records });
    this.fires = new Fires({
      ...{ database, records: rows.records, ports },
      full: () => this.archive.handover.backpressure.full,
      accepted: () => this.#alarm.wakeIn(RESUME_AFTER),
    });
    this.#offerQueue = new OfferQueue(name, {
      rows,
      ports,
      events: {
        untaken: () => this.#alarm.wakeIn(RETRY_SOON),
        unknown: (ids) => {
          this.#reconciler.recheck(ids);
          this.#alarm.wakeIn(RETRY_SOON);
        },
      },
    });
    const ended = (list: Ended[]) => this.#release(list);
    this.#reconciler = new Reconciler(name, { rows, offerQueue: this.#offerQueue, ports, ended });
    // The alarm an earlier incarnation set may be lost to a later one: with open rows there is always one.
    if (rows.waiting + rows.out > 0) this.#alarm.wakeIn(RETRY_SOON);
    this.#alarm.wakeAt(Math.min(this.fires.next(), this.archive.next()));
  }

  /** Durable path. Candidates are the schedulers to offer to, home first; all of these calls have the same need. */
  accept(invocations: Invocation[], options: Placing): Accepted {
    const { candidates, refusedBy, obstacle = "no host that can run it is ready" } = options;
    const [first] = invocations;
    const { maxQueue } = this.#ports;
    const now = this.#ports.now();
    if (refusedBy !== undefined && this.#rows.reopen(first, { refusedBy, maxQueue, now })) {
      this.#declinedBy(refusedBy);
      return { kind: "accepted" };
    }
    const { full } = this.archive.handover.backpressure;
    // Who asks again for what is known here is told so, however full it is.
    const makesRecords = () =>
      invocations.some(({ id, about }) => about.store !== false && !this.#knows(id) && !this.#rows.records.has(id));
    if (full !== null && makesRecords()) return { kind: "full", of: "records", why: full };
    const barred = this.#rows.barred.any && invocations.some(({ about }) => this.#rows.barred.has(about.subject));
    const scheduler = barred ? undefined : first && this.#offerQueue.choose(candidates, needText(needOf(first)));
    const target = scheduler === undefined ? null : offerTargetOf(scheduler, this.#offerQueue.known(scheduler));
    const reason = candidates.length === 0 ? obstacle : "all hosts that can run it are busy";
    const fresh = this.#rows.accept(invocations, { target, reason, maxQueue, now });
    if (fresh === null) return { kind: "full" };
    if (barred) this.#refuse();
    if (scheduler === undefined || target === null) this.#alarm.wakeIn(RETRY_SOON);
    else {
      this.#alarm.wakeIn(ASK_AFTER);
      const rest = candidates.slice(candidates.indexOf(scheduler) + 1);
      this.#offerQueue.send(
        scheduler,
        fresh.map((invocation) => ({ offer: { invocation, attempt: 1 }, rest, target })),
      );
    }
    return { kind: "accepted" };
  }

  /** The row of a run on the fast path that outlived its first second. */
  open(row: OpenRow): void {
    this.#rows.open(row, this.#ports.now());
    this.#alarm.wakeIn(ASK_AFTER);
  }

  async await(id: ActivationId, options: { ms: number }): Promise<FoundRecord> {
    const { records } = this.#rows;
    const own = records.get(id, { unkept: true });
    if (own === null && records.isHanded(id)) return this.find(id);
    return this.#found(id, own ?? (await this.#waiters.wait(id, options.ms)));
  }

  /** A trigger was fired. */
  fire(fire: Fire): Accepted {
    return this.fires.accept(fire);
  }

  /** All its rules have been served. */
  fired(id: ActivationId, logs: Payload): void {
    const ended = this.fires.end(id, logs);
    if (ended === null) return;
    if (ended.kept) this.#alarm.wakeAt(this.archive.nextOfRecord());
    else this.#alarm.wakeIn(UNKEPT_FOR + ALARM_SLACK_MS);
    this.#waiters.tell(ended.record);
    if (ended.blobs.length > 0) this.#ports.forget(ended.blobs);
  }

  complete(finished: Finished[], from: { scheduler: SchedulerName; epoch: number }): void {
    this.#passedInVain = 0;
    this.#release(this.#rows.complete(finished, { ...from, now: this.#ports.now() }));
    const orphans = finished.some(namesBlob) ? this.#orphans(finished, from.scheduler) : [];
    if (orphans.length > 0) this.#ports.forget(orphans);
  }

  /** Ends an activation nobody knows the outcome of; returns the record that holds, null if it was handed over. */
  fail(id: ActivationId, options: { about: ActivationMeta; reason: string }): ActivationRecord | null {
    const { about, reason } = options;
    const ended = this.#rows.fail(id, about, { reason, now: this.#ports.now() });
    if (ended !== null) {
      this.#release([ended]);
      return ended.record;
    }
    const record = this.#rows.records.get(id, { unkept: true });
    if (record === null && !this.#rows.records.isHanded(id)) throw new Error(`the record of ${id} is not kept`);
    return record;
  }

  /** A host refused these offers before starting them. */
  declined(items: { id: ActivationId; attempt: number }[], from: { scheduler: SchedulerName }): void {
    const { scheduler } = from;
    const moved = this.#rows.wait(items, { scheduler, reason: "the host declined", again: true });
    if (moved.length > 0) this.#declinedBy(scheduler);
  }

  pull(scheduler: SchedulerName, options: Pulling): Offer[] {
    const { epoch, boot, memory, max, host } = options;
    if (!this.#refuse()) return [];
    const fits = (need: Need) => host === undefined || canRun(host, need);
    const offers = this.#rows.pull({ scheduler, epoch, boot }, { memory, fits, max, now: this.#ports.now() });
    const readiness = this.#rows.waiting > 0 && this.#rows.queue.hasAny(fits) ? "busy" : "room";
    this.#offerQueue.learn(scheduler, { epoch, boot, readiness }, true);
    if (offers.length > 0) {
      this.#reconciler.taken();
      this.#alarm.wakeIn(ASK_AFTER);
    }
    return offers;
  }

  /** Calls in this subject's name (`everybody`: in anybody's) are not started any more, or are again. What waits ends,
   * what runs goes on. */
  bar(subject: string, state: { barred: boolean; everybody: boolean }): void {
    this.#rows.barred.set(subject, state);
    this.#refuse();
  }

  get(id: ActivationId): FoundRecord {
    return this.#found(id, this.#rows.records.get(id, { unkept: false }));
  }

  /** As `get`; a record that has been handed over is brought from where it lies. */
  async find(id: ActivationId): Promise<FoundRecord> {
    const found = this.get(id);
    if (found.record !== null && found.record.start < this.archive.retention.from)
      return { record: null, known: false };
    if (found.known) return found;
    const record = await this.archive.find(id);
    return record === null ? this.get(id) : { record, known: true };
  }

  /** To be awaited before anything is done with ids that may be new here. */
  recall(ids: readonly ActivationId[]): Promise<void> | undefined {
    return this.archive.recall(ids);
  }

  importable(ids: readonly ActivationId[]): ImportWord[] {
    return importable(ids, this.#imports());
  }

  /** Records that come from an export. */
  import(items: readonly ImportedRecord[]): ImportWord[] {
    const words = this.#database.transaction(() => takeImported(items, this.#imports()));
    this.#alarm.wakeAt(this.archive.handover.next());
    return words;
  }

  page(filter: RecordFilter, limit: number): LedgerPage {
    return this.archive.page(filter, limit);
  }

  tally(filter: RecordFilter): LedgerCount {
    return this.archive.tally(filter);
  }

  place(id: ActivationId): LedgerPlace {
    return placeOf(id, { sql: this.#database.sql, mode: this.#ports.shelves.mode });
  }

  /** Null if it were more than one answer may take. */
  figures(query: FiguresQuery): Promise<FiguresPage | null> {
    const pause = () => new Promise<void>((resolve) => this.#ports.after(0, resolve));
    return this.#rows.records.figures.read(query, { now: this.#ports.now(), pause });
  }

  move(to: ActivationStoreMode | null): MoveProgress | null {
    const progress = this.archive.mover.start(to);
    this.#alarm.wakeAt(this.archive.next());
    return progress;
  }

  retain(from: number): void {
    this.archive.retention.retain(from);
    this.#alarm.wakeAt(this.archive.next());
  }

  forward(order: ForwardOrder, what: Forwarded = "records"): void {
    this.archive.forwards(what)?.order(order);
    this.#alarm.wakeAt(this.archive.next());
  }

  forwarding(what: Forwarded = "records"): ForwardState | null {
    return this.archive.forwards(what)?.state() ?? null;
  }

  holdings(): LedgerHoldings {
    return this.archive.holdings();
  }

  backlog(): Backlog {
    const unshelvedSince = this.archive.handover.oldest();
    return backlogOf(this.#rows, { fires: this.fires.count, unshelvedSince, now: this.#ports.now() });
  }

  /** The object's alarm. Safe to run at any time and twice. Resolves after the round; rejects if storage fails. */
  async alarm(): Promise<void> {
    await this.#alarm.run();
  }

  async #round(): Promise<void> {
    this.#release(this.#rows.expire(this.#ports.now()));
    this.#refuse();
    const { waiting, out } = this.#rows;
    const now = this.#ports.now();
    const { next: purgeNext, blobs } = this.#rows.records.purge(now);
    const isTended = this.#rows.records.figures.tend(this.#database, now);
    const dropAt = Math.min(this.#rows.records.dropHanded(now), isTended ? Number.POSITIVE_INFINITY : now + RETRY_SOON);
    this.archive.run();
    // Soonest of what needs no other object.
    const ownNext = () => Math.min(this.fires.next(), this.archive.next(), dropAt, purgeNext ?? dropAt);
    if (blobs.length > 0) this.#ports.forget(blobs);
    this.fires.resume();
    if (waiting + out === 0) {
      // Rows may have gone since the roster was told that some wait.
      this.#alarm.wakeAt(ownNext());
      await this.#place();
      this.#alarm.wakeAt(ownNext());
      return;
    }
    this.#alarm.wakeIn(ASK_AFTER);
    const { wishes } = this.#alarm;
    const askAt = await this.#reconciler.reconcile();
    const placeAt = await this.#place();
    const next = Math.min(askAt, placeAt, this.#rows.queue.nextEnd(), ownNext());
    this.#alarm.moveTo(next, wishes);
  }

  #found(id: ActivationId, record: ActivationRecord | null): FoundRecord {
    if (record !== null) return { record, known: true };
    const waiting = this.#rows.waiting > 0 ? this.#rows.queue.of(id) : undefined;
    if (waiting !== undefined) return { record, known: true, waiting };
    return { record, known: this.#knows(id) };
  }

  #imports(): Intake {
    const isFull = this.archive.handover.backpressure.full !== null;
    return { records: this.#rows.records, isOpen: (id) => this.#knows(id), isFull, now: this.#ports.now() };
  }

  #knows(id: ActivationId): boolean {
    return this.#rows.knows(id) || this.fires.knows(id);
  }

  #release(ended: readonly Ended[]): void {
    const blobs: string[] = [];
    for (const { record, blobs: keys, kept } of ended) {
      if (kept) this.#alarm.wakeAt(this.archive.nextOfRecord());
      else this.#alarm.wakeIn(UNKEPT_FOR + ALARM_SLACK_MS);
      this.#waiters.tell(record);
      this.#offerQueue.ended(record.activationId);
      blobs.push(...keys);
    }
    this.#permits.giveBack(ended);
    if (blobs.length > 0) this.#ports.forget(blobs);
  }

  /** Ends what waits in the name of who is barred, a batch at a time. False while some is left: none is offered. */
  #refuse(): boolean {
    if (!this.#rows.barred.any) return true;
    const ended = this.#rows.refuse(this.#ports.now());
    if (ended.length === 0) return true;
    this.#release(ended);
    if (!this.#refusing) {
      this.#refusing = true;
      this.#ports.after(0, () => {
        this.#refusing = false;
        this.#refuse();
      });
    }
    return false;
  }

  #declinedBy(scheduler: SchedulerName): void {
    const { epoch, boot } = offerTargetOf(scheduler, this.#offerQueue.known(scheduler));
    this.#offerQueue.learn(scheduler, { epoch, boot, readiness: "busy" }, false);
    this.#alarm.wakeIn(RETRY_SOON);
    this.#passOn();
  }

  /** Offers waiting rows soon, without waiting for the alarm; later each time, while nobody takes any. */
  #passOn(): void {
    if (this.#passing) return;
    this.#passing = true;
    this.#ports.after(backOffMs(this.#passedInVain++, PASS_ON), () => {
      this.#passing = false;
      this.#place().catch((error: unknown) => this.#ports.warn(`offering again failed: ${String(error)}`));
    });
  }

  #place(): Promise<number> {
    if (!this.#refuse()) return Promise.resolve(this.#ports.now() + RETRY_SOON);
    this.#placing ??= this.#reconciler.place().finally(() => {
      this.#placing = undefined;
    });
    return this.#placing;
  }
}
