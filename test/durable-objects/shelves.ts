// Shelves for records in memory, which fail as a test says.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import type { ActivationStoreMode } from "../../src/entities/activation-store-mode.ts";
import type { KeptRecord, RecordFilter, RecordKey } from "../../src/entities/kept-record.ts";
import { compareKeys, matches } from "../../src/entities/kept-record.ts";
import { RECORD_BOUNDS, type RecordBounds } from "../../src/entities/record-bounds.ts";
import { fits, type NotedSearch } from "../../src/entities/record-search.ts";
import type { RecordSegments, SegmentEntry, WrittenSegment } from "../../src/storage/record-segments.ts";
import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import type { RecordTable } from "../../src/storage/record-table.ts";
import { encodeSegment, readEntries, readMember, tailLength } from "../../src/storage/records/segment.ts";

/** "refuses": nothing is done. "mute": it is done, and the answer is lost. "hangs": nothing is done,
 * and no answer comes. */
export type Mood = "well" | "refuses" | "mute" | "hangs";

async function answering<T>(mood: Mood, run: () => T | Promise<T>): Promise<T> {
  if (mood === "refuses") throw new Error("the shelf is down");
  if (mood === "hangs") return new Promise(() => undefined);
  const value = await run();
  if (mood === "mute") throw new Error("the answer was lost");
  return value;
}

export class MemoryTable implements RecordTable {
  readonly rows = new Map<string, { namespaceId: string; record: KeptRecord }>();
  mood: Mood = "well";
  pruned = 0;
  /** Where writes fare otherwise than reads. */
  writes: Mood | undefined;
  /** Ids of each batch that came. */
  readonly batches: string[][] = [];

  put(namespaceId: string, records: readonly KeptRecord[]): Promise<number> {
    return answering(this.writes ?? this.mood, () => {
      this.batches.push(records.map((each) => each.id));
      for (const record of records) {
        if (!this.rows.has(record.id)) this.rows.set(record.id, { namespaceId, record: { ...record } });
      }
      return this.#size();
    });
  }

  bytes(): Promise<number> {
    return answering(this.mood, () => this.#size());
  }

  prune(count: number): Promise<string[]> {
    return answering(this.mood, () => {
      const ids = [...this.rows.keys()].slice(0, count);
      for (const id of ids) this.rows.delete(id);
      this.pruned += ids.length;
      return ids.map((id) => `results/${id}/1`);
    });
  }

  #size(): number {
    return [...this.rows.values()].reduce((sum, { record }) => sum + record.text.length, 0);
  }

  get(namespaceId: string, id: string): Promise<KeptRecord | null> {
    return answering(this.mood, () => {
      const row = this.rows.get(id);
      return row?.namespaceId === namespaceId ? row.record : null;
    });
  }

  list(namespaceId: string, filter: RecordFilter, limit: number) {
    return answering(this.mood, () => {
      const all = this.#of(namespaceId, filter);
      return { records: all.slice(0, limit), more: all.length > limit };
    });
  }

  keys(namespaceId: string, filter: RecordFilter, limit: number) {
    return answering(this.mood, () =>
      this.#of(namespaceId, filter)
        .slice(0, limit)
        .map(({ id, start }) => ({ id, start })),
    );
  }

  sift(
    namespaceId: string,
    filter: RecordFilter,
    { noted, limit, most }: { noted: NotedSearch; limit: number; most: number },
  ) {
    return answering(this.mood, () => {
      const all = this.#of(namespaceId, filter);
      const looked = all.slice(0, most);
      const records = looked
        .filter(({ text }) => text === "" || fits(JSON.parse(text) as ActivationRecord, noted))
        .slice(0, limit);
      const last = records.length === limit ? records.at(-1) : all.length >= most ? looked.at(-1) : undefined;
      const end = last === undefined ? null : { start: last.start, id: last.id };
      return { records, end, looked: looked.length };
    });
  }

  count(namespaceId: string, filter: RecordFilter): Promise<number> {
    return answering(this.mood, () => this.#of(namespaceId, filter).length);
  }

  ofShard(namespaceId: string, { shard, after, limit }: { shard: string; after: RecordKey; limit: number }) {
    return answering(this.mood, () =>
      this.#of(namespaceId, {})
        .reverse()
        .filter((each) => each.id.slice(12, 14) === shard && compareKeys(each, after) < 0)
        .slice(0, limit),
    );
  }

  remove(namespaceId: string, ids: readonly string[]): Promise<void> {
    return answering(this.writes ?? this.mood, () => {
      for (const id of ids) if (this.rows.get(id)?.namespaceId === namespaceId) this.rows.delete(id);
    });
  }

  having(namespaceId: string, ids: readonly string[]) {
    return answering(this.mood, () => {
      const found = this.#of(namespaceId, {}).filter((each) => ids.includes(each.id));
      return found.map(({ id, start }) => ({ id, start }));
    });
  }

  #of(namespaceId: string, filter: RecordFilter): KeptRecord[] {
    const rows = [...this.rows.values()].filter((row) => row.namespaceId === namespaceId);
    return rows
      .map((row) => row.record)
      .filter((record) => matches(record, filter))
      .sort(compareKeys);
  }
}

export class MemorySegments implements RecordSegments {
  readonly objects = new Map<string, Uint8Array>();
  mood: Mood = "well";
  /** Where writes fare otherwise than reads. */
  writes: Mood | undefined;
  /** Segments that are being compressed or read, which takes its own time, whatever a test's clock says. */
  busy = 0;
  /** How often entries were asked for. */
  asked = 0;

  put(key: string, records: readonly KeptRecord[]): Promise<WrittenSegment> {
    return answering(this.writes ?? this.mood, async () => {
      this.busy++;
      const { bytes, entries } = await encodeSegment(records);
      this.busy--;
      this.objects.set(key, bytes);
      return { bytes: bytes.length, entries };
    });
  }

  entries(key: string): Promise<SegmentEntry[] | null> {
    this.asked++;
    return answering(this.mood, () => {
      const bytes = this.objects.get(key);
      return bytes === undefined || tailLength(bytes) === null ? null : readEntries(bytes);
    });
  }

  read(key: string, entries: readonly SegmentEntry[]): Promise<KeptRecord[]> {
    return answering(this.mood, async () => {
      const bytes = this.objects.get(key) ?? new Uint8Array(0);
      this.busy++;
      const members = entries.map((each) => readMember(each, bytes.subarray(each.offset, each.offset + each.length)));
      const records = await Promise.all(members);
      this.busy--;
      return records;
    });
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.objects.delete(key);
  }
}

export class MemoryShelves implements RecordShelves {
  readonly table = new MemoryTable();
  readonly segments = new MemorySegments();
  /** Keys of blobs that went with their records. */
  readonly discarded: string[] = [];
  readonly bounds: RecordBounds = { ...RECORD_BOUNDS };
  mode: ActivationStoreMode | null;

  constructor(mode: ActivationStoreMode | null = null) {
    this.mode = mode;
  }

  async discard(keys: readonly string[]): Promise<void> {
    this.discarded.push(...keys);
  }

  async tableOf(): Promise<RecordTable> {
    return this.table;
  }
}
