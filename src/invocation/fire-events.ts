// Events of one delivery become fires of a trigger, all of them or none. Each is known by its key: what was told before
// fires nothing, and hears the id of the first.

import { type ActivationId, eventActivationId } from "../entities/activation-id.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { type Failure, fail } from "../errors.ts";
import type { EventFire, EventStoreRpc, Fire } from "../protocol/fire.ts";
import type { FanOut } from "./fan-out.ts";
import { argumentsOf, blobsOfFire, type FireRequest, factOf } from "./fire.ts";
import { enter } from "./permit.ts";
import type { FireContext } from "./ports.ts";
import { fullnessOf } from "./prepare.ts";
import { outOfReach, retry } from "./retry.ts";
import { tooMany } from "./submit.ts";
import type { Triggers } from "./triggers.ts";

/** Events that are known of a feed. */
export const MAX_KNOWN = 1_000_000;
/** Activations that one delivery may start, and characters of their arguments. */
const MAX_STARTED = 10_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;
/** Facts that are made, and fan-outs that are run, at a time. */
const WIDTH = 16;

/** Who fires which trigger with which events. */
export interface EventsRequest extends Omit<FireRequest, "payload" | "id" | "once"> {
  /** Id of the feed, and the shard of the store that keeps all its fires. */
  feed: string;
  shard: number;
  /** `key` as of eventKey; `payload`: text of a JSON object. */
  events: readonly { key: string; payload: RawJson }[];
}

/** "accepted": all are stored; of each event the id of its fire, in order. "idle": no rule is active:
 * nothing happened. */
export type EventsFired =
  | { ok: true; kind: "accepted"; fires: { id: ActivationId; isNew: boolean }[] }
  | { ok: true; kind: "idle" }
  | Failure;

type EventFired = Extract<EventsFired, { kind: "accepted" }>["fires"][number];

interface Parts {
  triggers: Triggers;
  fanOut: FanOut;
  /** The store of the feed's shard. */
  store: Pick<EventStoreRpc, "fireEvents">;
  /** Deletes blobs that nobody names. */
  discard(keys: string[]): Promise<void>;
}

/** Stores the fires as one, then answers; the rules are served afterwards. Fails as `fire` does, and with `too-large`
 * where they would start too much at once. */
export async function fireEvents(
  context: FireContext,
  { triggers, fanOut, store, discard }: Parts,
  request: EventsRequest,
): Promise<EventsFired> {
  const { identity, epoch, feed, shard } = request;
  // One key is one fire, with one place for what is long in it.
  const events = [...new Map(request.events.toReversed().map((each) => [each.key, each])).values()].toReversed();
  const { path, name } = request.trigger;
  const acceptedAt = context.now();
  const id = eventActivationId(events[0]?.key ?? "", { now: acceptedAt, shard });
  const full = await fullnessOf(context, identity, id);
  if (full !== null) return fail("records-full", full);
  const permit = await enter(context, identity, { id, kind: "fire", count: events.length });
  if (!permit.ok) return permit;
  if (path !== identity.namespace.name) return fail("not-authorized", `${path}/${name}`);
  const found = await triggers.find(context, request.trigger, epoch);
  if (!found.ok) return found;
  const trigger = found.value;
  const active = trigger.rules.filter((each) => each.status === "active").length;
  if (active === 0) return { ok: true, kind: "idle" };
  const wanted = events.map(({ key, payload }) => ({
    key,
    id: eventActivationId(key, { now: acceptedAt, shard }),
    payload,
    args: argumentsOf(trigger, { ...request, payload }),
  }));
  const characters = wanted.reduce((sum, { args }) => sum + args.length, 0);
  if (events.length * trigger.rules.length > MAX_STARTED || characters > MAX_CHARACTERS) {
    return fail(
      "too-large",
      `${events.length} events for ${trigger.rules.length} rules are too much at once: send fewer events together.`,
    );
  }
  const facts = await inOrder(wanted, async (each): Promise<EventFire> => {
    const { key, args, payload } = each;
    return {
      key,
      fire: await factOf(context, trigger, { id: each.id, acceptedAt, args, request: { ...request, payload } }),
    };
  });
  const accepted = await retry({ ports: context, id }, () => store.fireEvents(feed, facts, { max: MAX_KNOWN }));
  if (accepted === undefined) return outOfReach(context);
  if (accepted.kind === "full") return tooMany(accepted);
  const fires = new Map(facts.map(({ key }, at) => [key, accepted.fires[at]]));
  const fresh = facts.flatMap(({ key, fire }) => (fires.get(key)?.isNew === true ? [fire] : []));
  const spare = facts.flatMap(({ key, fire }) => (fires.get(key)?.id === fire.id ? [] : blobsOfFire(fire)));
  context.later(served(context, fanOut, fresh, { identity, epoch }));
  if (spare.length > 0) context.later(discard(spare));
  const told = new Set<string>();
  return {
    ok: true,
    kind: "accepted",
    fires: request.events.map(({ key }) => {
      const { id, isNew } = fires.get(key) as EventFired;
      const isFirst = isNew && !told.has(key);
      told.add(key);
      return { id, isNew: isFirst };
    }),
  };
}

/** What it does not come to, the store asks for. */
async function served(
  context: FireContext,
  fanOut: FanOut,
  facts: readonly Fire[],
  options: Parameters<FanOut["run"]>[2],
): Promise<void> {
  await inOrder(facts, (fact) => fanOut.run(context, fact, options));
}

/** A few at a time; what comes of each, in order. */
async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [at, item] of queue) done[at] = await work(item);
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  return done;
}
