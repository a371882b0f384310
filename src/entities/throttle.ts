// How many calls and fires a namespace may make: which counts hold for it, its own or the deployment's.

import { developmentIdentity } from "./development.ts";
import type { Identity, NamespaceLimits } from "./identity.ts";
import { PROOF_NAMESPACE } from "./names.ts";

/** In place of a count that nothing limits. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** The limits to enforce, all of them given, or null if the namespace has none. */
export function throttleOf(
  identity: Pick<Identity, "limits" | "namespace" | "keyId">,
  defaults: NamespaceLimits | null,
): NamespaceLimits | null {
  const { limits, namespace } = identity;
  const own =
    limits.invocationsPerMinute !== undefined ||
    limits.concurrentInvocations !== undefined ||
    limits.firesPerMinute !== undefined ||
    limits.concurrentMemory !== undefined;
  // Of one machine: its well-known keys, and what it proves itself with.
  const isMachines =
    namespace.name === PROOF_NAMESPACE ||
    [namespace.uuid, identity.keyId ?? ""].some((uuid) => developmentIdentity(uuid) !== undefined);
  if (!own && (defaults === null || isMachines)) return null;
  const memory = limits.concurrentMemory ?? defaults?.concurrentMemory;
  return {
    ...(memory === undefined ? {} : { concurrentMemory: memory }),
    invocationsPerMinute: limits.invocationsPerMinute ?? defaults?.invocationsPerMinute ?? UNLIMITED,
    concurrentInvocations: limits.concurrentInvocations ?? defaults?.concurrentInvocations ?? UNLIMITED,
    firesPerMinute: limits.firesPerMinute ?? defaults?.firesPerMinute ?? UNLIMITED,
  };
}
