// What becomes of the call of a feed that gives a trigger an address: it is made, shown, changed,
// rotated or taken away.

import type { RawJson } from "../entities/raw-json.ts";
import type { Result } from "../errors.ts";
import { hashOf, newToken, WEBHOOK_PREFIX } from "../events/address.ts";
import { changedWebhook, type WebhookSettings, type WebhookWish } from "../events/webhook.ts";
import type { BuiltinContext } from "../invocation/builtin.ts";
import { error, type FeedCall, serveFeed, textOf } from "./feed-call.ts";
import type { SystemPorts } from "./ports.ts";

/** Webhooks of one namespace. */
const MAX_WEBHOOKS = 1_000;
const SECRET_BYTES = 32;
/** In which what is known of a feed's events is taken away. */
const MAX_PIECES = 100;

/** One of these feeds. */
export interface AddressFeed {
  /** What its triggers have, e.g. "webhook". */
  noun: string;
  /** Whether a webhook is one of this feed's. */
  isOwn(settings: WebhookSettings): boolean;
  wish(args: RawJson, ports: SystemPorts): Result<WebhookWish>;
}

interface Asked extends FeedCall {
  feed: AddressFeed;
}

export async function serveAddressFeed(
  feed: AddressFeed,
  args: RawJson,
  { context, ports }: { context: BuiltinContext; ports: SystemPorts },
): Promise<RawJson> {
  const life = {
    CREATE: (call: FeedCall) => create({ ...call, feed }),
    READ: (call: FeedCall) => read({ ...call, feed }),
    UPDATE: (call: FeedCall) => update({ ...call, feed }),
    DELETE: (call: FeedCall) => remove({ ...call, feed }),
  };
  return serveFeed(life, { args, context, ports });
}

/** In place of what the trigger had: whoever made it anew has lost the old address. */
async function create({ feed, trigger, args, context, ports }: Asked): Promise<RawJson> {
  const wish = feed.wish(args, ports);
  if (!wish.ok) return error(wish.text);
  const origin = originOf(args, context);
  if (origin === null) return error(NO_ORIGIN);
  const { settings, secret } = wish.value;
  const isMade = secret === undefined && (settings.signature === "github" || settings.signature === "hmac");
  const used = isMade ? randomText(SECRET_BYTES) : (secret ?? null);
  const { name, uuid } = context.caller.namespace;
  const token = newToken();
  const webhook = {
    ...{ id: crypto.randomUUID(), namespace: name, namespaceId: uuid, trigger },
    ...{ settings: JSON.stringify(settings), created: context.now },
  };
  const options = { address: hashOf(token) ?? "", secret: used, max: MAX_WEBHOOKS };
  const before = await ports.webhooks.store.byTrigger(uuid, trigger);
  const made = await ports.webhooks.withWrite(name, () => ports.webhooks.store.create(webhook, options));
  if (!made) return error(`A namespace has at most ${MAX_WEBHOOKS} webhooks.`);
  if (before !== null) await forgotten(before.webhook, ports);
  return shown({ url: `${origin}${WEBHOOK_PREFIX}${token}`, ...(isMade ? { secret: used } : {}) });
}

async function read({ feed, trigger, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const found = await ports.webhooks.store.byTrigger(uuid, trigger);
  const settings = found === null ? null : settingsOf(found.webhook);
  if (found === null || settings === null || !feed.isOwn(settings)) return error(unknown(feed, trigger));
  const { webhook, addresses } = found;
  const { events, ...config } = settings;
  const more = events === undefined ? {} : { events: await eventsOf(webhook, events, ports) };
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const good = addresses.filter(({ until }) => until === null || until > context.now);
  return JSON.stringify({
    config: { name: trigger, namespace: name, ...config },
    status: {
      ...more,
      active: true,
      created: iso(webhook.created),
      addresses: good.map(({ hash, created, until }) => ({
        sha256: hash,
        created: iso(created),
        until: iso(until),
      })),
    },
  });
}

async function update({ feed, trigger, args, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const found = await ports.webhooks.store.byTrigger(uuid, trigger);
  const before = found === null ? null : settingsOf(found.webhook);
  if (found === null || before === null || !feed.isOwn(before)) return error(unknown(feed, trigger));
  const change = changedWebhook(before, args);
  if (!change.ok) return error(change.text);
  const origin = originOf(args, context);
  if (origin === null) return error(NO_ORIGIN);
  const { settings, secret, rotate, overlapMs } = change.value;
  const token = rotate ? newToken() : undefined;
  const until = context.now + overlapMs;
  const written = {
    ...{ settings: JSON.stringify(settings), until, now: context.now },
    ...(token === undefined ? {} : { address: hashOf(token) ?? "" }),
    ...(secret === undefined ? {} : { secret }),
  };
  const changed = await ports.webhooks.withWrite(name, () => ports.webhooks.store.change(found.webhook.id, written));
  if (!changed) return error(unknown(feed, trigger));
  return shown(
    token === undefined
      ? {}
      : { url: `${origin}${WEBHOOK_PREFIX}${token}`, formerUntil: new Date(until).toISOString() },
  );
}

/** Also where there is none: what is wanted is so. */
async function remove({ feed, trigger, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const found = await ports.webhooks.store.byTrigger(uuid, trigger);
  if (found === null || !feed.isOwn(settingsOf(found.webhook))) return shown({});
  await ports.webhooks.withWrite(name, () => ports.webhooks.store.remove(uuid, trigger));
  await forgotten(found.webhook, ports);
  return shown({});
}

type Found = { id: string; namespaceId: string; settings: string };

function settingsOf({ settings }: Found): WebhookSettings {
  return JSON.parse(settings) as WebhookSettings;
}

async function eventsOf({ id, namespaceId }: Found, { shard }: { shard: number }, ports: SystemPorts): Promise<object> {
  const { known, forgotten: gone, repeated } = await ports.events.known({ namespaceId, shard, feed: id }, false);
  return { known, forgotten: gone, repeated };
}

/** What is known of the events of a feed that is no more goes piece by piece. What is left, should this end early, goes
 * with the requests of other feeds. */
async function forgotten(webhook: Found, ports: SystemPorts): Promise<void> {
  const { events } = settingsOf(webhook);
  if (events === undefined) return;
  const about = { namespaceId: webhook.namespaceId, shard: events.shard, feed: webhook.id };
  for (let left = MAX_PIECES; left > 0 && (await ports.events.known(about, true)).known > 0; left--);
}

const NO_ORIGIN =
  "The parameter 'apihost' is no address such as https://openwhisk.example: it says where senders reach this platform.";

function originOf(args: RawJson, { apiHost }: BuiltinContext): string | null {
  const given = textOf(args, "apihost") || apiHost;
  if (!URL.canParse(given)) return null;
  const { protocol, origin } = new URL(given);
  return protocol === "https:" || protocol === "http:" ? origin : null;
}

function unknown({ noun }: AddressFeed, trigger: string): string {
  return `The trigger '${trigger}' has no ${noun}.`;
}

/** Shown this once. */
function shown(more: object): RawJson {
  return JSON.stringify({ status: "success", ...more });
}

function randomText(bytes: number): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes))));
}
