// Where a namespace's activations lie, and one of them.

import type { ActivationRecord } from "../../entities/activation.ts";
import { type ActivationId, shardOf } from "../../entities/activation-id.ts";
import { idsOf } from "../../entities/identity.ts";
import { isOnItsWay } from "../../invocation/follow.ts";
import { findActivation, homeOf } from "../../invocation/history.ts";
import type { RecordPlaces } from "../../invocation/record-list.ts";
import type { Waiting } from "../../protocol/rpc.ts";
import type { AppContext } from "../context.ts";

/** Where the records of the caller's namespace are. */
export function recordsOf(c: AppContext): RecordPlaces {
  return c.get("services").records(c.get("identity").namespace);
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
