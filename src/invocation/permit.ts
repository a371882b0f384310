// May this namespace make one more call now? Only namespaces with limits ask their Throttle.

import type { ActivationId } from "../entities/activation-id.ts";
import type { Identity } from "../entities/identity.ts";
import { throttleOf } from "../entities/throttle.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { InvocationContext } from "./ports.ts";

/** A slot whose activation never ends is free again after this long (ms). */
const SLOT_LIFE_MS = 11 * 60_000;

/** `count`: of fires that come together, all or none. `true` if a slot was taken that must be given back. Fires take none. */
export async function enter(
  context: InvocationContext,
  identity: Identity,
  { id, kind, count }: { id: ActivationId; kind: "invoke" | "fire"; count?: number },
): Promise<Result<boolean>> {
  const limits = throttleOf(identity, context.throttle);
  if (limits === null) return ok(false);
  const permit = await context.permits(identity.namespace.uuid).enter({
    ...{ id, kind, limits, expiresAt: context.now() + SLOT_LIFE_MS },
    ...(count === undefined ? {} : { count }),
  });
  if (permit.ok) return ok(kind === "invoke");
  context.refused?.(identity.namespace.name, permit.reason);
  const code = permit.reason === "rate" ? "too-many-requests" : "too-many-concurrent";
  return fail(code, `count: ${permit.count}, allowed: ${permit.allowed}`);
}
