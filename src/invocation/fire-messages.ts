// Messages of a broker become fires of a trigger. A message's activation id follows from the subscription and what the
// message is known by: told again, it is the same activation.

import { slotActivationId } from "../entities/activation-id.ts";
import { byteLength } from "../entities/byte-length.ts";
import type { Identity } from "../entities/identity.ts";
import { jsonFault } from "../entities/json-check.ts";
import { MAX_PAYLOAD } from "../entities/limits.ts";
import { type RawJson, shapeOf } from "../entities/raw-json.ts";
import { hexOf, sha256 } from "../entities/sha256.ts";
import type { SlotFire, SlotFired } from "../protocol/schedule.ts";
import type { FireOutcome, MessageKey } from "../protocol/subscriptions.ts";
import type { Subscription } from "../storage/subscription-store.ts";
import { fireSlots, type SlotParts } from "./fire-slots.ts";
import type { FireContext } from "./ports.ts";

export interface MessageFire extends MessageKey {
  /** Text of a JSON object, as a host says. */
  payload: string;
}

/** "stopped": nothing is fired for this subscription any more, for what it is told. */
export type MessagesFired = { kind: "done"; outcomes: FireOutcome[] } | { kind: "stopped"; reason: string };

/** ms by which a broker's clock may be ahead. */
const MAX_AHEAD_MS = 86_400_000;
const GONE: ReadonlySet<number> = new Set([404, 409]);
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** `identity`: the namespace itself, `epoch` its. Outcomes in the order of `messages`; never rejects. */
export async function fireMessages(
  context: FireContext,
  parts: SlotParts,
  {
    subscription,
    messages,
    ...who
  }: {
    subscription: Subscription;
    messages: readonly MessageFire[];
    identity: Identity;
    epoch: number;
    transactionId: string;
  },
): Promise<MessagesFired> {
  const faults = messages.map((message) => faultOf(message, context.now()));
  const good = messages.filter((_, at) => faults[at] === null);
  const slots = await Promise.all(good.map((message) => slotOf(subscription, message)));
  const fired = await fireSlots(context, parts, { ...who, slots });
  const gone = fired.find((each) => each.kind === "refused" && GONE.has(each.statusCode));
  if (gone !== undefined && "text" in gone) {
    return { kind: "stopped", reason: `the trigger '${subscription.trigger}' cannot be fired: ${gone.text}` };
  }
  const left = [...fired];
  return {
    kind: "done",
    outcomes: faults.map((fault) => {
      if (fault !== null) return { kind: "rejected", text: fault };
      const outcome = left.shift();
      return outcome === undefined ? { kind: "again" } : outcomeOf(outcome);
    }),
  };
}

/** Why a message can never fire, or null. */
function faultOf({ at, payload }: MessageFire, now: number): string | null {
  if (at > now + MAX_AHEAD_MS) return "the message is of the future";
  const size = byteLength(payload);
  if (size > MAX_PAYLOAD) return `the message is larger than allowed: ${size} > ${MAX_PAYLOAD} bytes`;
  return jsonFault(payload) === null && shapeOf(payload) === "object"
    ? null
    : "the host made no JSON object of the message";
}

async function slotOf(
  { id, trigger, shards, apiHost }: Subscription,
  { key, at, payload }: MessageFire,
): Promise<SlotFire> {
  const shard = Number.parseInt(hexOf(sha256(`${id}\0${key}`), 1), 16) % shards;
  const activation = await slotActivationId(`${id}\0${key}`, { slot: at, shard });
  return { id: activation, slot: at, trigger, payload: payload as RawJson, apiHost, follow: false };
}

function outcomeOf(fired: SlotFired): FireOutcome {
  switch (fired.kind) {
    case "accepted":
      return { kind: "fired" };
    case "idle":
      return { kind: "idle" };
    case "refused":
      return { kind: fired.statusCode >= 500 || LATER.has(fired.statusCode) ? "again" : "rejected", text: fired.text };
    case "busy":
      return { kind: "again" };
    default:
      return { kind: "again", text: fired.text };
  }
}
