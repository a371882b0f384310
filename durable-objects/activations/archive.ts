// Records beyond the object: what it has handed over is found wherever it lies, and no id is taken for a new one whose
// record is there.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import { type ActivationId, timeOf } from "../../src/entities/activation-id.ts";
import { isWhole, type KeptRecord, type RecordFilter, readKept } from "../../src/entities/kept-record.ts";
import { log } from "../../src/log.ts";
import { ActivationCounts } from "../../src/metrics/activations.ts";
import type { Forwarded } from "../../src/protocol/forwarding.ts";
import type { LedgerCount, LedgerPage, SegmentRef, StoreName } from "../../src/protocol/rpc.ts";
import type { ActivationBlobs, LedgerHoldings } from "../../src/protocol/upkeep.ts";
import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import type { Database, Sql } from "../shared/schema.ts";
import { recordCargo } from "./forward-cargo.ts";
import { BatchForwarder } from "./forwarder.ts";
import { Handover } from "./handover.ts";
import { holdingsOf } from "./holdings.ts";
import { Mover } from "./mover.ts";
import type { StorePorts } from "./ports.ts";
import { HANDED_FOR, type Records } from "./records.ts";
import { RecordRetention } from "./retention.ts";
import { Segments } from "./segments.ts";
import { SinkOutbox } from "./sink-outbox.ts";
import type { Spot } from "./spots.ts";
import { UserEvents } from "./user-events.ts";

/** An id of this age (ms) has lost its tombstone, or soon will. */
const OLD = HANDED_FOR - 1_200_000;
/** No record leaves the object younger than this (ms after its id was made), but for clocks that differ. */
const YOUNG = 10_000;

export class Archive {
  readonly handover: Handover;
  readonly mover: Mover;
  readonly retention: RecordRetention;
  readonly forwarder: BatchForwarder;
  /** Undefined: nobody makes any. */
  readonly events: UserEvents | undefined;
  readonly outbox: SinkOutbox;
  readonly #namespaceId: string;
  readonly #ports: StorePorts;
  readonly #shelves: RecordShelves;
  readonly #records: Records;
  readonly #isOpen: (id: ActivationId) => boolean;
  readonly #segments: Segments;
  readonly #sql: Sql;
  readonly #born: string;

