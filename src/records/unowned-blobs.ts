// Arguments, results and logs in the blob store that no activation and no record will ever name: what a crash between a
// blob and its row has left, a second attempt, a record that could not be read when it went. Looked for a page a turn,
// by whose they are; what cannot be told stays.

import { type ActivationId, isActivationId, shardOf } from "../entities/activation-id.ts";
import { idsOf, type Namespace } from "../entities/identity.ts";
import { isWhole } from "../entities/kept-record.ts";
import type { BlobSweep } from "../entities/record-administration.ts";
import type { CompositionRpc } from "../protocol/composition.ts";
import type { ActivationStoreRpc } from "../protocol/rpc.ts";
import type { ActivationBlobs } from "../protocol/upkeep.ts";
import type { BlobList, ListedBlob } from "../storage/blob-list.ts";
import type { NamespaceBook } from "../storage/namespace-book.ts";
import type { RecordUpkeep } from "../storage/record-upkeep.ts";
import type { SweepBook, SweepState } from "../storage/sweep-book.ts";

/** All that is asked of the world. */
export interface SweepPorts {
  list: BlobList;
  book: SweepBook;
  namespaces: Pick<NamespaceBook, "byId">;
  /** Namespaces that are there though the book may not have them. */
  wellKnown: readonly Namespace[];
  /** All databases of records. */
  tables: readonly Pick<RecordUpkeep, "find">[];
  store(namespaceId: string, shard: number): Pick<ActivationStoreRpc, "unowned">;
  composition(namespaceId: string, shard: number): Pick<CompositionRpc, "involved">;
  discard(keys: readonly string[]): Promise<void>;
  /** Whether the state is being backed up just now: what is in the back-up may name what is there. */
  backupRuns(): Promise<boolean>;
  now(): number;
}

/** Epoch ms and longer a blob is left: an activation is adopted for a day,
 * and its record may wait a day to be forwarded. */
export const BLOB_GRACE_MS = 3 * 86_400_000;
/** ms from the end of a pass to the next one, and after a failure. */
const REST_MS = 24 * 3_600_000;
const RETRY_MS = 600_000;
/** Blobs looked at in one turn: each may take a question to an object, and that one to where its record lies. */
const PAGE = 100;
const MAX_FAULT = 300;
/** A page that failed so often is not tried again in this pass: what of it cannot be told is left to the next one. */
export const MAX_FAILURES = 3;
/** In the order of their keys. */
const AREAS = ["args/", "logs/", "results/", "steps/"] as const;
const NAMED = /^(?:args|steps)\/(.+?)\/([0-9a-f]{32})(?:\/|$)/;
const PLAIN = /^(?:results|logs)\/([0-9a-f]{32})\//;

/** A blob, and the activation for which it was put. */
interface Claimed {
  blob: ListedBlob;
  id: ActivationId;
  namespaceId: string;
}

/** What has come of some of them. `passed`: so many could not be told, because of `why`. */
interface Found {
  gone: ListedBlob[];
  unknown: number;
  passed: number;
  why: string | null;
}

/** What has come of it so far. */
export async function sweptBlobs({ book }: Pick<SweepPorts, "book">): Promise<BlobSweep> {
  const { passes, looked, swept, bytes, unknown, unknownBefore, fault, ...state } = await book.state();
  const passed = state.passed + state.passedBefore;
  const past = passed === 0 ? {} : { passed, passedWhy: state.passedWhy ?? "" };
  return { passes, looked, swept, bytes, unknown: Math.max(unknown, unknownBefore), ...past, fault };
}

/** One turn. What fails is noted, and the same page is looked at again, but not for ever.
 * Rejects only if the book does not answer. */
export async function sweepBlobs(ports: SweepPorts): Promise<void> {
  const state = await ports.book.state();
  if (ports.now() < state.due || (await ports.backupRuns())) return;
  try {
    await ports.book.note(await turn(ports, state));
  } catch (error) {
    const failures = state.failures + 1;
    await ports.book.note({ ...state, failures, due: ports.now() + RETRY_MS, fault: faultOf(error) });
  }
}

async function turn(ports: SweepPorts, state: SweepState): Promise<SweepState> {
  const { blobs, next } = await pageOf(ports.list, state.after);
  const before = ports.now() - BLOB_GRACE_MS;
  const old = blobs.filter((blob) => blob.stored < before);
  const { gone, ...found } = await lookAt(ports, old, { isLast: state.failures >= MAX_FAILURES - 1 });
  const unknown = state.unknown + found.unknown;
  const passed = state.passed + found.passed;
  const done = {
    ...{ ...state, fault: null, failures: 0, looked: state.looked + blobs.length, swept: state.swept + gone.length },
    ...{ bytes: gone.reduce((sum, blob) => sum + blob.bytes, state.bytes), passedWhy: found.why ?? state.passedWhy },
  };
  if (next !== null) return { ...done, after: next, unknown, passed };
  const over = { after: "", due: ports.now() + REST_MS, passes: state.passes + 1 };
  return { ...done, ...over, unknown: 0, unknownBefore: unknown, passed: 0, passedBefore: passed };
}

