// Past activations of a namespace: each shard keeps its own, newest first; here they become one list.

import type { ActivationRecord } from "../entities/activation.ts";
import { type ActivationId, timeOf } from "../entities/activation-id.ts";
import type { ActivationQuery, ActivationStoreRpc, Waiting } from "../protocol/rpc.ts";

type ShardReader = Pick<ActivationStoreRpc, "list">;

/** A record may be this much behind its reply (ms): an activation that is known or this young is waited for. */
const FLUSH_MS = 50;
/** The same where long logs are still on their way to the blob store. */
const UPLOAD_MS = 2_000;
const YOUNG_MS = 2_000;
/** Records of one store asked for at once; fewer where each brings its result and logs. */
const PAGE = 200;
const DOCS_PAGE = 20;
/** More than there can be. */
const ALL = 1_000_000_000;

/** The record of `id`, or null if there is none (yet), and why it waits if it does. `isOnItsWay`: whether somebody has it who will
 * bring it here. */
export async function findActivation(
  store: Pick<ActivationStoreRpc, "get" | "await">,
  id: ActivationId,
  { now, isOnItsWay }: { now: number; isOnItsWay: () => Promise<boolean> },
): Promise<{ record: ActivationRecord | null; waiting?: Waiting }> {
  if (now - timeOf(id) >= YOUNG_MS) {
    const found = await store.get(id);
    if (found.record !== null || !found.known || found.waiting !== undefined) return found;
  }
  const found = await store.await(id, { ms: FLUSH_MS });
  if (found.record !== null || found.waiting !== undefined || !(await isOnItsWay())) return found;
  return store.await(id, { ms: UPLOAD_MS });
}

/** Under which of a namespace's ids an activation lies. Asked for only where it has several: nearly none has. */
export async function homeOf(
  storeOf: (namespaceId: string) => Pick<ActivationStoreRpc, "get">,
  id: ActivationId,
  [own = "", ...former]: readonly string[],
): Promise<string> {
  if (former.length === 0) return own;
  const known = await Promise.all(former.map(async (each) => (await storeOf(each).get(id)).known));
  return former[known.indexOf(true)] ?? own;
}

/** Of all there are, those beyond `skip`. */
export async function countActivations(
  shards: readonly Pick<ActivationStoreRpc, "count">[],
  { skip, ...query }: ActivationQuery & { docs: boolean },
): Promise<number> {
  const totals = await Promise.all(shards.map((shard) => shard.count({ ...query, limit: ALL, skip: 0 })));
  return Math.max(0, totals.reduce((sum, each) => sum + each, 0) - skip);
}

/** Merges the shards' lists by start, newest first. With `docs` each record brings its result and logs, so that only a few are
 * held at a time. */
export async function* listActivations(
  shards: readonly ShardReader[],
  query: ActivationQuery & { docs: boolean },
): AsyncGenerator<ActivationRecord> {
  const { limit, skip, docs, ...filter } = query;
  const page = Math.min(limit + skip, docs ? DOCS_PAGE : PAGE);
  const heads = await Promise.all(
    shards.map(async (shard) => {
      const cursor = new Cursor(shard, { ...filter, page, docs });
      await cursor.fill();
      return cursor;
    }),
  );
  for (let at = 0; at < skip + limit; at++) {
    let newest: Cursor | undefined;
    for (const each of heads) {
      if (each.head !== undefined && (newest?.head === undefined || each.head.start > newest.head.start)) newest = each;
    }
    if (newest?.head === undefined) return;
    if (at >= skip) yield newest.head;
    await newest.advance();
  }
}

class Cursor {
  head: ActivationRecord | undefined;
  readonly #shard: ShardReader;
  readonly #query: Omit<ActivationQuery, "limit" | "skip"> & { page: number };
  #records: ActivationRecord[] = [];
  #at = 0;
  #skip = 0;
  #last = false;

  constructor(shard: ShardReader, query: Omit<ActivationQuery, "limit" | "skip"> & { page: number }) {
    this.#shard = shard;
    this.#query = query;
  }

  async fill(): Promise<void> {
    const { page, ...filter } = this.#query;
    this.#records = await this.#shard.list({ ...filter, limit: page, skip: this.#skip });
    this.#skip += this.#records.length;
    this.#last = this.#records.length < page;
    this.#at = 0;
    this.head = this.#records[0];
  }

  async advance(): Promise<void> {
    this.#at++;
    this.head = this.#records[this.#at];
    if (this.head === undefined && !this.#last) await this.fill();
  }
}
