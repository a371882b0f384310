// A namespace and all that is in it goes: keys at once, then entities, objects, records. A job of bounded pieces, each
// of which may be done again; whoever comes next goes on where the last one stopped. What runs when it begins still
// ends, as nobody's: a second pass takes that away when the longest run is over. Then its name may be had again, by a
// namespace with another id.

import type { ActivationRecord } from "../entities/activation.ts";
import type { ContentsAnswer } from "../entities/administration.ts";
import { OWN_NAMESPACES } from "../entities/development.ts";
import { idsOf, type Namespace } from "../entities/identity.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { BlobStore } from "../storage/blob-store.ts";
import type { Deletion, DeletionStore } from "../storage/deletion-store.ts";
import type { IdentityStore } from "../storage/identity-store.ts";
import type { RecordSegments } from "../storage/record-segments.ts";
import type { RecordTable } from "../storage/record-table.ts";
import { type IdentityContext, tellStores } from "./identities.ts";

/** All that these ask of the world. */
export interface DeletionContext extends Pick<IdentityContext, "withWrites" | "shards" | "shard"> {
  deletions: DeletionStore;
  identities: Pick<IdentityStore, "byNamespace">;
  /** Erases what this shard of a namespace keeps: activations, compositions, schedules.
   * Done or done already when it returns. */
  erase(namespaceId: string, shard: number): Promise<void>;
  table(namespace: Namespace): Pick<RecordTable, "list" | "remove" | "count">;
  segments: RecordSegments;
  /** Keys of some segments of the namespace with this id. */
  segmentKeys(namespaceId: string, max: number): Promise<string[]>;
  blobs: Pick<BlobStore, "delete">;
  /** Epoch ms. */
  now(): number;
  /** ms after which nothing runs any more that ran when a deletion began. */
  longestRun: number;
}

/** Stands for everybody where stores are told who is barred. */
const EVERYBODY = "";
/** Taken away in one piece. */
const ENTITIES = 200;
const RECORDS = 1_000;
const SEGMENTS = 10;
/** ms for which nobody else works on a deletion that somebody has taken. */
const TAKEN_MS = 60_000;

/** What goes with it. */
export async function contentsOf(context: DeletionContext, namespace: Namespace): Promise<ContentsAnswer> {
  const table = context.table(namespace);
  const [here, records] = await Promise.all([
    context.deletions.contents(namespace),
    Promise.all(idsOf(namespace).map((id) => table.count(id, {}))),
  ]);
  return { namespace: namespace.name, ...here, records: records.reduce((sum, each) => sum + each, 0) };
}

/** Fails with `not-found`, `namespace-closed` where its deletion is under way, `built-in`. */
export async function beginDeletion(context: DeletionContext, name: string): Promise<Result<Deletion>> {
  if (OWN_NAMESPACES.includes(name)) return fail("built-in", name);
  // One of an earlier version gets its id when it is met.
  await context.identities.byNamespace(name);
  const begun = await context.withWrites([name], () => context.deletions.begin(name, context.now()));
  if (begun === null) {
    const known = await context.deletions.find(name);
    return known !== null && known.ended === null ? fail("namespace-closed", name) : fail("not-found");
  }
  const { namespace } = begun;
  await tellStores(context, { subject: EVERYBODY, barred: true, namespaces: [{ namespace, open: false }] });
  return ok(begun);
}

/** Goes on with one that is under way (`id`: this one), until there is nothing to do now or it is `until` (epoch ms).
 * Null: there is none that nobody works on. */
export async function continueDeletion(
  context: DeletionContext,
  { until, id }: { until: number; id?: string },
): Promise<Deletion | null> {
  const now = context.now();
  const which = id === undefined ? {} : { id };
  let deletion = await context.deletions.take({ now, until: Math.max(until, now) + TAKEN_MS, ...which });
  if (deletion === null) return null;
  const { uuid } = deletion.namespace;
  try {
    for (;;) {
      const next: Deletion = await piece(context, deletion);
      if (next.stage === "done") {
        await context.deletions.end(next, context.now());
        return next;
      }
      if (next !== deletion) await context.deletions.save(next);
      if (next === deletion || context.now() >= until) return next;
      deletion = next;
    }
  } finally {
    await context.deletions.leave(uuid);
  }
}

/** One piece; the same where there is nothing to do now. */
async function piece(context: DeletionContext, deletion: Deletion): Promise<Deletion> {
  const { namespace, stage, cursor, gone, began, pass } = deletion;
  switch (stage) {
    case "entities": {
      const count = await context.deletions.dropEntities(namespace.name, ENTITIES);
      if (count === 0) return { ...deletion, stage: "activations", cursor: 0 };
      return { ...deletion, gone: { ...gone, entities: gone.entities + count } };
    }
    case "activations": {
      if (cursor >= context.shards) return { ...deletion, stage: "records", cursor: 0 };
      await Promise.all(idsOf(namespace).map((id) => context.erase(id, cursor)));
      return { ...deletion, cursor: cursor + 1, gone: { ...gone, objects: gone.objects + (pass === 1 ? 1 : 0) } };
    }
    case "records": {
      const count = await dropRecords(context, namespace);
      if (count === 0) return { ...deletion, stage: "segments" };
      return { ...deletion, gone: { ...gone, records: gone.records + count } };
    }
    case "segments": {
      const count = await dropSegments(context, namespace);
      if (count === null) return { ...deletion, stage: pass === 1 ? "late" : "done" };
      return { ...deletion, gone: { ...gone, records: gone.records + count } };
    }
    case "late":
      if (context.now() < began + context.longestRun) return deletion;
      return { ...deletion, pass: 2, stage: "activations", cursor: 0 };
    case "done":
      return deletion;
  }
}

/** How many are gone. */
async function dropRecords(context: DeletionContext, namespace: Namespace): Promise<number> {
  const table = context.table(namespace);
  let gone = 0;
  for (const id of idsOf(namespace)) {
    const { records } = await table.list(id, {}, RECORDS);
    if (records.length === 0) continue;
    await dropBlobs(context, records);
    await table.remove(
      id,
      records.map((record) => record.id),
    );
    gone += records.length;
  }
  return gone;
}

/** How many records were in those that are gone; null: there are none. */
async function dropSegments(context: DeletionContext, namespace: Namespace): Promise<number | null> {
  const keys = (await Promise.all(idsOf(namespace).map((id) => context.segmentKeys(id, SEGMENTS)))).flat();
  if (keys.length === 0) return null;
  let gone = 0;
  for (const key of keys) {
    // One that cannot be read goes as it is.
    const entries = (await context.segments.entries(key)) ?? [];
    await dropBlobs(context, await context.segments.read(key, entries));
    gone += entries.length;
  }
  await context.segments.delete(keys);
  return gone;
}

/** Results and logs that lie beside their records. */
async function dropBlobs({ blobs }: DeletionContext, records: readonly { text: string }[]): Promise<void> {
  const keys = records.flatMap(({ text }) => blobsOf(text));
  if (keys.length > 0) await blobs.delete(keys);
}

/** A sequence's result may be that of its last step: not its own. What cannot be read names none. */
function blobsOf(text: string): string[] {
  let record: Partial<ActivationRecord>;
  try {
    record = JSON.parse(text) as Partial<ActivationRecord>;
  } catch {
    return [];
  }
  const { activationId, result, logs } = record;
  const keys = [result, logs].flatMap((payload) => (payload !== undefined && "blob" in payload ? [payload.blob] : []));
  return keys.filter((key) => key.includes(`/${activationId}/`));
}
