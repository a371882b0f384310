// Where the record of one activation is: its object says what it knows,
// and each place that should have a copy is looked at.

import type { ActivationRecord, Payload } from "../entities/activation.ts";
import { type ActivationId, shardOf } from "../entities/activation-id.ts";
import type { ActivationStoreMode } from "../entities/activation-store-mode.ts";
import { idsOf, type Namespace } from "../entities/identity.ts";
import { isWhole, type KeptRecord } from "../entities/kept-record.ts";
import type { Retention } from "../entities/retention.ts";
import type { ActivationStoreRpc, StoreName } from "../protocol/rpc.ts";
import type { LedgerPlace, RecordShelf } from "../protocol/upkeep.ts";
import type { BlobStore } from "../storage/blob-store.ts";
import type { NamespaceBook } from "../storage/namespace-book.ts";
import type { RecordSegments } from "../storage/record-segments.ts";
import type { RecordUpkeep } from "../storage/record-upkeep.ts";

/** All that is asked of the world. */
export interface LocatePorts {
  namespaces: Pick<NamespaceBook, "byId" | "page">;
  /** Namespaces that are there though the book may not have them. */
  wellKnown: readonly Namespace[];
  /** The databases of records. */
  tables: readonly Pick<RecordUpkeep, "binding" | "find" | "fill">[];
  segments: Pick<RecordSegments, "entries" | "read">;
  blobs: Pick<BlobStore, "part">;
  mode: ActivationStoreMode;
  /** How long records of the namespace with this id, permanent or former, are kept. */
  retention(namespaceId: string): Promise<Retention>;
  storeName(namespaceId: string, shard: number): StoreName;
  store(namespaceId: string, shard: number): Pick<ActivationStoreRpc, "place" | "get">;
}

/** What was found where a copy is or should be. waiting: it is not there yet, the object has the record until it is.
 * missing: it should be there and is not. pruned: it is not there, since it is too old to be kept, or may have left a
 * database that was nearly full. unreachable: the place did not answer. */
export type CopyState = "whole" | "damaged" | "waiting" | "missing" | "pruned" | "unreachable";
/** there: it has bytes, and nothing more of it was looked at. */
export type PartState = "there" | "missing" | "unreachable";

export type Copy = { state: CopyState; why?: string } & (
  | { in: "object"; object: StoreName }
  /** `bytes`: of the record's text. */
  | { in: "d1"; binding: string; table: string; bytes?: number }
  /** `offset` and `length`, in bytes: of the record's gzip member in the segment. */
  | { in: "r2"; segment?: string; offset?: number; length?: number }
);

/** Where a result or logs are: in the record, or under a key of the blob store. */
export type PartPlace = { in: "record" } | { in: "r2"; key: string; bytes: number; state: PartState };

export interface Location {
  id: ActivationId;
  mode: ActivationStoreMode;
  namespace: { name: string | null; id: string };
  /** `since` is absent where it is not the time of what `state` says. */
  object: { name: StoreName } & Pick<LedgerPlace, "state" | "since" | "until">;
  copies: Copy[];
  /** Of a record that could be read. */
  result?: PartPlace;
  logs?: PartPlace;
  /** How long it is kept. `until`: epoch ms from which it is too old; null: no age is. `sooner`: newer records may take
   * its place before. */
  kept?: { until: number | null; sooner: boolean };
}

/** Where it is, or what was looked through. `more`: there are namespaces that were not asked. */
export type Located =
  | { found: true; location: Location }
  | { found: false; databases: string[]; objects: number; namespaces: number; unreachable: string[]; more: boolean };

/** Objects that are asked where neither a database nor the caller names the namespace: in all, and at the same time. */
export const MAX_ASKED = 500;
const AT_ONCE = 32;
const TABLE = "records";
const TOO_OLD = "it started before what is kept of this namespace: retention has dropped it, or will";
/** Of these the object's time is that of the record, which is not when they came to be so. */
const UNDATED: readonly LedgerPlace["state"][] = ["handed", "unstored"];

type Row = Awaited<ReturnType<RecordUpkeep["find"]>>;
/** What a database said. */
interface Answer {
  binding: string;
  row: Row;
  error?: string;
}

