// Past activations of a namespace as one list. Its records lie in the objects, in the table and in segments, and move
// on while they are read: whoever reads the objects first and the other places then misses none, and sees some twice.

import type { ActivationRecord } from "../entities/activation.ts";
import type { ActivationId } from "../entities/activation-id.ts";
import type { ActivationStoreMode } from "../entities/activation-store-mode.ts";
import {
  compareKeys,
  damagedRecord,
  type KeptRecord,
  matches,
  type RecordFilter,
  type RecordKey,
  readKept,
} from "../entities/kept-record.ts";
import type { NotedSearch } from "../entities/record-search.ts";
import { log } from "../log.ts";
import type { ActivationQuery, ActivationStoreRpc, LedgerCount, SegmentRef } from "../protocol/rpc.ts";
import type { RecordSegments, SegmentEntry } from "../storage/record-segments.ts";
import type { RecordTable } from "../storage/record-table.ts";

export interface RecordPlaces {
  /** Every object of the namespace. */
  stores: readonly Pick<ActivationStoreRpc, "page" | "tally">[];
  /** The ids under which its records lie. */
  namespaceIds: readonly string[];
  table: RecordTable;
  segments: RecordSegments;
  mode: ActivationStoreMode;
  warn(text: string): void;
}

/** Records of one place asked for at once; fewer where each brings its result and logs. */
const PAGE = 200;
const DOCS_PAGE = 20;
/** Rows of the table looked at in one round where it can tell which of them may be wanted. */
const SIFTED = 2_000;
/** Keys asked for at once, where so many and more are to be left out. */
const SKIMMED = 2_000;
/** Segments asked at once what is in them: an object each, in most namespaces. */
const AT_ONCE = 4;
/** Counts until all stood still, before they are counted one by one. */
const ATTEMPTS = 4;

/** A record in a list, or where its text is to be read. */
export interface ListedRecord extends RecordKey {
  record?: ActivationRecord;
  segment?: { key: string; entry: SegmentEntry };
}

/** What a place has, in order. `more`: there may be others behind the last one. */
interface Part {
  items: ListedRecord[];
  more: boolean;
  /** Up to here it has told all it has, where that is further than the last one. */
  end?: RecordKey;
  /** It has looked at so many for it. */
  looked?: number;
}

/** How much of each place is asked for at once. */
interface Portion {
  page: number;
  keysOnly: boolean;
  /** Only what may fit this is wanted, where a place can tell. */
  noted?: NotedSearch | null;
}

/** Newest first, of one start the greatest id. With `docs` each record brings its result and logs, so that only a few
 * are held at a time; nothing is asked for before its reader wants it. */
export async function* listActivations(
  places: RecordPlaces,
  query: ActivationQuery & { docs: boolean; after?: RecordKey },
): AsyncGenerator<ActivationRecord> {
  const { limit, docs, after, ...rest } = query;
  const filter = { ...filterOf(rest), ...(after === undefined ? {} : { after }) };
  const begin = await skim(places, filter, query.skip);
  const page = Math.min(limit + begin.skip, docs ? DOCS_PAGE : PAGE);
  let { skip } = begin;
  let left = limit;
  for await (const items of rounds(places, begin.filter, page)) {
    const wanted = items.slice(skip, skip + left);
    skip = Math.max(0, skip - items.length);
    left -= wanted.length;
    yield* await recordsOf(places, wanted);
    if (left <= 0) return;
  }
}

/** Of all there are, those beyond `skip`. */
export async function countActivations(places: RecordPlaces, query: Omit<ActivationQuery, "limit">): Promise<number> {
  return Math.max(0, (await countAll(places, filterOf(query))) - query.skip);
}

async function countAll(places: RecordPlaces, filter: RecordFilter): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = await tallies(places, filter);
    const kept = keptOnly(filter, first);
    // Each object has left out what it knows to be too old: all go by what the latest word is.
    const before = kept === filter ? first : await tallies(places, kept);
    const counted = await count(places, kept, before);
    if (counted === null) break;
    const after = await tallies(places, kept);
    if (before.every(({ moves }, at) => after[at]?.moves === moves)) return counted;
  }
  let total = 0;
  let rest = filter;
  for (;;) {
    const { items, bound } = await round(places, rest, { page: SKIMMED, keysOnly: true });
    total += items.length;
    if (bound === undefined) return total;
    rest = { ...filter, after: { start: bound.start, id: bound.id } };
  }
}

function filterOf({ name, since, upto }: Pick<ActivationQuery, "name" | "since" | "upto">): RecordFilter {
  return {
    ...(name === undefined ? {} : { name }),
    ...(since === undefined ? {} : { since }),
    ...(upto === undefined ? {} : { upto }),
  };
}

/** Goes over what is to be left out by keys alone, as long as it is much. Returns where the list goes on, and what is
 * left to leave out there. */