/** Deletes those that nobody owns. `isLast`: one that cannot be told holds up no other; else what fails rejects. */
async function lookAt(ports: SweepPorts, old: readonly ListedBlob[], { isLast }: { isLast: boolean }): Promise<Found> {
  const found: Found = { gone: [], unknown: 0, passed: 0, why: null };
  const tell = async (count: number, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isLast) throw error;
      found.passed += count;
      found.why = faultOf(error);
    }
  };
  const claimed: Claimed[] = [];
  const claim = async (blob: ListedBlob): Promise<void> => {
    const owner = await claimOf(ports, blob);
    if (owner === "unknown") found.unknown++;
    else claimed.push(owner);
  };
  await Promise.all(old.map((blob) => tell(1, () => claim(blob))));
  for (const [namespaceId, group] of Map.groupBy(claimed, (each) => each.namespaceId)) {
    await tell(group.length, async () => {
      const gone = await unownedOf(ports, namespaceId, group);
      if (gone.length > 0) await ports.discard(gone.map((blob) => blob.key));
      found.gone.push(...gone);
    });
  }
  return found;
}

function faultOf(error: unknown): string {
  return String(error).slice(0, MAX_FAULT);
}

/** `next`: where the next turn goes on; null: this was the last page. */
async function pageOf(list: BlobList, after: string): Promise<{ blobs: ListedBlob[]; next: string | null }> {
  for (const prefix of AREAS) {
    if (after > prefix && !after.startsWith(prefix)) continue;
    const { blobs, more } = await list.page({ prefix, after, max: PAGE });
    const last = blobs.at(-1);
    if (last === undefined) continue;
    const isEnd = !more && prefix === AREAS.at(-1);
    return { blobs, next: isEnd ? null : more ? last.key : beyond(prefix) };
  }
  return { blobs: [], next: null };
}

/** Behind all keys with this prefix. */
function beyond(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

/** "unknown": nobody says whose it is. One of an earlier version has no namespace with it:
 * then a database may know its activation. */
async function claimOf({ tables }: SweepPorts, blob: ListedBlob): Promise<Claimed | "unknown"> {
  const [, named, inNamed] = NAMED.exec(blob.key) ?? [];
  if (named !== undefined && inNamed !== undefined) return { blob, id: inNamed, namespaceId: named };
  const id = PLAIN.exec(blob.key)?.[1];
  if (id === undefined || !isActivationId(id)) return "unknown";
  if (blob.namespaceId !== null) return { blob, id, namespaceId: blob.namespaceId };
  for (const table of tables) {
    const found = await table.find(id);
    if (found !== null) return { blob, id, namespaceId: found.namespaceId };
  }
  return "unknown";
}

async function unownedOf(ports: SweepPorts, namespaceId: string, group: readonly Claimed[]): Promise<ListedBlob[]> {
  const free: ListedBlob[] = [];
  for (const { blob, id } of await unownedIn(ports, namespaceId, group)) {
    if (!(await isInTable(ports, id, blob.key))) free.push(blob);
  }
  return free;
}

async function unownedIn(ports: SweepPorts, namespaceId: string, group: readonly Claimed[]): Promise<Claimed[]> {
  const deletion = await ports.book.deletionOf(namespaceId);
  if (deletion === "under way") return [];
  if (deletion === "over") return [...group];
  const ids = await idsFor(ports, namespaceId);
  const free: Claimed[] = [];
  for (const ofShard of Map.groupBy(group, ({ id }) => shardOf(id)).values()) {
    let left: readonly Claimed[] = ofShard;
    for (const each of ids) left = await unownedBy(ports, each, left);
    free.push(...left);
  }
  return free;
}

/** Permanent and former ids: its activations may lie under any of them. */
async function idsFor({ namespaces, wellKnown }: SweepPorts, namespaceId: string): Promise<string[]> {
  const known = (await namespaces.byId(namespaceId)) ?? wellKnown.find((each) => idsOf(each).includes(namespaceId));
  return [...new Set([namespaceId, ...(known === undefined ? [] : idsOf(known))])];
}

/** What is left of them when the objects of this id have been asked. A run that is over has given its record to the
 * store before: therefore the composition is asked first. */
async function unownedBy(ports: SweepPorts, namespaceId: string, group: readonly Claimed[]): Promise<Claimed[]> {
  const [first] = group;
  if (first === undefined) return [];
  const shard = shardOf(first.id);
  const ids = [...new Set(group.map((each) => each.id))];
  const involved = new Set(await ports.composition(namespaceId, shard).involved(ids));
  const asked: ActivationBlobs[] = ids
    .filter((id) => !involved.has(id))
    .map((id) => ({ id, keys: group.filter((each) => each.id === id).map((each) => each.blob.key) }));
  if (asked.length === 0) return [];
  const free = new Set(await ports.store(namespaceId, shard).unowned(asked));
  return group.filter(({ blob }) => free.has(blob.key));
}

/** Whosever it is: should a record lie where its object does not look for it. */
async function isInTable({ tables }: SweepPorts, id: ActivationId, key: string): Promise<boolean> {
  for (const table of tables) {
    const found = await table.find(id);
    if (found !== null && (!isWhole(found.record) || found.record.text.includes(key))) return true;
  }
  return false;
}
