// One past activation: whether to wait for it, and where it lies.

import type { ActivationRecord } from "../entities/activation.ts";
import { type ActivationId, timeOf } from "../entities/activation-id.ts";
import type { ActivationStoreRpc, Waiting } from "../protocol/rpc.ts";

/** A record may be this much behind its reply (ms): an activation that is known or this young is waited for. */
const FLUSH_MS = 50;
/** The same where long logs are still on their way to the blob store. */
const UPLOAD_MS = 2_000;
const YOUNG_MS = 2_000;

/** The record of `id`, or null if there is none (yet), and why it waits if it does. `isOnItsWay`: whether somebody has
 * it who will bring it here. */
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