async function skim(
  places: RecordPlaces,
  filter: RecordFilter,
  skip: number,
): Promise<{ filter: RecordFilter; skip: number }> {
  let rest = filter;
  let left = skip;
  while (left > SKIMMED) {
    const { items, bound } = await round(places, rest, { page: SKIMMED, keysOnly: true });
    if (bound === undefined || items.length > left) break;
    left -= items.length;
    rest = { ...filter, after: { start: bound.start, id: bound.id } };
  }
  return { filter: rest, skip: left };
}

/** All there is, piece by piece. */
export async function* rounds(
  places: RecordPlaces,
  filter: RecordFilter,
  page: number,
): AsyncGenerator<ListedRecord[]> {
  for await (const { items } of siftedRounds(places, filter, { page, noted: null })) yield items;
}

/** The same, without much of what does not fit. `bound`: all up to here has been told, or does not fit; undefined:
 * there is no more. `looked`: at so many records at most. */
export async function* siftedRounds(
  places: RecordPlaces,
  filter: RecordFilter,
  { page, noted }: { page: number; noted: NotedSearch | null },
): AsyncGenerator<{ items: ListedRecord[]; bound: RecordKey | undefined; looked: number }> {
  let rest = filter;
  for (;;) {
    const told = await round(places, rest, { page, keysOnly: false, noted });
    yield told;
    const { bound } = told;
    if (bound === undefined) return;
    rest = { ...filter, after: { start: bound.start, id: bound.id } };
  }
}

/** Asks all places anew, the objects first: what left one of them meanwhile is found where it went. `bound`: up to here
 * all have told all they have; undefined: there is no more. */
async function round(
  places: RecordPlaces,
  filter: RecordFilter,
  { page, keysOnly, noted = null }: Portion,
): Promise<{ items: ListedRecord[]; bound: RecordKey | undefined; looked: number }> {
  const ledgers = await Promise.all(places.stores.map((store) => store.page(filter, page)));
  const refs = ledgers.flatMap((ledger) => ledger.segments);
  const kept = keptOnly(filter, ledgers);
  const rest = Math.max(...ledgers.map((ledger) => ledger.rest ?? 0));
  const elsewhere = await otherParts(places, refs, { filter: kept, page, keysOnly, noted, rest });
  const isKept = (record: ActivationRecord) => kept.since === undefined || record.start >= kept.since;
  const own = ledgers.map(({ records, more }): Part => ({ items: records.filter(isKept).map(listedOf), more }));
  const parts = [...own, ...elsewhere];
  const bound = parts.reduce<RecordKey | undefined>((first, { items, more, end }) => {
    const last = end ?? items.at(-1);
    if (!more || last === undefined) return first;
    return first === undefined || compareKeys(last, first) < 0 ? last : first;
  }, undefined);
  const merged = parts
    .flatMap((part) => part.items)
    .filter((item) => bound === undefined || compareKeys(item, bound) <= 0)
    .sort(compareKeys);
  const items = merged.filter((item, at) => item.id !== merged[at - 1]?.id);
  const sifted = parts.reduce((sum, part) => sum + Math.max(0, (part.looked ?? 0) - part.items.length), 0);
  return { items, bound, looked: items.length + sifted };
}

/** Without what the objects say is not kept any more, whatever of it still lies somewhere. */
function keptOnly(filter: RecordFilter, ledgers: readonly { from?: number }[]): RecordFilter {
  const from = Math.max(...ledgers.map((ledger) => ledger.from ?? 0));
  return from > (filter.since ?? 0) ? { ...filter, since: from } : filter;
}

/** What the table and the segments have. Where each record is in both, one of them is enough. `rest`: what started
 * until then (epoch ms) may also be in segments that are not among `refs`. */
async function otherParts(
  places: RecordPlaces,
  refs: readonly SegmentRef[],
  wanted: Portion & { filter: RecordFilter; rest: number },
): Promise<Part[]> {
  const inSegments = (some: readonly SegmentRef[]) =>
    some.length === 0 ? [] : [segmentPart(places.segments, some, wanted)];
  // At the same time: neither depends on the other, while the table answers.
  const [tables, apart] = await Promise.all([
    tableParts(places, wanted),
    Promise.all(inSegments(refs.filter((ref) => ref.twin !== "all"))),
  ]);
  const parts = tables === null ? await Promise.all(inSegments(refs)) : [...tables, ...apart];
  return wanted.rest === 0 ? parts : [...parts, { items: [], more: true, end: { start: wanted.rest + 1, id: "" } }];
}

/** Null: it does not answer, and segments have all that it has. */
async function tableParts(places: RecordPlaces, wanted: Portion & { filter: RecordFilter }): Promise<Part[] | null> {
  try {
    return await Promise.all(places.namespaceIds.map((id) => tablePart(places, id, wanted)));
  } catch (error) {
    if (places.mode !== "d1+r2") throw error;
    places.warn(`the table of records did not answer, segments are read: ${String(error)}`);
    return null;
  }
}

