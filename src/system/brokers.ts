// The packages `mqtt` and `nats`, whose feeds fire triggers for messages of brokers: what becomes of their calls. The
// brokers themselves are dialled by hosts.

import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { type BrokerKind, deliveryOf } from "../entities/subscription.ts";
import { changedSubscription, newSubscription } from "../events/broker-feed.ts";
import type { Subscription } from "../storage/subscription-store.ts";
import { changing, error, type FeedCall, type LifeCycle, serveFeed } from "./feed-call.ts";
import type { SystemPorts } from "./ports.ts";
import type { SystemPackage } from "./system-package.ts";

/** Subscriptions of one namespace, and of all: the object that gives them to hosts knows each. */
const MAX_SUBSCRIPTIONS = 100;
const MAX_OF_ALL = 5_000;

const CREDENTIALS = [
  { name: "username", required: false, description: "For the broker; kept sealed" },
  { name: "password", required: false, description: "For the broker; kept sealed" },
];
const COMMON = [
  {
    name: "ca",
    required: false,
    description: "PEM of who vouches for the broker's certificate, if none that is well known",
  },
  { name: "isJSONData", required: false, description: "true: messages are JSON and come as that" },
  { name: "isBinaryValue", required: false, description: "true: messages come in base64" },
];

export const MQTT: SystemPackage = {
  name: "mqtt",
  notes: { description: "Fires triggers for messages of an MQTT broker" },
  actions: {
    mqtt: {
      notes: {
        feed: true,
        description: "Subscribes a trigger to topics of an MQTT broker",
        parameters: [
          { name: "url", required: true, description: "The broker: mqtt://host:1883 or mqtts://host:8883" },
          { name: "topic", required: true, description: "A topic filter, or several in an array" },
          { name: "qos", required: false, description: "0, 1 (if not given) or 2: at most, at least, exactly once" },
          { name: "version", required: false, description: "4 (MQTT 3.1.1) or 5 (if not given)" },
          { name: "sessionExpiry", required: false, description: "Seconds the broker keeps messages for us; a day" },
          ...CREDENTIALS,
          ...COMMON,
        ],
        sampleInput: { url: "mqtts://broker.example", topic: "plant/+/temperature", qos: 2 },
        sampleOutput: { status: "success", delivery: "exactly once" },
      },
      run: (args, context, ports) => serveFeed(lifeOf("mqtt"), { args, context, ports }),
    },
  },
};

export const NATS: SystemPackage = {
  name: "nats",
  notes: { description: "Fires triggers for messages of NATS and JetStream" },
  actions: {
    nats: {
      notes: {
        feed: true,
        description: "Subscribes a trigger to a stream of JetStream, or to a subject of NATS",
        parameters: [
          { name: "url", required: true, description: "The server: nats://host:4222 or tls://host:4222" },
          { name: "stream", required: false, description: "Of JetStream, exactly once; without it at most once" },
          { name: "subject", required: false, description: "With * and >; of a stream: which of its messages" },
          { name: "deliver", required: false, description: "Of a stream: new (if not given) or all" },
          ...CREDENTIALS,
          { name: "token", required: false, description: "For the server, instead of a user; kept sealed" },
          ...COMMON,
        ],
        sampleInput: { url: "nats://nats.example", stream: "ORDERS", subject: "orders.>" },
        sampleOutput: { status: "success", delivery: "exactly once" },
      },
      run: (args, context, ports) => serveFeed(lifeOf("nats"), { args, context, ports }),
    },
  },
};

interface Asked extends FeedCall {
  kind: BrokerKind;
}

function lifeOf(kind: BrokerKind): LifeCycle {
  const pause = (paused: boolean) => (call: FeedCall) =>
    revise({ ...call, kind }, async (subscription) => ({ subscription: { ...subscription, paused } }));
  return {
    CREATE: (call) => create({ ...call, kind }),
    READ: (call) => read({ ...call, kind }),
    UPDATE: (call) => update({ ...call, kind }),
    PAUSE: pause(true),
    UNPAUSE: pause(false),
    DELETE: (call) => remove({ ...call, kind }),
  };
}

