// A request with CloudEvents whose sender is believed: from its body to its answer.

import { eventKey } from "../../entities/activation-id.ts";
import type { Failure } from "../../errors.ts";
import { eventsOf } from "../../events/cloud-event-http.ts";
import { passes } from "../../events/filter.ts";
import type { FanOut } from "../../invocation/fan-out.ts";
import { type EventsFired, fireEvents } from "../../invocation/fire-events.ts";
import type { Triggers } from "../../invocation/triggers.ts";
import { authorOf } from "../author.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { json, reply } from "../reply.ts";
import type { OpenWebhook } from "./find.ts";

export interface EventFeed extends Pick<OpenWebhook, "webhook" | "settings"> {
  owner: NonNullable<OpenWebhook["owner"]>;
  /** Of the store that keeps its fires. */
  shard: number;
}

interface EventRequestParts {
  triggers: Triggers;
  fanOut: FanOut;
  headers: Headers;
  body: Uint8Array;
}

/** A failure: it could not be fired. */
export async function serveEvents(
  c: AppContext,
  feed: EventFeed,
  { triggers, fanOut, headers, body }: EventRequestParts,
): Promise<Response | Failure> {
  const { webhook, settings, owner, shard } = feed;
  const told = eventsOf({ headers, body });
  if (!told.ok) return respond(c, told);
  const wanted = told.value.events.map(({ json: payload }) => passes(settings.filter, { headers, payload }));
  const events = await Promise.all(
    told.value.events
      .filter((_, at) => wanted[at])
      .map(async (event) => ({ key: await eventKey(webhook.id, event), payload: event.json })),
  );
  if (events.length === 0) return reply(c, null, { status: 204 });
  const services = c.get("services");
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const store = services.shard(owner.identity.namespace.uuid, shard);
  const work = fireEvents(
    services.context(later, () => authorOf(c)),
    { triggers, fanOut, store, discard: (keys) => services.stores.blobs.delete(keys) },
    {
      ...owner,
      ...{ feed: webhook.id, shard, events, headers: [] },
      transactionId: c.get("transactionId"),
      trigger: { path: webhook.namespace, name: webhook.trigger },
      apiHost: new URL(c.req.url).origin,
    },
  );
  later(work);
  const outcome = await work;
  if (!outcome.ok) return outcome;
  if (outcome.kind === "idle") return reply(c, null, { status: 204 });
  return json(c, answerOf(outcome, { wanted, batch: told.value.batch }), { status: 202 });
}

/** Of a batch an id for each event, in order; null where the filter did not want it. */
function answerOf(
  { fires }: Extract<EventsFired, { kind: "accepted" }>,
  { wanted, batch }: { wanted: readonly boolean[]; batch: boolean },
): string {
  if (!batch) return JSON.stringify({ activationId: fires[0]?.id });
  const ids = fires.map(({ id }) => id).values();
  const activationIds = wanted.map((isWanted) => (isWanted ? (ids.next().value ?? null) : null));
  return JSON.stringify({ activationIds, repeated: fires.filter(({ isNew }) => !isNew).length });
}