async function tablePart(
  { table }: RecordPlaces,
  namespaceId: string,
  { filter, page, keysOnly, noted = null }: Portion & { filter: RecordFilter },
): Promise<Part> {
  if (keysOnly) {
    const items = await table.keys(namespaceId, filter, page);
    return { items, more: items.length === page };
  }
  const listed = (kept: KeptRecord): ListedRecord => ({ start: kept.start, id: kept.id, record: read(kept) });
  if (noted !== null) {
    const { records, end, looked } = await table.sift(namespaceId, filter, { noted, limit: page, most: SIFTED });
    return { items: records.map(listed), more: end !== null, looked, ...(end === null ? {} : { end }) };
  }
  const { records, more } = await table.list(namespaceId, filter, page);
  return { items: records.map(listed), more };
}

/** `refs` come newest first; no more of them are read than there may be wanted records in. */
async function segmentPart(
  segments: RecordSegments,
  refs: readonly SegmentRef[],
  { filter, page }: { filter: RecordFilter; page: number },
): Promise<Part> {
  let items: ListedRecord[] = [];
  const sorted = refs.toSorted((one, other) => other.maxStart - one.maxStart);
  for (let at = 0; at < sorted.length; at += AT_ONCE) {
    const [last, next] = [items[page - 1], sorted[at]];
    if (last !== undefined && next !== undefined && last.start > next.maxStart)
      return { items: items.slice(0, page), more: true };
    const some = sorted.slice(at, at + AT_ONCE);
    const found = await Promise.all(some.map((ref) => newestIn(segments, ref, { filter, page })));
    // One more than are wanted tells that there are more.
    items = [...items, ...found.flat()].sort(compareKeys).slice(0, page + 1);
  }
  return { items: items.slice(0, page), more: items.length > page };
}

/** One more than `page` at most. */
async function newestIn(
  segments: RecordSegments,
  { key }: SegmentRef,
  { filter, page }: { filter: RecordFilter; page: number },
): Promise<ListedRecord[]> {
  const entries = (await segments.entries(key)) ?? [];
  const found = entries.filter((entry) => matches(entry, filter)).sort(compareKeys);
  return found.slice(0, page + 1).map((entry) => ({ start: entry.start, id: entry.id, segment: { key, entry } }));
}

/** The records themselves: what is only known by its place is read, as few times as there are segments. */
export async function recordsOf(
  { segments }: RecordPlaces,
  items: readonly ListedRecord[],
): Promise<ActivationRecord[]> {
  const entries = new Map<string, SegmentEntry[]>();
  for (const { record, segment } of items) {
    if (record !== undefined || segment === undefined) continue;
    entries.set(segment.key, [...(entries.get(segment.key) ?? []), segment.entry]);
  }
  const found = new Map<ActivationId, ActivationRecord>();
  const reads = [...entries].map(([key, wanted]) => segments.read(key, wanted));
  for (const kept of (await Promise.all(reads)).flat()) found.set(kept.id, read(kept));
  return items.map((item) => item.record ?? found.get(item.id) ?? damagedRecord(item));
}

/** Null where it cannot be told without looking at each record. */
async function count(
  places: RecordPlaces,
  filter: RecordFilter,
  ledgers: readonly LedgerCount[],
): Promise<number | null> {
  const refs = ledgers.flatMap((ledger) => ledger.segments);
  const moving = ledgers.flatMap((ledger) => ledger.moving);
  const counts = ledgers.map((ledger) => ledger.count);
  try {
    for (const namespaceId of places.namespaceIds) {
      counts.push(await places.table.count(namespaceId, filter));
      counts.push(-(await places.table.having(namespaceId, moving)).length);
    }
  } catch (error) {
    if (places.mode !== "d1+r2") throw error;
    return null;
  }
  const apart = refs.filter((each) => each.twin !== "all");
  for (let at = 0; at < apart.length; at += AT_ONCE) {
    const some = apart.slice(at, at + AT_ONCE);
    const asked = some.map((ref) => (ref.twin === "none" ? countIn : countRest)(places, ref, filter));
    counts.push(...(await Promise.all(asked)));
  }
  return counts.reduce((sum, each) => sum + each, moving.length);
}

/** Of a segment of which not all began in the time that is asked for. */
async function countIn({ segments }: RecordPlaces, ref: SegmentRef, filter: RecordFilter): Promise<number> {
  const entries = (await segments.entries(ref.key)) ?? [];
  return entries.filter((entry) => matches(entry, filter)).length;
}

/** Of a segment whose records are being moved those that the table does not have. */
async function countRest(places: RecordPlaces, ref: SegmentRef, filter: RecordFilter): Promise<number> {
  const entries = (await places.segments.entries(ref.key)) ?? [];
  const ids = entries.filter((entry) => matches(entry, filter)).map((entry) => entry.id);
  let count = ids.length;
  for (const namespaceId of places.namespaceIds) count -= (await places.table.having(namespaceId, ids)).length;
  return count;
}

function tallies({ stores }: RecordPlaces, filter: RecordFilter): Promise<LedgerCount[]> {
  return Promise.all(stores.map((store) => store.tally(filter)));
}

function listedOf(record: ActivationRecord): ListedRecord {
  return { start: Math.floor(record.start), id: record.activationId, record };
}

function read(kept: KeptRecord): ActivationRecord {
  return readKept(kept, (id) => log.error("record-damaged", { activationId: id }));
}