/** `namespace`: the only one that is looked into. */
export async function locate(ports: LocatePorts, id: ActivationId, namespace: Namespace | undefined): Promise<Located> {
  const answers = await Promise.all(ports.tables.map((table) => asked(table, id)));
  const own = namespace === undefined ? undefined : idsOf(namespace);
  const row = answers.find((each) => each.row !== null)?.row ?? null;
  const isOurs = row !== null && (own === undefined || own.includes(row.namespaceId));
  const candidates = isOurs ? { ids: [row.namespaceId], more: false, namespaces: 1 } : await candidatesOf(ports, own);
  const home = await homeOf(ports, id, candidates.ids);
  const namespaceId = home?.namespaceId ?? (isOurs ? row.namespaceId : undefined);
  if (namespaceId === undefined) {
    return {
      found: false,
      databases: answers.flatMap(({ binding, error }) => (error === undefined ? [binding] : [])),
      unreachable: answers.flatMap(({ binding, error }) => (error === undefined ? [] : [`${binding} (${error})`])),
      ...{ objects: candidates.ids.length, namespaces: candidates.namespaces, more: candidates.more },
    };
  }
  const place = home?.place ?? { state: "none", shelves: [], lacking: [], moving: [] };
  const name = namespace?.name ?? (await nameOf(ports, namespaceId));
  return { found: true, location: await locationOf(ports, id, { namespaceId, name, place, answers }) };
}

