// The records of one namespace that are not to be kept any longer: its objects are told first, so that nobody sees any
// of them in any place; then rows go, a few at a time. What is in the objects and in segments,
// the objects drop themselves.

import { idsOf, type Namespace } from "../entities/identity.ts";
import { keptFromAge, keptFromExcess, type OldRecord, type Retention } from "../entities/retention.ts";
import type { ActivationStoreRpc } from "../protocol/rpc.ts";
import type { LedgerHoldings, SegmentHolding } from "../protocol/upkeep.ts";
import type { RecordSegments } from "../storage/record-segments.ts";
import type { RecordUpkeep } from "../storage/record-upkeep.ts";

/** All that is asked of the world. */
export interface RetentionPorts {
  /** Every object of the namespace. */
  stores(namespace: Namespace): readonly Pick<ActivationStoreRpc, "retain" | "holdings">[];
  /** The database of its records. */
  table(namespace: Namespace): Pick<RecordUpkeep, "binding" | "usage" | "oldest" | "expired" | "delete">;
  segments: Pick<RecordSegments, "entries">;
  /** Blobs of records that go. */
  discard(keys: readonly string[]): Promise<void>;
  now(): number;
  /** ms to rest. */
  pause(ms: number): Promise<void>;
}

/** Steps that are left for now; each takes so many rows at most. */
export interface Budget {
  steps: number;
  /** Epoch ms. */
  until: number;
}

/** Rows of one step. More at once keep the calls of a platform on one machine waiting. */
const ROWS = 200;
/** Rows looked at to see what is too much. */
const MAX_OLDEST = 2_000;
/** Of its time a step works one part in so many, at least. */
const SHARE = 4;
const MAX_PAUSE_MS = 1_000;

/** Epoch ms from which on records are kept now, and whether more is to be dropped as soon as may be. */
export interface Enforced {
  keptFrom: number;
  more: boolean;
}

/** Safe to be cut off anywhere and to be done twice. Rejects if a place does not answer: then nothing is lost, and it
 * is done again. */
export async function enforce(
  ports: RetentionPorts,
  { namespace, retention, keptFrom }: { namespace: Namespace; retention: Retention; keptFrom: number },
  budget: Budget,
): Promise<Enforced> {
  const { maxAge } = retention;
  const wanted = maxAge === null ? 0 : keptFromAge(maxAge, ports.now());
  let from = keptFrom;
  if (wanted > from) {
    await tell(ports, namespace, wanted);
    from = wanted;
  }
  for (;;) {
    if (await dropRows(ports, { namespace, from }, budget)) return { keptFrom: from, more: true };
    const excess = await excessOf(ports, { namespace, retention, from });
    if (excess === null || excess.from <= from) return { keptFrom: from, more: false };
    await tell(ports, namespace, excess.from);
    from = excess.from;
    if (excess.enough) return { keptFrom: from, more: await dropRows(ports, { namespace, from }, budget) };
  }
}

async function tell(ports: RetentionPorts, namespace: Namespace, from: number): Promise<void> {
  await Promise.all(ports.stores(namespace).map((store) => store.retain(from)));
}

/** Whether some are left. */
async function dropRows(
  ports: RetentionPorts,
  { namespace, from }: { namespace: Namespace; from: number },
  budget: Budget,
): Promise<boolean> {
  if (from === 0) return false;
  const table = ports.table(namespace);
  for (const id of idsOf(namespace)) {
    for (;;) {
      const began = ports.now();
      const rows = await table.expired(id, from, ROWS);
      if (rows.length === 0) break;
      if (budget.steps <= 0 || began >= budget.until) return true;
      budget.steps--;
      const blobs = rows.flatMap((row) => row.blobs);
      if (blobs.length > 0) await ports.discard(blobs);
      await table.delete(id, rows);
      if (rows.length < ROWS) break;
      await ports.pause(Math.min(MAX_PAUSE_MS, (ports.now() - began) * (SHARE - 1)));
    }
  }
  return false;
}

/** From which start on records are kept so that no more are left than may be, as far as one look goes; null:
 * none is too many. */
async function excessOf(
  ports: RetentionPorts,
  { namespace, retention, from }: { namespace: Namespace; retention: Retention; from: number },
): Promise<{ from: number; enough: boolean } | null> {
  const { maxRecords, maxBytes } = retention;
  if (maxRecords === null && maxBytes === null) return null;
  const holdings = await Promise.all(ports.stores(namespace).map((store) => store.holdings()));
  // One has been told more than we know of: the entry was not noted.
  const told = Math.max(...holdings.map((each) => each.from));
  if (told > from) return { from: told, enough: false };
  const total = await totalOf(ports, { namespace, holdings });
  const excess = {
    records: maxRecords === null ? 0 : Math.max(0, total.records - maxRecords),
    bytes: maxBytes === null ? 0 : Math.max(0, total.bytes - maxBytes),
  };
  if (excess.records === 0 && excess.bytes === 0) return null;
  const { oldest, bound } = await oldestOf(ports, { namespace, holdings });
  return keptFromExcess(oldest, bound, excess);
}

/** Of all places, each record once. */
async function totalOf(
  { segments, table }: RetentionPorts,
  { namespace, holdings }: { namespace: Namespace; holdings: readonly LedgerHoldings[] },
): Promise<{ records: number; bytes: number }> {
  const total = await table(namespace).usage(idsOf(namespace));
  const mixed = await Promise.all(
    holdings.flatMap(({ mixed, from }) => mixed.map((segment) => membersOf(segments, segment, from))),
  );
  const others = holdings.flatMap(({ own, shelved }) => [own, shelved]);
  const inMixed = mixed.map((members) => ({
    records: members.length,
    bytes: members.reduce((sum, each) => sum + each.bytes, 0),
  }));
  for (const { records, bytes } of [...others, ...inMixed]) {
    total.records += records;
    total.bytes += bytes;
  }
  return total;
}

/** The oldest records of all places. `bound`: of what starts there or later some may not be among them. */
async function oldestOf(
  { segments, table }: RetentionPorts,
  { namespace, holdings }: { namespace: Namespace; holdings: readonly LedgerHoldings[] },
): Promise<{ oldest: OldRecord[]; bound: number }> {
  const oldest: OldRecord[] = [];
  let bound = Number.POSITIVE_INFINITY;
  const add = (items: readonly OldRecord[], more: boolean): void => {
    oldest.push(...items);
    const last = items.at(-1);
    if (more && last !== undefined) bound = Math.min(bound, last.start);
  };
  for (const id of idsOf(namespace)) {
    const rows = await table(namespace).oldest(id, MAX_OLDEST);
    add(rows, rows.length === MAX_OLDEST);
  }
  for (const { oldest: own, oldestSegments, nextSegment, from } of holdings) {
    add(own.items, own.more);
    if (nextSegment !== null) bound = Math.min(bound, nextSegment);
    for (const segment of oldestSegments) oldest.push(...(await membersOf(segments, segment, from)));
  }
  return { oldest, bound };
}

/** Its records that are kept. One that cannot be read counts as what its row says: nobody reads it,
 * but it lies there. */
async function membersOf(
  segments: RetentionPorts["segments"],
  { key, count, bytes, maxStart }: SegmentHolding,
  from: number,
): Promise<OldRecord[]> {
  const entries = await segments.entries(key);
  if (entries === null) return Array.from({ length: count }, () => ({ start: maxStart, bytes: bytes / count }));
  return entries
    .filter((each) => each.start >= from)
    .map(({ start, length, held = 0 }) => ({ start, bytes: length + held }));
}