/** In place of what the trigger had. */
async function create({ kind, trigger, args, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const wish = newSubscription(kind, args);
  if (!wish.ok) return error(wish.text);
  const { settings, credentials } = wish.value;
  const { store, shards } = ports.subscriptions;
  const subscription: Subscription = {
    ...{ id: crypto.randomUUID(), revision: crypto.randomUUID(), namespace: name, namespaceId: uuid, trigger },
    ...{ settings, paused: false, shards, apiHost: context.apiHost, created: context.now },
  };
  const made = await store.create(subscription, { credentials, max: MAX_SUBSCRIPTIONS, maxOfAll: MAX_OF_ALL });
  if (made === "full") {
    return error(
      `There is no room: a namespace has at most ${MAX_SUBSCRIPTIONS} subscriptions, all together ${MAX_OF_ALL}.`,
    );
  }
  await ports.subscriptions.changed();
  return JSON.stringify({ status: "success", delivery: deliveryOf(settings) });
}

async function read({ kind, trigger, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const found = await subscriptionOf(ports, { kind, trigger, uuid });
  if (found === null) return error(unknown(kind, trigger));
  const view = await ports.subscriptions.view(found.id);
  const iso = (ms: number) => new Date(ms).toISOString();
  const { kind: _, ...settings } = found.settings;
  const { since, lastError, ...rest } = view ?? { state: "waiting" as const, reason: "it was made a moment ago" };
  return JSON.stringify({
    config: { name: trigger, namespace: name, ...settings },
    status: {
      active: rest.state !== "paused" && rest.state !== "stopped",
      delivery: deliveryOf(found.settings),
      created: iso(found.created),
      ...rest,
      ...(since === undefined ? {} : { since: iso(since) }),
      ...(lastError === undefined ? {} : { lastError: { text: lastError.text, at: iso(lastError.at) } }),
    },
  });
}

async function update(asked: Asked): Promise<RawJson> {
  return revise(asked, async (subscription) => {
    const change = changedSubscription(subscription.settings, asked.args);
    if (!change.ok) return { fault: change.text };
    const { settings, credentials } = change.value;
    return {
      subscription: { ...subscription, settings },
      ...(credentials === undefined ? {} : { credentials }),
    };
  });
}

type Revised =
  | {
      subscription: Subscription;
      credentials?: Parameters<SystemPorts["subscriptions"]["store"]["change"]>[1]["credentials"];
    }
  | { fault: string };

/** One that was stopped is tried again. */
async function revise(
  { kind, trigger, context, ports }: Asked,
  change: (subscription: Subscription) => Promise<Revised>,
): Promise<RawJson> {
  const { uuid } = context.caller.namespace;
  return changing("subscription", async () => {
    const found = await subscriptionOf(ports, { kind, trigger, uuid });
    if (found === null) return error(unknown(kind, trigger));
    const revised = await change(found);
    if ("fault" in revised) return error(revised.fault);
    const { subscription, credentials } = revised;
    const done = await ports.subscriptions.store.change(
      { ...subscription, revision: crypto.randomUUID() },
      { before: found.revision, ...(credentials === undefined ? {} : { credentials }) },
    );
    if (!done) return null;
    await ports.subscriptions.changed();
    return JSON.stringify({ status: "success" });
  });
}

/** Also where there is none: what is wanted is so. */
async function remove({ kind, trigger, context, ports }: Asked): Promise<RawJson> {
  await ports.subscriptions.store.remove(context.caller.namespace.uuid, trigger, kind);
  await ports.subscriptions.changed();
  return JSON.stringify({ status: "success" });
}

async function subscriptionOf(
  ports: SystemPorts,
  { kind, trigger, uuid }: { kind: BrokerKind; trigger: string; uuid: string },
): Promise<Subscription | null> {
  const found = await ports.subscriptions.store.byTrigger(uuid, trigger);
  return found?.settings.kind === kind ? found : null;
}

function unknown(kind: BrokerKind, trigger: string): string {
  return `The trigger '${trigger}' has no subscription: create the feed /${SYSTEM_NAMESPACE}/${kind}/${kind} for it.`;
}