async function locationOf(
  ports: LocatePorts,
  id: ActivationId,
  found: { namespaceId: string; name: string | null; place: LedgerPlace; answers: Answer[] },
): Promise<Location> {
  const { namespaceId, name, place, answers } = found;
  const object = ports.storeName(namespaceId, shardOf(id));
  const copies: Copy[] = [];
  let record: ActivationRecord | null = null;
  if (place.state === "here" || place.state === "unstored") {
    copies.push({ in: "object", object, state: "whole" });
    if (place.state === "here") record = (await ports.store(namespaceId, shardOf(id)).get(id)).record;
  }
  const rows = await rowCopies(ports, place, { answers, namespaceId });
  const hasRow = rows.some(({ kept }) => kept !== undefined);
  const member = await memberCopy(ports, id, { place, hasRow });
  for (const { copy, kept } of [...rows, ...member]) {
    copies.push(copy);
    if (record === null && kept !== undefined && copy.state === "whole") record = JSON.parse(kept.text);
  }
  const { state, since, until, pruned } = place;
  if (pruned === true && copies.length === 0) copies.push({ in: "object", object, state: "pruned" });
  return {
    ...{ id, mode: ports.mode, namespace: { name, id: namespaceId } },
    object: {
      name: object,
      state,
      ...(since === undefined || UNDATED.includes(state) ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    },
    copies: pruned === true ? copies.map((copy) => ({ why: TOO_OLD, ...copy })) : copies,
    ...(record === null ? {} : await recordFacts(ports, namespaceId, record)),
  };
}

async function recordFacts(
  ports: LocatePorts,
  namespaceId: string,
  record: ActivationRecord,
): Promise<Required<Pick<Location, "result" | "logs" | "kept">>> {
  const { maxAge, maxRecords, maxBytes } = await ports.retention(namespaceId);
  return {
    result: await partOf(ports, record.result),
    logs: await partOf(ports, record.logs),
    kept: {
      until: maxAge === null ? null : Math.floor(record.start) + maxAge * 1000,
      sooner: maxRecords !== null || maxBytes !== null,
    },
  };
}

interface Looked {
  copy: Copy;
  kept?: KeptRecord;
}

/** The copy in a database; where none has it, whether one should. */
async function rowCopies(
  ports: Pick<LocatePorts, "mode" | "tables">,
  place: LedgerPlace,
  { answers, namespaceId }: { answers: readonly Answer[]; namespaceId: string },
): Promise<Looked[]> {
  const copies: Looked[] = [];
  for (const { binding, row } of answers) {
    if (row?.namespaceId !== namespaceId) continue;
    const { record } = row;
    const bytes = new TextEncoder().encode(record.text).length;
    copies.push({ copy: { in: "d1", binding, table: TABLE, state: stateOf(record), bytes }, kept: record });
  }
  if (copies.length > 0) return copies;
  const down = answers.find((each) => each.error !== undefined);
  const wanted = wantedRow(place, ports.mode);
  if (wanted === null && down === undefined) return [];
  const { binding, error } = down ?? answers[0] ?? { binding: "RECORDS_0" };
  const copy = { in: "d1" as const, binding, table: TABLE };
  if (error !== undefined) return [{ copy: { ...copy, state: "unreachable", why: error } }];
  const pruned = wanted === "missing" ? await prunedFrom(ports.tables) : 0;
  if (pruned === 0) return [{ copy: { ...copy, state: wanted ?? "missing" } }];
  const why = `it may be one of the ${pruned} that were deleted early, while the database was nearly full`;
  return [{ copy: { ...copy, state: "pruned", why } }];
}

/** How many have left the databases early. What does not answer says nothing of it. */
async function prunedFrom(tables: LocatePorts["tables"]): Promise<number> {
  const asked = await Promise.allSettled(tables.map((table) => table.fill()));
  return asked.reduce((sum, each) => sum + (each.status === "fulfilled" ? each.value.pruned : 0), 0);
}

/** The copy in a segment, or that there should be one. */
async function memberCopy(
  { segments, mode }: Pick<LocatePorts, "segments" | "mode">,
  id: ActivationId,
  { place, hasRow }: { place: LedgerPlace; hasRow: boolean },
): Promise<Looked[]> {
  const { segment } = place;
  if (segment === undefined) {
    const wanted = hasRow && place.state !== "here" ? null : wantedMember(place, mode);
    return wanted === null ? [] : [{ copy: { in: "r2", state: wanted } }];
  }
  const copy = { in: "r2" as const, segment: segment.key };
  try {
    const entries = await segments.entries(segment.key);
    if (entries === null) return [{ copy: { ...copy, state: "damaged", why: "the segment cannot be read" } }];
    const entry = entries.find((each) => each.id === id);
    if (entry === undefined) return [{ copy: { ...copy, state: "missing", why: "the segment does not list it" } }];
    const [kept] = await segments.read(segment.key, [entry]);
    const { offset, length } = entry;
    const state = kept === undefined ? "missing" : stateOf(kept);
    return [{ copy: { ...copy, offset, length, state }, ...(kept === undefined ? {} : { kept }) }];
  } catch (error) {
    return [{ copy: { ...copy, state: "unreachable", why: String(error) } }];
  }
}

/** What the table lacks where it has no row; null: none should be there. A record may have been moved since the object
 * noted where it went, but for one that has a segment: then that says whether the table has it. */
function wantedRow(place: LedgerPlace, mode: ActivationStoreMode): CopyState | null {
  const { state, shelves, segment } = place;
  if (state === "here") return wantedHere("d1", place);
  if (segment !== undefined) return segment.twin === "all" ? lost(place) : null;
  return shelves.includes("d1") || (shelves.length > 0 && mode !== "r2") ? lost(place) : null;
}

/** The same of segments, where the object knows of none with the record and the table has no row. */
function wantedMember(place: LedgerPlace, mode: ActivationStoreMode): CopyState | null {
  if (place.state === "here") return wantedHere("r2", place);
  return place.shelves.includes("r2") && mode !== "d1" ? lost(place) : null;
}

/** The same of a record that the object still has: so it has not been moved. */
function wantedHere(shelf: RecordShelf, { lacking, shelves, pruned }: LedgerPlace): CopyState | null {
  if (pruned === true) return null;
  if (lacking.includes(shelf)) return "waiting";
  return shelves.includes(shelf) ? "missing" : null;
}

function lost({ pruned }: LedgerPlace): CopyState {
  return pruned === true ? "pruned" : "missing";
}

function stateOf(kept: KeptRecord): CopyState {
  return isWhole(kept) ? "whole" : "damaged";
}

async function partOf({ blobs }: LocatePorts, payload: Payload): Promise<PartPlace> {
  if ("inline" in payload) return { in: "record" };
  const { blob: key, size: bytes } = payload;
  try {
    const there = (await blobs.part(key, { suffix: 1 })) !== null;
    return { in: "r2", key, bytes, state: there ? "there" : "missing" };
  } catch {
    return { in: "r2", key, bytes, state: "unreachable" };
  }
}

async function asked(table: Pick<RecordUpkeep, "binding" | "find">, id: ActivationId): Promise<Answer> {
  const { binding } = table;
  try {
    return { binding, row: await table.find(id) };
  } catch (error) {
    return { binding, row: null, error: String(error) };
  }
}

/** Under which ids it may lie. */
async function candidatesOf(
  { namespaces, wellKnown }: LocatePorts,
  own: readonly string[] | undefined,
): Promise<{ ids: string[]; namespaces: number; more: boolean }> {
  if (own !== undefined) return { ids: [...own], namespaces: 1, more: false };
  const known = await namespaces.page("", MAX_ASKED + 1);
  const all = [...known.slice(0, MAX_ASKED), ...wellKnown];
  const ids = new Set(all.flatMap(idsOf));
  return { ids: [...ids], namespaces: new Set(all.map((each) => each.name)).size, more: known.length > MAX_ASKED };
}

/** The first object that knows the id. */
async function homeOf(
  ports: LocatePorts,
  id: ActivationId,
  namespaceIds: readonly string[],
): Promise<{ namespaceId: string; place: LedgerPlace } | undefined> {
  for (let at = 0; at < namespaceIds.length; at += AT_ONCE) {
    const some = namespaceIds.slice(at, at + AT_ONCE);
    const places = await Promise.all(
      some.map(async (namespaceId) => ({ namespaceId, place: await ports.store(namespaceId, shardOf(id)).place(id) })),
    );
    const home = places.find(({ place }) => place.state !== "none");
    if (home !== undefined) return home;
  }
  return undefined;
}

async function nameOf({ namespaces, wellKnown }: LocatePorts, namespaceId: string): Promise<string | null> {
  const known = wellKnown.find((each) => each.uuid === namespaceId) ?? (await namespaces.byId(namespaceId));
  return known?.name ?? null;
}
