// Where a namespace's activations lie, and one of them.

import type { ActivationRecord } from "../../entities/activation.ts";
import { type ActivationId, shardOf } from "../../entities/activation-id.ts";
import { idsOf } from "../../entities/identity.ts";
import { isOnItsWay } from "../../invocation/follow.ts";
import { findActivation, homeOf } from "../../invocation/history.ts";
import type { ActivationStoreRpc, Waiting } from "../../protocol/rpc.ts";
import type { AppContext } from "../context.ts";

/** All stores of the caller's namespace, also under its former ids. */
export function storesOf(c: AppContext): ActivationStoreRpc[] {
  const services = c.get("services");
  const { shards } = services.settings;
  return idsOf(c.get("identity").namespace).flatMap((namespaceId) =>
    Array.from({ length: shards }, (_, shard) => services.shard(namespaceId, shard)),
  );
}

/** Under which of the namespace's ids the activation lies. */
export function namespaceIdOf(c: AppContext, id: ActivationId): Promise<string> {
  const services = c.get("services");
  const storeOf = (namespaceId: string) => services.shard(namespaceId, shardOf(id));
  return homeOf(storeOf, id, idsOf(c.get("identity").namespace));
}

/** The record of one of the caller's activations, or null and, if it does, why it waits. */
export async function activationOf(
  c: AppContext,
  id: ActivationId,
): Promise<{ record: ActivationRecord | null; waiting?: Waiting }> {
  const services = c.get("services");
  const namespaceId = await namespaceIdOf(c, id);
  const schedulers = {
    schedulers: () => services.schedulers((work) => c.executionCtx.waitUntil(work)),
    scheduler: (name: string) => services.scheduler(name),
  };
  return findActivation(services.shard(namespaceId, shardOf(id)), id, {
    now: Date.now(),
    isOnItsWay: () => isOnItsWay(schedulers, { id, namespaceId }),
  });
}
