// Records that are looked for by more than their name and time: all there are in that time are looked at, newest first,
// a bounded piece at a time. Who asks again with what the last piece ended with has looked at all of them in the end.

import type { ActivationRecord, Payload } from "../entities/activation.ts";
import type { RecordFilter, RecordKey } from "../entities/kept-record.ts";
import { fits, notedOf, type RecordSearch, stands, standsInLines } from "../entities/record-search.ts";
import type { BlobStore } from "../storage/blob-store.ts";
import { type RecordPlaces, recordsOf, siftedRounds } from "./record-list.ts";

/** What one request looks at, at most: records, bytes of them, ms; and bytes of whole records that it answers. */
export const SEARCH_BOUNDS = { records: 50_000, bytes: 64_000_000, ms: 500, answer: 8_000_000 };
/** Records looked at without a pause. */
const PAGE = 100;
/** A pause is so many times as long as what went before it, and so many ms at most:
 * most calls of others meet a pause. */
const PAUSE = { times: 1.5, max: 100 };
/** Bytes of a record beside its result and logs. */
const FRAME = 600;

export interface Search {
  filter: RecordFilter;
  search: RecordSearch;
  limit: number;
  /** Whole records are wanted: else they come without result and logs. */
  docs: boolean;
}

export interface SearchPorts {
  blobs: Pick<BlobStore, "text">;
  /** Epoch ms. */
  now(): number;
  pause(ms: number): Promise<void>;
}

export interface SearchedPiece {
  records: ActivationRecord[];
  /** The last one that was looked at, where there may be more behind it: the filter's `after` of the next request. */
  next: RecordKey | null;
  /** How many were looked at. */
  scanned: number;
}

export async function searchActivations(
  places: RecordPlaces,
  { filter, search, limit, docs }: Search,
  ports: SearchPorts,
): Promise<SearchedPiece> {
  const began = ports.now();
  const found: ActivationRecord[] = [];
  const spent = { records: 0, bytes: 0, answer: 0 };
  const isLate = () => ports.now() - began >= SEARCH_BOUNDS.ms;
  const isSpent = () =>
    spent.records >= SEARCH_BOUNDS.records ||
    spent.bytes >= SEARCH_BOUNDS.bytes ||
    spent.answer >= SEARCH_BOUNDS.answer;
  let roundBegan = began;
  for await (const { items, bound, looked } of siftedRounds(places, filter, { page: PAGE, noted: notedOf(search) })) {
    for (const record of await recordsOf(places, items)) {
      const { activationId: id } = record;
      spent.records++;
      spent.bytes += FRAME + inlineSize(record.result) + inlineSize(record.logs);
      const { matches, bytes } = await look(record, search, ports.blobs);
      spent.bytes += bytes;
      if (matches) {
        found.push(docs ? record : slim(record));
        if (docs) spent.answer += FRAME + inlineSize(record.result) + inlineSize(record.logs);
      }
      // However slow the machine, each request looks at a page, but for what it has to fetch besides.
      if (found.length < limit && !isSpent() && (bytes === 0 || !isLate())) continue;
      return { records: found, next: { start: Math.floor(record.start), id }, scanned: spent.records };
    }
    spent.records += looked - items.length;
    if (bound !== undefined && (isLate() || isSpent())) {
      return { records: found, next: { start: bound.start, id: bound.id }, scanned: spent.records };
    }
    // Others have their turn: on one machine one thread serves all.
    await ports.pause(Math.min(PAUSE.max, PAUSE.times * (ports.now() - roundBegan)));
    roundBegan = ports.now();
  }
  return { records: found, next: null, scanned: spent.records };
}

/** `bytes`: read for it from the blob store. */
async function look(
  record: ActivationRecord,
  search: RecordSearch,
  blobs: Pick<BlobStore, "text">,
): Promise<{ matches: boolean; bytes: number }> {
  const { text } = search;
  if (!fits(record, search)) return { matches: false, bytes: 0 };
  if (text === undefined) return { matches: true, bytes: 0 };
  let bytes = 0;
  for (const [payload, has] of [
    [record.result, stands],
    [record.logs, standsInLines],
  ] as const) {
    const json = "inline" in payload ? payload.inline : ((await blobs.text(payload.blob)) ?? "");
    if ("blob" in payload) bytes += payload.size;
    if (has(text, json)) return { matches: true, bytes };
  }
  return { matches: false, bytes };
}

/** Result and logs are not shown, and may be long. */
function slim(record: ActivationRecord): ActivationRecord {
  return { ...record, result: { inline: "" }, logs: { inline: "" } };
}

function inlineSize(payload: Payload): number {
  return "inline" in payload ? payload.inline.length : 0;
}
