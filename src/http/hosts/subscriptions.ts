// What hosts ask about subscriptions to brokers: which are theirs, and to fire for their messages. A host is given what
// opens a broker with the lease alone, and fires for nothing but what it has a lease of.

import type { z } from "zod";
import { idsOf } from "../../entities/identity.ts";
import { MB } from "../../entities/limits.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { FanOut } from "../../invocation/fan-out.ts";
import { fireMessages } from "../../invocation/fire-messages.ts";
import type { Triggers } from "../../invocation/triggers.ts";
import {
  type FiresAnswer,
  type Grant,
  HostFires,
  HostTurn,
  type Packet,
  type TurnAnswer,
} from "../../protocol/subscriptions.ts";
import type { Subscription } from "../../storage/subscription-store.ts";
import { authorOf } from "../author.ts";
import { bytesOf, patienceWith } from "../body.ts";
import type { AppContext } from "../context.ts";
import { STATUS } from "../errors.ts";
import type { EpochIdentity, Identities } from "../identities.ts";

export interface SubscriptionParts {
  identities: Identities;
  triggers: Triggers;
  fanOut: FanOut;
}

const MAX_TURN_BYTES = MB;
/** One message of a megabyte, each character of it escaped. */
const MAX_FIRES_BYTES = 8 * MB;
const LOST = "the lease is not this host's (any more)";
const BARRED = "nobody has the namespace any more, or whoever has it is blocked";
const SEALED = "its credentials cannot be opened with the master secrets at hand: give them anew";

/** Those that are the host's from now on; for one that cannot be fired the reason is kept, and nobody is given it. */
export async function takeTurn(c: AppContext, parts: SubscriptionParts): Promise<Result<TurnAnswer>> {
  const turn = await read(c, HostTurn, MAX_TURN_BYTES);
  if (!turn.ok) return turn;
  const services = c.get("services");
  const object = services.subscriptions();
  const { granted, ...answer } = await object.turn(c.get("host"), turn.value);
  const opened = await services.stores.subscriptions.open(granted.map(({ id }) => id));
  const grants = await Promise.all(
    granted.map(async ({ id, counter, revision }): Promise<Grant[]> => {
      const found = opened.find(({ subscription }) => subscription.id === id);
      // Changed or deleted in this moment: the host does not speak of it, so that it is free again.
      if (found === undefined || found.subscription.revision !== revision) return [];
      const { subscription, credentials } = found;
      const reason = credentials === null ? SEALED : await obstacle(c, parts, subscription);
      if (reason !== null) await object.stop(id, revision, reason);
      return reason !== null || credentials === null
        ? []
        : [{ id, counter, settings: subscription.settings, credentials }];
    }),
  );
  return ok({ ...answer, granted: grants.flat() });
}

/** The lease is asked for first, and what QoS 2 knows its packets by is written; then each message fires by itself. */
export async function fireFor(c: AppContext, parts: SubscriptionParts): Promise<Result<FiresAnswer>> {
  const asked = await read(c, HostFires, MAX_FIRES_BYTES);
  if (!asked.ok) return asked;
  const { fires, ...lease } = asked.value;
  const packets = fires.flatMap(({ packet, key, at }) => (packet === undefined ? [] : [{ ...packet, key, at }]));
  const services = c.get("services");
  const object = services.subscriptions();
  const [marks, subscription] = await Promise.all([
    object.admit(c.get("host"), { ...lease, packets }),
    services.stores.subscriptions.byId(lease.id),
  ]);
  if (marks === null || subscription === null) return ok({ kind: "lost", text: LOST });
  if (fires.length === 0) return ok({ kind: "done", outcomes: [] });
  const owner = await ownerOf(c, parts, subscription);
  if (owner === null) {
    await object.stop(subscription.id, subscription.revision, BARRED);
    return ok({ kind: "lost", text: BARRED });
  }
  const known = [...marks];
  const messages = fires.map(({ packet, key, at, payload }) => ({ key, at, ...keyOf(packet, known), payload }));
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const slots = {
    ...{ triggers: parts.triggers, fanOut: parts.fanOut },
    statusOf: ({ code }: { code: keyof typeof STATUS }) => STATUS[code],
    shortTriggers: (path: string, names: readonly string[]) => services.stores.shortTriggers(path, names),
  };
  const fired = await fireMessages(
    services.context(later, () => authorOf(c)),
    slots,
    {
      ...{ ...owner, transactionId: c.get("transactionId"), subscription, messages },
    },
  );
  if (fired.kind === "done") return ok(fired);
  await object.stop(subscription.id, subscription.revision, fired.reason);
  return ok({ kind: "lost", text: fired.reason });
}

/** What the object says the next packet is known by. */
function keyOf(packet: Packet | undefined, known: { key: string; at: number }[]) {
  return packet === undefined ? {} : (known.shift() ?? {});
}

/** Why nothing can be fired for it, or null. */
async function obstacle(c: AppContext, parts: SubscriptionParts, subscription: Subscription): Promise<string | null> {
  if ((await ownerOf(c, parts, subscription)) === null) return BARRED;
  const { namespace: path, trigger: name } = subscription;
  const stored = await c.get("services").stores.entities.get({ path, name });
  return stored?.type === "trigger" ? null : `the trigger '${name}' is gone`;
}

/** The namespace itself, in whose name it fires; null if it is another's by now, nobody's, or its owner is blocked. */
async function ownerOf(
  c: AppContext,
  { identities }: SubscriptionParts,
  { namespace, namespaceId }: Subscription,
): Promise<EpochIdentity | null> {
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const owner = await identities.ofNamespace(c.get("services"), namespace, later);
  return owner !== null && idsOf(owner.identity.namespace).includes(namespaceId) ? owner : null;
}

async function read<T>(c: AppContext, schema: z.ZodType<T>, max: number): Promise<Result<T>> {
  if (c.req.raw.body === null) return fail("malformed-body", "The body is empty.");
  const bytes = await bytesOf(c.req.raw, { max, patience: patienceWith(c, `host:${c.get("host")}`) });
  if (!bytes.ok) return bytes;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes.value));
  } catch {
    return fail("malformed-body", "The body is no JSON.");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return fail("malformed-body", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is wrong"}`);
}
