// Slots of schedules become fires, each by itself: what one does, or fails to do, is no other's matter.

import { type ActivationId, timeOf } from "../entities/activation-id.ts";
import type { Identity } from "../entities/identity.ts";
import type { Failure } from "../errors.ts";
import type { SlotFire, SlotFired } from "../protocol/schedule.ts";
import type { StoredEntity } from "../storage/entity-store.ts";
import type { FanOut } from "./fan-out.ts";
import { fire } from "./fire.ts";
import type { FireContext } from "./ports.ts";
import { answered } from "./retry.ts";
import type { Triggers } from "./triggers.ts";

/** What has not come through after so many ms is asked for again: the others' answers do not wait for it. */
export const WITHIN_MS = 5_000;
/** Of an activation this old (ms) the store may have forgotten that it had it: its records are looked at first. */
const OLD_MS = 12 * 3_600_000;
/** Activations of the last fire that are looked at. */
const MAX_LOOKED_AT = 100;

export interface SlotParts {
  triggers: Triggers;
  fanOut: FanOut;
  /** Several triggers of a namespace by one query; some may be missing. */
  shortTriggers(path: string, names: readonly string[]): Promise<StoredEntity[]>;
  /** As HTTP would have it. */
  statusOf(failure: Failure): number;
}

/** `identity`: the namespace itself, and `epoch` its. In the order of `slots`; never rejects. */
export async function fireSlots(
  context: FireContext,
  parts: SlotParts,
  { identity, epoch, transactionId, slots }: Omit<Slots, "slot"> & { slots: readonly SlotFire[] },
): Promise<SlotFired[]> {
  const names = slots.map((slot) => slot.trigger);
  // Where this fails each is asked for alone.
  await parts.triggers
    .prepare((...asked) => parts.shortTriggers(...asked), { path: identity.namespace.name, names, epoch })
    .catch((error: unknown) => context.warn?.(`triggers could not be read together: ${String(error)}`));
  return Promise.all(
    slots.map(async (slot): Promise<SlotFired> => {
      const work = fireSlot(context, parts, { identity, epoch, transactionId, slot });
      context.later(work.catch(() => undefined));
      try {
        return await answered((ms, run) => context.after(ms, run), WITHIN_MS, work);
      } catch (error) {
        return { kind: "unknown", text: `It is not known whether the trigger was fired: ${String(error)}` };
      }
    }),
  );
}

interface Slots {
  identity: Identity;
  epoch: number;
  transactionId: string;
  slot: SlotFire;
}

async function fireSlot(
  context: FireContext,
  { triggers, fanOut, statusOf }: SlotParts,
  {
    identity,
    epoch,
    transactionId,
    slot,
  }: { identity: Identity; epoch: number; transactionId: string; slot: SlotFire },
): Promise<SlotFired> {
  const { id, unless = [] } = slot;
  const { name, uuid: namespaceId } = identity.namespace;
  if (context.now() - timeOf(id) > OLD_MS && (await isKnown(context, id, namespaceId))) return { kind: "accepted" };
  for (const run of unless.slice(0, MAX_LOOKED_AT))
    if (await goesOn(context, run, namespaceId)) return { kind: "busy" };
  const fired = await fire(
    context,
    { triggers, fanOut },
    {
      ...{ identity, epoch, transactionId, id },
      trigger: { path: name, name: slot.trigger },
      payload: slot.payload,
      headers: [],
      apiHost: slot.apiHost,
    },
  );
  if (!fired.ok) return { kind: "refused", statusCode: statusOf(fired), text: fired.text };
  if (fired.kind === "idle") return { kind: "idle" };
  return slot.follow && fired.kind === "accepted"
    ? { kind: "accepted", runs: fired.runs.slice(0, MAX_LOOKED_AT) }
    : { kind: "accepted" };
}

async function isKnown(context: FireContext, id: ActivationId, namespaceId: string): Promise<boolean> {
  const found = await context.storeOf({ id, about: { namespaceId } }).get(id);
  return found.known || found.record !== null;
}

/** It was accepted and has not ended. */
async function goesOn(context: FireContext, id: ActivationId, namespaceId: string): Promise<boolean> {
  const about = { id, about: { namespaceId } };
  const [found, composed] = await Promise.all([context.storeOf(about).get(id), context.composition(about).runs(id)]);
  return found.record === null && (found.known || composed);
}
