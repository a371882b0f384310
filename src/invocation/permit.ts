// May this namespace make one more call now? Only namespaces with limits ask their Gate.

import type { ActivationId } from "../entities/activation-id.ts";
import { developmentIdentity } from "../entities/development.ts";
import type { Identity, NamespaceLimits } from "../entities/identity.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { InvocationContext } from "./ports.ts";

/** A slot whose activation never ends is free again after this long (ms). */
const SLOT_LIFE = 11 * 60_000;
/** In place of a count that nothing limits. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** The limits to enforce, all of them given, or null if the namespace has none. */
export function throttleOf(identity: Identity, defaults: NamespaceLimits | null): NamespaceLimits | null {
  const { limits, namespace } = identity;
  const own =
    limits.invocationsPerMinute !== undefined ||
    limits.concurrentInvocations !== undefined ||
    limits.firesPerMinute !== undefined;
  const isDevelopment = [namespace.uuid, identity.keyId ?? ""].some((uuid) => developmentIdentity(uuid) !== undefined);
  if (!own && (defaults === null || isDevelopment)) return null;
  return {
    invocationsPerMinute: limits.invocationsPerMinute ?? defaults?.invocationsPerMinute ?? UNLIMITED,
    concurrentInvocations: limits.concurrentInvocations ?? defaults?.concurrentInvocations ?? UNLIMITED,
    firesPerMinute: limits.firesPerMinute ?? defaults?.firesPerMinute ?? UNLIMITED,
  };
}

/** `true` if a slot was taken that must be given back. Fires take none. */
export async function enter(
  context: InvocationContext,
  identity: Identity,
  { id, kind }: { id: ActivationId; kind: "invoke" | "fire" },
): Promise<Result<boolean>> {
  const limits = throttleOf(identity, context.throttle);
  if (limits === null) return ok(false);
  const permit = await context
    .gate(identity.namespace.uuid)
    .enter(context.holder, { id, kind, limits, expiresAt: context.now() + SLOT_LIFE });
  if (permit.ok) return ok(kind === "invoke");
  const code = permit.reason === "rate" ? "too-many-requests" : "too-many-concurrent";
  return fail(code, `count: ${permit.count}, allowed: ${permit.allowed}`);
}
