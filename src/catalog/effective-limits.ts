// What a namespace may use, as it is told about itself.

import type { Identity, NamespaceLimits } from "../entities/identity.ts";
import { boundsFor, maxParameters } from "../entities/limit-values.ts";
import type { LimitBounds } from "../entities/limits.ts";
import { sizeText } from "../entities/size.ts";
import { throttleOf, UNLIMITED } from "../entities/throttle.ts";
import type { ThrottleUsage } from "../protocol/throttle.ts";

/** What of its counts is used now, beside them. */
export function usedOf({ reset, ...counts }: ThrottleUsage): Record<string, number> {
  return { ...counts, secondsLeftOfMinute: Math.ceil(reset / 1_000) };
}

/** Whether anything of a namespace with these is counted. */
export function isCounted(limits: NamespaceLimits): boolean {
  const { invocationsPerMinute, firesPerMinute, concurrentInvocations, concurrentMemory } = limits;
  return [invocationsPerMinute, firesPerMinute, concurrentInvocations, concurrentMemory].some(
    (each) => each !== undefined,
  );
}

/** What is enforced for this identity: its own limits, which never widen the system's, and the system's for the rest. A
 * count that nothing limits is not named. `throttle`: what namespaces without limits of their own may do; null =
 * whatever they like. */
export function effectiveLimits(
  identity: Identity,
  deployment: { bounds: LimitBounds; throttle: NamespaceLimits | null },
): NamespaceLimits & { maxActionInstances?: number } {
  const { limits: own } = identity;
  const { memory, logs, timeout, concurrency } = boundsFor(own, deployment.bounds);
  const throttle = throttleOf(identity, deployment.throttle);
  const counts = Object.entries(throttle ?? {}).filter(([, count]) => count !== UNLIMITED);
  const instances = throttle?.concurrentInvocations ?? UNLIMITED;
  return {
    ...Object.fromEntries(counts),
    ...(own.allowedKinds === undefined ? {} : { allowedKinds: own.allowedKinds }),
    ...(own.storeActivations === undefined ? {} : { storeActivations: own.storeActivations }),
    minActionMemory: memory.min,
    maxActionMemory: memory.max,
    minActionLogs: logs.min,
    maxActionLogs: logs.max,
    minActionTimeout: timeout.min,
    maxActionTimeout: timeout.max,
    minActionConcurrency: concurrency.min,
    maxActionConcurrency: concurrency.max,
    maxParameterSize: sizeText(maxParameters(own)),
    ...(instances === UNLIMITED ? {} : { maxActionInstances: instances }),
  };
}
