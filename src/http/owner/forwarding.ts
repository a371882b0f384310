// To where the records of a namespace are forwarded as they are made, or its user events, and how that stands: shown
// and changed for its owner and for administrators.

import type { z } from "zod";
import type { Namespace } from "../../entities/identity.ts";
import { EventHookOrder, RecordHookOrder } from "../../entities/record-hook.ts";
import type { Forwarded } from "../../protocol/forwarding.ts";
import { type ForwardingPorts, type HookSetter, removeHook, setHook, showHook } from "../../records/forwarding.ts";
import { actingStores } from "../author.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { bodyOf } from "../json-body.ts";
import { json } from "../reply.ts";

type Answer = (c: AppContext, namespace: Namespace) => Promise<Response>;

export const RECORD_FORWARDING = answersOf("records", RecordHookOrder);
export const EVENT_FORWARDING = answersOf("events", EventHookOrder);

function answersOf(
  what: Forwarded,
  order: z.ZodType<RecordHookOrder>,
): { readonly show: Answer; readonly set: Answer; readonly remove: Answer } {
  return {
    show: (c, namespace) => shown(c, what, namespace),
    /** Replaces what was set. The secret is told where it was made here, this once. */
    set: async (c, namespace) => {
      const body = await bodyOf(c, order);
      if (!body.ok) return respond(c, body);
      const made = await setHook(portsOf(c, what), namespace, { ...body.value, by: setterOf(c) });
      return made.ok ? shown(c, what, namespace, made.value) : respond(c, made);
    },
    remove: async (c, namespace) => {
      const removed = await removeHook(portsOf(c, what), namespace, setterOf(c));
      return removed.ok ? shown(c, what, namespace) : respond(c, removed);
    },
  };
}

/** Only routes of administrators know one. */
function setterOf(c: AppContext): HookSetter {
  const administrator = c.get("administrator") as AppContext["var"]["administrator"] | undefined;
  return administrator === undefined ? "owner" : "administrator";
}

async function shown(
  c: AppContext,
  what: Forwarded,
  namespace: Namespace,
  more: { secret?: string } = {},
): Promise<Response> {
  const state = await showHook(portsOf(c, what), namespace);
  return json(c, JSON.stringify({ namespace: namespace.name, ...state, ...more }));
}

function portsOf(c: AppContext, what: Forwarded): ForwardingPorts {
  const own = new URL(c.req.url).hostname;
  const { recordHooks, eventHooks } = actingStores(c);
  return { ...c.get("services").forwarding([own], what), book: what === "records" ? recordHooks : eventHooks };
}