  constructor(
    name: StoreName,
    options: {
      database: Database;
      ports: StorePorts;
      shelves: RecordShelves;
      records: Records;
      /** Whether it has been accepted and has not ended. */
      isOpen: (id: ActivationId) => boolean;
      wake: () => void;
    },
  ) {
    const { database, ports, shelves, records } = options;
    this.#isOpen = options.isOpen;
    this.#namespaceId = name.slice(0, name.lastIndexOf(":"));
    this.#ports = ports;
    this.#shelves = shelves;
    this.#records = records;
    this.#segments = new Segments(database.sql);
    this.handover = new Handover(name, {
      ...options,
      segments: this.#segments,
      relieve: () => this.mover.relieve(),
    });
    this.mover = new Mover(name, {
      ...{ database, ports, shelves, segments: this.#segments, wake: options.wake },
      touch: () => this.handover.moves++,
    });
    this.#sql = database.sql;
    const { handover } = this;
    const segments = this.#segments;
    this.retention = new RecordRetention({ sql: database.sql, ports, shelves, handover, segments, wake: options.wake });
    const { wake } = options;
    this.forwarder = new BatchForwarder({ database, ports, wake, cargo: recordCargo(ports.hook) });
    const hooks = ports.events;
    this.events = hooks && new UserEvents(this.#namespaceId, { database, ports, hooks, wake });
    this.#born = String(ports.now());
    this.outbox = new SinkOutbox({ sql: database.sql, ports, sinks: () => ports.sinks(), wake: options.wake });
    records.onMade = (record, made) => {
      if (made.kept && isWanted(this.forwarder))
        this.forwarder.made({ id: record.activationId, text: JSON.stringify(record) });
      if (this.outbox.followed.size > 0) this.outbox.note(record, made.name);
    };
    records.onKept = (size) => this.handover.kept(size);
    const { meter } = ports;
    const counts = meter && new ActivationCounts(meter);
    records.onEnded = (record, about) => {
      counts?.ended(record, about);
      if (this.#areEventsWanted()) this.events?.ended(record, about);
    };
  }

  /** The record of an id of which this object has none, or null.
   * Rejects if a place that may have it does not answer. */
  async find(id: ActivationId): Promise<ActivationRecord | null> {
    const handed = this.#records.handed(id);
    const isHanded = handed !== null;
    if (isHanded && handed < this.retention.from) return null;
    if (!isHanded && this.#ports.now() - timeOf(id) < YOUNG) return null;
    const kept = await this.#read(id);
    if (kept !== null && kept.start < this.retention.from) return null;
    if (kept !== null) return readKept(kept, () => log.error("record-damaged", { activationId: id }));
    // It may have come meanwhile.
    const own = this.#records.get(id, { unkept: false });
    if (own === null && isHanded)
      log.error("record-lost", { activationId: id, text: "it was handed over and is not there" });
    return own;
  }

  /** Before anything is done with ids that may be new here: those that are so old that a tombstone may be gone are
   * looked for, and get one again. Nothing to wait for, and nothing read, where none is old. */
  recall(ids: readonly ActivationId[]): Promise<void> | undefined {
    const before = this.#ports.now() - OLD;
    const old = ids.filter((id) => timeOf(id) < before && !this.#isOpen(id) && !this.#records.has(id));
    return old.length === 0 ? undefined : this.#recall(old);
  }

  /** As UpkeepStoreRpc says. */
  async unowned(activations: readonly ActivationBlobs[]): Promise<string[]> {
    const found: string[] = [];
    for (const { id, keys } of activations) {
      const named = await this.#named(id, keys);
      found.push(...keys.filter((key) => !named.includes(key)));
    }
    return found;
  }

  page(asked: RecordFilter, limit: number): LedgerPage {
    const filter = this.retention.narrowed(asked);
    const { name, since, upto, after } = filter;
    const latest = Math.min(upto ?? Number.MAX_SAFE_INTEGER, after?.start ?? Number.MAX_SAFE_INTEGER);
    const range = { upto: latest, ...(name === undefined ? {} : { name }), ...(since === undefined ? {} : { since }) };
    const { from } = this.retention;
    const found = this.#segments.newest(range, limit);
    const twin = (ref: SegmentRef) => (ref.twin === "all" && this.mover.clears ? "some" : ref.twin);
    const segments = found.segments.map((ref) => ({ ...ref, twin: twin(ref) }));
    return { ...this.#records.page(filter, limit), ...found, segments, from };
  }

  /** Epoch ms of what is due next, or Infinity. */
  next(): number {
    return Math.min(
      this.handover.next(),
      this.mover.next(),
      this.retention.next(),
      this.forwarder.next(),
      this.events?.next() ?? Number.POSITIVE_INFINITY,
      this.outbox.next(),
    );
  }

  /** As `next`, of what one more record may have made due: the rest wakes the object itself. */
  nextOfRecord(): number {
    const forwarded = isWanted(this.forwarder) ? this.forwarder.next() : Number.POSITIVE_INFINITY;
    const told = this.#areEventsWanted() ? this.events?.next() : undefined;
    return Math.min(this.handover.next(), forwarded, told ?? Number.POSITIVE_INFINITY);
  }

  forwards(what: Forwarded): Pick<BatchForwarder, "order" | "state"> | undefined {
    return what === "records" ? this.forwarder : this.events;
  }

  /** Starts what is due. */
  run(): void {
    this.handover.run();
    this.mover.run();
    this.retention.run();
    this.forwarder.run();
    this.events?.run();
    this.outbox.run();
  }

  tally(asked: RecordFilter): LedgerCount {
    this.mover.counting();
    const filter = this.retention.narrowed(asked);
    const counted = this.#records.tally(filter, this.handover.moving());
    const { from } = this.retention;
    const moves = `${this.#born}.${this.handover.moves}.${from}`;
    const { count, segments } = this.#segments.tally(filter);
    return { ...counted, count: counted.count + count, segments, moves, from };
  }

  holdings(): LedgerHoldings {
    return holdingsOf(this.#sql, { from: this.retention.from, moving: this.handover.moving() });
  }

  #areEventsWanted(): boolean {
    const { events } = this;
    return events !== undefined && (isWanted(events.namespace) || isWanted(events.platform));
  }

  /** Of the keys those that somebody names, or may name: all of them where that cannot be known. */
  async #named(id: ActivationId, keys: readonly string[]): Promise<readonly string[]> {
    const here = this.#here(id, keys);
    if (here !== null) return here;
    const kept = await this.#read(id);
    if (kept !== null) return namedBy(kept, keys);
    // It may have been on its way from one place to another.
    const now = this.#here(id, keys);
    if (now !== null) return now;
    const handed = this.#records.handed(id);
    // One that was handed over and is nowhere is lost, but for what retention has dropped.
    const isLost = handed !== null && handed >= this.retention.from;
    return isLost || this.#segments.keyOf(id) !== undefined ? keys : [];
  }

  /** Null: as far as this object has it itself, nobody names any. */
  #here(id: ActivationId, keys: readonly string[]): readonly string[] | null {
    if (this.#isOpen(id)) return keys;
    return this.#records.isHanded(id) ? null : this.#records.named(id, keys);
  }

  async #recall(ids: readonly ActivationId[]): Promise<void> {
    const rest = ids.filter((id) => this.#segments.keyOf(id) === undefined);
    const table = await this.#shelves.tableOf(this.#namespaceId);
    const found = await table.having(this.#namespaceId, rest);
    const now = this.#ports.now();
    for (const id of ids) if (!rest.includes(id)) this.#records.bury({ id, start: timeOf(id) }, now);
    for (const key of found) this.#records.bury(key, now);
  }

  /** The table first, since it takes one question; the segment where the table does not have it, or not whole. */
  async #read(id: ActivationId): Promise<KeptRecord | null> {
    const holding = this.#segments.holding(id);
    if (holding?.twin === "none") return this.#readIn(holding, id);
    let found: KeptRecord | null = null;
    try {
      const table = await this.#shelves.tableOf(this.#namespaceId);
      found = await table.get(this.#namespaceId, id);
    } catch (error) {
      if (holding === undefined) throw error;
      this.#ports.warn(`the table of records did not answer, a segment is read: ${String(error)}`);
    }
    if (holding === undefined || (found !== null && isWhole(found))) return found;
    return this.#readIn(holding, id, found);
  }

  /** `damaged`: what another place has of it. The segment itself is asked where the record lies only if that is not
   * known here, or not whole there. */
  async #readIn(
    { key, spot }: { key: string; spot: Spot | undefined },
    id: ActivationId,
    damaged: KeptRecord | null = null,
  ): Promise<KeptRecord> {
    const { segments } = this.#shelves;
    if (spot !== undefined) {
      const [kept] = await segments.read(key, [{ id, name: "", ...spot }]);
      if (kept !== undefined && isWhole(kept) && kept.text.includes(id)) return kept;
    }
    const entry = (await segments.entries(key))?.find((each) => each.id === id);
    const [kept] = entry === undefined ? [] : await segments.read(key, [entry]);
    return kept ?? damaged ?? { id, start: timeOf(id), name: "", text: "", sum: 0 };
  }
}

function isWanted({ queue }: BatchForwarder): boolean {
  return queue.owner !== null;
}

function namedBy(kept: KeptRecord, keys: readonly string[]): readonly string[] {
  return kept.text !== "" && isWhole(kept) ? keys.filter((key) => kept.text.includes(key)) : keys;
}
