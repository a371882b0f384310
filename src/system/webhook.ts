// The package `webhook`, whose feed gives a trigger an address for others to send to.

import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import { membersOf, objectOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import { hashOf, newToken, WEBHOOK_PREFIX } from "../events/address.ts";
import { changedWebhook, newWebhook, SCHEMES, type WebhookSettings } from "../events/webhook.ts";
import type { BuiltinContext } from "../invocation/builtin.ts";
import type { SystemPorts } from "./ports.ts";
import type { SystemPackage } from "./system-package.ts";

/** Webhooks of one namespace. */
const MAX_WEBHOOKS = 1_000;
const SECRET_BYTES = 32;

/** Its feed is also called by others of this namespace. */
export const WEBHOOK_FEED = `/${SYSTEM_NAMESPACE}/webhook/webhook`;

export const WEBHOOK: SystemPackage = {
  name: "webhook",
  notes: { description: "Fires triggers when somebody posts to an address" },
  parameters: { apihost: "" },
  actions: {
    webhook: {
      notes: {
        feed: true,
        description: "Gives a trigger an address; what is posted there, and signed as it should be, fires it",
        parameters: [
          { name: "signature", required: true, description: `Who signs: ${SCHEMES.join(", ")}` },
          {
            name: "secret",
            required: false,
            description: "What they sign with; made here for github and hmac if not given",
          },
          {
            name: "hmac",
            required: false,
            description: "Of hmac: header, algorithm, encoding, prefix, timestampHeader",
          },
          { name: "filter", required: false, description: "Wanted values of headers and JSON paths: {header, json}" },
          { name: "idHeader", required: false, description: "Header by which a delivery that comes again is known" },
          { name: "maxPerMinute", required: false, description: "Deliveries taken in a minute; 60 if not given" },
          { name: "maxBytes", required: false, description: "Size of a body at most; 1 MB if not given" },
          { name: "rotate", required: false, description: "On update: true for a new address" },
          { name: "overlap", required: false, description: "On update: seconds for which the old one is good; a day" },
          { name: "apihost", required: false, description: "Where senders reach this platform, if not where you do" },
        ],
        sampleInput: { signature: "github", filter: { header: { "X-GitHub-Event": "push" } } },
        sampleOutput: { status: "success", url: "https://openwhisk.example/api/v1/webhooks/3q2-7wAAAAAAAAAAAAAAAA" },
      },
      run: serveFeed,
    },
  },
};

/** Of one call: whose trigger, and what is told. */
interface Asked {
  trigger: string;
  args: RawJson;
  context: BuiltinContext;
  ports: SystemPorts;
}

async function serveFeed(args: RawJson, context: BuiltinContext, ports: SystemPorts): Promise<RawJson> {
  const event = textOf(args, "lifecycleEvent");
  const trigger = triggerOf(args, context);
  if (typeof trigger !== "string") return error(trigger.error);
  const asked = { trigger, args, context, ports };
  switch (event) {
    case "CREATE":
      return create(asked);
    case "READ":
      return read(asked);
    case "UPDATE":
      return update(asked);
    case "DELETE":
      return remove(asked);
    default:
      return error("unsupported lifecycleEvent");
  }
}

/** In place of what the trigger had: whoever made it anew has lost the old address. */
async function create({ trigger, args, context, ports }: Asked): Promise<RawJson> {
  const missing = await missingTrigger(trigger, context, ports);
  if (missing !== null) return error(missing);
  const wish = newWebhook(args);
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
  const made = await ports.webhooks.withWrite(name, () => ports.webhooks.store.create(webhook, options));
  if (!made) return error(`A namespace has at most ${MAX_WEBHOOKS} webhooks.`);
  return shown({ url: `${origin}${WEBHOOK_PREFIX}${token}`, ...(isMade ? { secret: used } : {}) });
}

async function read({ trigger, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const found = await ports.webhooks.store.byTrigger(uuid, trigger);
  if (found === null) return error(unknown(trigger));
  const { webhook, addresses } = found;
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const good = addresses.filter(({ until }) => until === null || until > context.now);
  return JSON.stringify({
    config: { name: trigger, namespace: name, ...(JSON.parse(webhook.settings) as WebhookSettings) },
    status: {
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

async function update({ trigger, args, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const found = await ports.webhooks.store.byTrigger(uuid, trigger);
  if (found === null) return error(unknown(trigger));
  const change = changedWebhook(JSON.parse(found.webhook.settings) as WebhookSettings, args);
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
  if (!changed) return error(unknown(trigger));
  return shown(
    token === undefined
      ? {}
      : { url: `${origin}${WEBHOOK_PREFIX}${token}`, formerUntil: new Date(until).toISOString() },
  );
}

/** Also where there is none: what is wanted is so. */
async function remove({ trigger, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  await ports.webhooks.withWrite(name, () => ports.webhooks.store.remove(uuid, trigger));
  return shown({});
}

const NO_ORIGIN =
  "The parameter 'apihost' is no address such as https://openwhisk.example: it says where senders reach this platform.";

function originOf(args: RawJson, { apiHost }: BuiltinContext): string | null {
  const given = textOf(args, "apihost") || apiHost;
  if (!URL.canParse(given)) return null;
  const { protocol, origin } = new URL(given);
  return protocol === "https:" || protocol === "http:" ? origin : null;
}

/** Its name, or why it is none of the caller's. */
function triggerOf(args: RawJson, { caller }: BuiltinContext): string | { error: string } {
  const qualified = textOf(args, "triggerName") ?? "";
  const [, namespace = "_", trigger = ""] = /^\/([^/]+)\/([^/]+)$/.exec(qualified) ?? [];
  const name = qualified.includes("/") ? trigger : qualified;
  if (name === "") return { error: "The parameter 'triggerName' must name a trigger: /namespace/name." };
  if (namespace === "_" || namespace === caller.namespace.name) return name;
  return { error: "The trigger must be of the namespace whose key is used." };
}

async function missingTrigger(name: string, { caller }: BuiltinContext, ports: SystemPorts): Promise<string | null> {
  const found = await ports.entities.get({ path: caller.namespace.name, name });
  return found?.type === "trigger" ? null : `There is no trigger '${name}' in the namespace: create it first.`;
}

function unknown(trigger: string): string {
  return `The trigger '${trigger}' has no webhook.`;
}

/** Shown this once. */
function shown(more: object): RawJson {
  return JSON.stringify({ status: "success", ...more });
}

function randomText(bytes: number): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes))));
}

function textOf(args: RawJson, name: string): string | undefined {
  const raw = membersOf(args)?.findLast(({ key }) => key === name)?.value;
  return raw !== undefined && shapeOf(raw) === "string" ? (JSON.parse(raw) as string) : undefined;
}

function error(text: string): RawJson {
  return objectOf([["error", JSON.stringify(text)]]);
}
