// Records beyond the object: what it has handed over is found wherever it lies, and no id is taken for a new one whose record is
// there.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import { type ActivationId, timeOf } from "../../src/entities/activation-id.ts";
import { isWhole, type KeptRecord, type RecordFilter, readKept } from "../../src/entities/kept-record.ts";
import { countActivation } from "../../src/metrics/activations.ts";
import type { LedgerCount, LedgerPage, StoreName } from "../../src/protocol/rpc.ts";
import type { LedgerHoldings } from "../../src/protocol/upkeep.ts";
import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import type { Database, Sql } from "../shared/schema.ts";
import { RecordForwarder } from "./forwarder.ts";
import { Handover } from "./handover.ts";
import { holdingsOf } from "./holdings.ts";
import { Mover } from "./mover.ts";
import type { StorePorts } from "./ports.ts";
import { HANDED_FOR, type Records } from "./records.ts";
import { RecordRetention } from "./retention.ts";
import { Segments } from "./segments.ts";
import { SinkOutbox } from "./sink-outbox.ts";

/** An id of this age (ms) has lost its tombstone, or soon will. */
const OLD = HANDED_FOR - 1_200_000;
/** No record leaves the object younger than this (ms after its id was made), but for clocks that differ. */
const YOUNG = 10_000;

export class Archive {
  readonly handover: Handover;
  readonly mover: Mover;
  readonly retention: RecordRetention;
  readonly forwarder: RecordForwarder;
  readonly outbox: SinkOutbox;
  readonly #namespaceId: string;
  readonly #ports: StorePorts;
  readonly #shelves: RecordShelves;
  readonly #records: Records;
  readonly #segments: Segments;
  readonly #sql: Sql;
  readonly #born: string;

  constructor(
    name: StoreName,
    options: { database: Database; ports: StorePorts; shelves: RecordShelves; records: Records; wake: () => void },
  ) {
    const { database, ports, shelves, records } = options;
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
    this.forwarder = new RecordForwarder({ database, ports, wake: options.wake });
    this.#born = String(ports.now());
    this.outbox = new SinkOutbox({ sql: database.sql, ports, sinks: () => ports.sinks(), wake: options.wake });
    records.onMade = (record, made) => {
      if (made.kept) this.forwarder.made(record);
      this.outbox.note(record, made.name);
    };
    records.onKept = (size) => this.handover.kept(size);
    const { meter } = ports;
    if (meter !== undefined) records.onEnded = (record, about) => countActivation(meter, record, about);
  }

  /** The record of an id of which this object has none, or null. Rejects if a place that may have it does not answer. */
  async find(id: ActivationId): Promise<ActivationRecord | null> {
    const handed = this.#records.handed(id);
    const isHanded = handed !== null;
    if (isHanded && handed < this.retention.from) return null;
    if (!isHanded && this.#ports.now() - timeOf(id) < YOUNG) return null;
    const kept = await this.#read(id);
    if (kept !== null && kept.start < this.retention.from) return null;
    if (kept !== null) return readKept(kept, () => console.error(`the record of activation ${id} is damaged`));
    // It may have come meanwhile.
    const own = this.#records.get(id, { unkept: false });
    if (own === null && isHanded) console.error(`the record of activation ${id} was handed over and is not there`);
    return own;
  }

  /** Before anything is done with ids that may be new here: those that are so old that a tombstone may be gone are looked for, and
   * get one again. Nothing to wait for, and nothing read, where none is old. */
  recall(ids: readonly ActivationId[], isOpen: (id: ActivationId) => boolean): Promise<void> | undefined {
    const before = this.#ports.now() - OLD;
    const old = ids.filter((id) => timeOf(id) < before && !isOpen(id) && !this.#records.has(id));
    return old.length === 0 ? undefined : this.#recall(old);
  }

  page(asked: RecordFilter, limit: number): LedgerPage {
    const filter = this.retention.narrowed(asked);
    const { name, since, upto, after } = filter;
    const latest = Math.min(upto ?? Number.MAX_SAFE_INTEGER, after?.start ?? Number.MAX_SAFE_INTEGER);
    const range = { upto: latest, ...(name === undefined ? {} : { name }), ...(since === undefined ? {} : { since }) };
    const { from } = this.retention;
    return { ...this.#records.page(filter, limit), segments: this.#segments.refs(range), from };
  }

  /** Epoch ms of what is due next, or Infinity. */
  next(): number {
    return Math.min(
      this.handover.next(),
      this.mover.next(),
      this.retention.next(),
      this.forwarder.next(),
      this.outbox.next(),
    );
  }

  /** Starts what is due. */
  run(): void {
    this.handover.run();
    this.mover.run();
    this.retention.run();
    this.forwarder.run();
    this.outbox.run();
  }

  tally(asked: RecordFilter): LedgerCount {
    this.mover.counting();
    const filter = this.retention.narrowed(asked);
    const counted = this.#records.tally(filter, this.handover.moving());
    const { from } = this.retention;
    const moves = `${this.#born}.${this.handover.moves}.${from}`;
    return { ...counted, segments: this.#segments.refs(filter), moves, from };
  }

  holdings(): LedgerHoldings {
    return holdingsOf(this.#sql, { from: this.retention.from, moving: this.handover.moving() });
  }

  async #recall(ids: readonly ActivationId[]): Promise<void> {
    const rest = ids.filter((id) => this.#segments.keyOf(id) === undefined);
    const table = await this.#shelves.tableOf(this.#namespaceId);
    const found = await table.having(this.#namespaceId, rest);
    const now = this.#ports.now();
    for (const id of ids) if (!rest.includes(id)) this.#records.bury({ id, start: timeOf(id) }, now);
    for (const key of found) this.#records.bury(key, now);
  }

  /** The table first, since it takes one question; the segment where the table does not have it whole. */
  async #read(id: ActivationId): Promise<KeptRecord | null> {
    const segment = this.#segments.keyOf(id);
    let found: KeptRecord | null = null;
    try {
      const table = await this.#shelves.tableOf(this.#namespaceId);
      found = await table.get(this.#namespaceId, id);
    } catch (error) {
      if (segment === undefined) throw error;
      this.#ports.warn(`the table of records did not answer, a segment is read: ${String(error)}`);
    }
    if (segment === undefined || (found !== null && isWhole(found))) return found;
    const entries = await this.#shelves.segments.entries(segment);
    const entry = entries?.find((each) => each.id === id);
    if (entry === undefined) return found ?? { id, start: timeOf(id), name: "", text: "", sum: 0 };
    const [kept] = await this.#shelves.segments.read(segment, [entry]);
    return kept ?? found;
  }
}
