// May this namespace make one more call now, and may that hold what it needs? Only namespaces with limits, and calls of
// actions with a bound on their instances, ask the Throttle;
// busy ones have a share of their limits at hand (permit-leases.ts).

import type { ActivationId } from "../entities/activation-id.ts";
import type { Identity } from "../entities/identity.ts";
import { throttleOf } from "../entities/throttle.ts";
import { type ErrorCode, type Failure, fail, ok, type Result } from "../errors.ts";
import type { Permit, PermitReason } from "../protocol/throttle.ts";
import type { InvocationContext } from "./ports.ts";
import type { ResolvedAction } from "./resolved-action.ts";

/** A slot whose activation never ends is free again after this long (ms). */
const SLOT_LIFE_MS = 11 * 60_000;
const CODES: Record<PermitReason, ErrorCode> = {
  rate: "too-many-requests",
  concurrency: "too-many-concurrent",
  memory: "too-much-memory",
  instances: "too-many-concurrent",
};

type HoldingContext = Pick<InvocationContext, "permits" | "throttle" | "now">;
type Bounded = Pick<Identity, "namespace" | "limits" | "keyId">;

/** `count`: of fires that come together, all or none. `mayLease`: as of Permitting; a fire always may. `true` if a slot
 * was taken that must be given back. Fires take none. */
export async function enter(
  context: InvocationContext,
  identity: Identity,
  { id, kind, count, mayLease }: { id: ActivationId; kind: "invoke" | "fire"; count?: number; mayLease?: boolean },
): Promise<Result<boolean>> {
  const limits = throttleOf(identity, context.throttle);
  if (limits === null) return ok(false);
  const request = {
    id,
    kind,
    limits,
    expiresAt: context.now() + SLOT_LIFE_MS,
    ...(count === undefined ? {} : { count }),
  };
  const permit = await context
    .permits(identity.namespace.uuid)
    .enter(request, { mayLease: mayLease ?? kind === "fire" });
  if (permit.ok) {
    if (permit.running !== undefined) context.admitted?.(identity, permit.running);
    return ok(kind === "invoke");
  }
  const { reason } = permit;
  if (reason === "rate" || reason === "concurrency") context.refused?.(identity, reason);
  return refusedFor(permit, kind === "invoke" ? "invocations" : "fires");
}

/** What the call holds while it runs: memory of its namespace, an instance of its action. `true` if that must be given
 * back. Nobody is asked where neither is bounded. Fails as `enter`. */
export async function hold(
  context: HoldingContext,
  identity: Bounded,
  { id, callable }: { id: ActivationId; callable: ResolvedAction },
): Promise<Result<boolean>> {
  if (!isHeld(context, identity, callable)) return ok(false);
  const { limits, path } = callable;
  const most = memoryOf(context, identity);
  const permit = await context.permits(identity.namespace.uuid).hold({
    id,
    memory: { wanted: limits.memory, ...(most === undefined ? {} : { allowed: most }) },
    action: { path, ...(limits.instances === undefined ? {} : { allowed: limits.instances * limits.concurrency }) },
    expiresAt: context.now() + SLOT_LIFE_MS,
  });
  return permit.ok ? ok(true) : refusedFor(permit, "invocations");
}

/** What was taken is free again: at once where a share of this isolate has it, else soon. */
export function giveBack(
  context: Pick<InvocationContext, "permits" | "later">,
  { namespace }: Pick<Identity, "namespace">,
  id: ActivationId,
): void {
  const told = context.permits(namespace.uuid).leave([id]);
  if (told !== null) context.later(told);
}

/** Whether anything that the call would hold is bounded. What needs no container holds nothing;
 * of a composition its steps do. */
export function isHeld(
  context: Pick<HoldingContext, "throttle">,
  identity: Bounded,
  { limits, builtin, plan }: ResolvedAction,
): boolean {
  if (builtin || plan !== undefined) return false;
  return limits.instances !== undefined || memoryOf(context, identity) !== undefined;
}

function memoryOf({ throttle }: Pick<HoldingContext, "throttle">, identity: Bounded): number | undefined {
  return identity.limits.concurrentMemory ?? throttleOf(identity, throttle)?.concurrentMemory;
}

function refusedFor(permit: Exclude<Permit, { ok: true }>, rate: "invocations" | "fires"): Failure {
  const { reason, count, allowed, reset } = permit;
  const unit = reason === "memory" ? " MB" : "";
  const quota = {
    name: reason === "rate" ? rate : reason,
    allowed,
    ...(reset === undefined ? {} : { window: 60, reset: Math.ceil(reset / 1_000) }),
  };
  return { ...fail(CODES[reason], `count: ${count}${unit}, allowed: ${allowed}${unit}`), quota };
}
