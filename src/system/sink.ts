// The action `cloudevents/sink`: where results of an action, or fires of a trigger, go as CloudEvents; how that stands;
// what was given up, and sending it again.

import { rightsOf } from "../entities/identity.ts";
import type { RawJson } from "../entities/raw-json.ts";
import type { SinkSettings } from "../entities/sink.ts";
import { secretHeadersOf } from "../events/sink-headers.ts";
import { sinkSettings } from "../events/sink-policy.ts";
import type { BuiltinContext } from "../invocation/builtin.ts";
import { headerFault, urlFault } from "../outbound/outbound.ts";
import type { SinkOf } from "../protocol/sinks.ts";
import type { SystemPorts } from "./ports.ts";
import type { SystemAction } from "./system-package.ts";

const OPERATIONS = ["set", "get", "list", "remove", "letters", "resend"] as const;
const MAX_LETTERS = 100;

export const SINK: SystemAction = {
  notes: {
    description: "Sends results of an action, or fires of a trigger, to an address as CloudEvents",
    parameters: [
      { name: "operation", required: true, description: `One of ${OPERATIONS.join(", ")}` },
      { name: "action", required: false, description: "Whose results: name or package/name" },
      { name: "trigger", required: false, description: "Whose fires" },
      { name: "url", required: false, description: "Of set: where they go" },
      { name: "format", required: false, description: "Of set: binary or structured" },
      { name: "retry", required: false, description: "Of set: tries after the first; 8 if not given" },
      { name: "backoffPolicy", required: false, description: "Of set: linear or exponential" },
      { name: "backoffDelay", required: false, description: "Of set: ISO 8601, PT1S if not given" },
      { name: "retryAfterMax", required: false, description: "Of set: how far Retry-After is heard, ISO 8601" },
      { name: "headers", required: false, description: "Of set: secret headers, such as Authorization, by name" },
      { name: "deadLetterSink", required: false, description: "Of set: where what was not taken goes" },
      { name: "ids", required: false, description: "Of resend: which dead letters; all if not given" },
      { name: "skip", required: false, description: "Of letters: how many of the newest are left out" },
    ],
    sampleInput: { operation: "set", action: "hello", url: "https://events.example/in" },
    sampleOutput: { status: "success" },
  },
  run: serveSink,
};

async function serveSink(text: RawJson, context: BuiltinContext, ports: SystemPorts): Promise<RawJson> {
  const args = JSON.parse(text) as Record<string, unknown>;
  const { caller } = context;
  if (rightsOf(caller) === "use") return error("A key that was given to an action cannot say where results go.");
  const { uuid, name } = caller.namespace;
  const sinks = ports.sinks.of(uuid);
  const { operation } = args;
  if (operation === "list") return JSON.stringify({ sinks: (await sinks.views()).map(shown) });
  if (!OPERATIONS.some((each) => each === operation)) {
    return error(`The parameter 'operation' must be one of ${OPERATIONS.join(", ")}.`);
  }
  const of = sinkOf(args, name);
  if ("error" in of) return error(of.error);
  if (operation === "set") return set(of, { args, context, ports });
  const view = (await sinks.views()).find((each) => each.kind === of.kind && each.name === of.name);
  if (operation === "remove") {
    await sinks.remove(of, { shards: ports.sinks.shards });
    if (view?.settings.secret !== undefined) await ports.sinks.secrets.forget(uuid, view.settings.secret);
    return success({});
  }
  if (view === undefined) return error(`The ${of.kind} '${of.name}' has no sink.`);
  switch (operation) {
    case "get":
      return JSON.stringify(shown(view));
    case "letters": {
      const skip = Number.isInteger(args.skip) && Number(args.skip) >= 0 ? Number(args.skip) : 0;
      const letters = await sinks.letters(of, { limit: MAX_LETTERS, skip });
      return JSON.stringify({ letters: letters.map((each) => letterOf(each, view.settings.url)) });
    }
    default: {
      const { ids } = args;
      if (ids !== undefined && !(Array.isArray(ids) && ids.every((id) => typeof id === "string"))) {
        return error("The parameter 'ids' must be an array of ids of dead letters.");
      }
      return success({ sent: await sinks.again(of, (ids as string[] | undefined) ?? null) });
    }
  }
}

async function set(
  of: SinkOf,
  { args, context, ports }: { args: Record<string, unknown>; context: BuiltinContext; ports: SystemPorts },
): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const settings = sinkSettings(args);
  if (!settings.ok) return error(settings.text);
  const headers = secretHeadersOf(args.headers);
  if (!headers.ok) return error(headers.text);
  const fault = addressFault(settings.value, context, ports) ?? wrongHeaders(headers.value ?? {});
  if (fault !== null) return error(fault);
  const missing = await missingOf(of, name, ports);
  if (missing !== null) return error(missing);
  const about = { namespace: { name, uuid }, shards: ports.sinks.shards };
  const { secrets } = ports.sinks;
  const sinks = ports.sinks.of(uuid);
  const before = (await sinks.views()).find((each) => each.kind === of.kind && each.name === of.name);
  const kept = headers.value === null ? {} : await keptOf(headers.value, { secrets, namespaceId: uuid });
  const isSet = await sinks.put(of, { ...settings.value, ...kept }, about);
  const left = isSet ? before?.settings.secret : kept.secret;
  if (left !== undefined) await secrets.forget(uuid, left);
  return isSet ? success({}) : error("The namespace has as many sinks as it can have.");
}

async function keptOf(
  headers: Record<string, string>,
  { secrets, namespaceId }: { secrets: SystemPorts["sinks"]["secrets"]; namespaceId: string },
): Promise<{ secretHeaders?: string[]; secret?: string }> {
  return { secretHeaders: Object.keys(headers).sort(), secret: await secrets.keep(namespaceId, headers) };
}

/** Why something cannot be a sink, as a sentence, or null. */
function addressFault(
  { url, deadLetterSink }: SinkSettings,
  { apiHost }: BuiltinContext,
  ports: SystemPorts,
): string | null {
  const own = URL.canParse(apiHost) ? [new URL(apiHost).hostname] : [];
  const of = (address: string) => urlFault(address, { allowed: ports.sinks.allowed, own });
  const fault = of(url);
  if (fault !== null) return `The address cannot be a sink: ${fault}.`;
  if (deadLetterSink === undefined) return null;
  if (deadLetterSink === url) return "The dead letter sink must be another address than the sink.";
  const other = of(deadLetterSink);
  return other === null ? null : `The address cannot be a dead letter sink: ${other}.`;
}

function wrongHeaders(headers: Record<string, string>): string | null {
  const fault = headerFault(headers);
  return fault === null ? null : `The parameter 'headers' is wrong: ${fault}.`;
}

/** Of what lies in a package only that is looked for: it may be a binding. */
async function missingOf({ kind, name }: SinkOf, namespace: string, ports: SystemPorts): Promise<string | null> {
  const [first = ""] = name.split("/");
  const type = name.includes("/") ? "package" : kind;
  const found = await ports.entities.get({ path: namespace, name: first });
  return found?.type === type ? null : `There is no ${type} '${first}' in the namespace.`;
}

/** `name`, `package/name` or `/namespace/…` of either. */
function sinkOf({ action, trigger }: Record<string, unknown>, namespace: string): SinkOf | { error: string } {
  const [kind, given] = trigger === undefined ? (["action", action] as const) : (["trigger", trigger] as const);
  if ((action !== undefined && trigger !== undefined) || typeof given !== "string" || given === "") {
    return { error: "Either the parameter 'action' or 'trigger' must name what the sink is for." };
  }
  const parts = given.startsWith("/") ? given.slice(1).split("/") : ["_", ...given.split("/")];
  const [home, ...rest] = parts;
  if (home !== "_" && home !== namespace) return { error: `The ${kind} must be of the namespace whose key is used.` };
  if (rest.length > (kind === "action" ? 2 : 1) || rest.some((part) => part === "") || rest.length === 0) {
    return { error: `'${given}' is no name of ${kind === "action" ? "an action" : "a trigger"}.` };
  }
  return { kind, name: rest.join("/") };
}

type View = Awaited<ReturnType<ReturnType<SystemPorts["sinks"]["of"]>["views"]>>[number];
type Letter = Awaited<ReturnType<ReturnType<SystemPorts["sinks"]["of"]>["letters"]>>[number];

/** Of secret headers the names alone. */
function shown({ kind, name, settings, created, stopped, ...counts }: View): object {
  const { secret: _, secretHeaders, ...told } = settings;
  return {
    ...{ [kind]: name, ...told },
    ...(secretHeaders === undefined ? {} : { headers: secretHeaders }),
    status: { active: stopped === "", ...(stopped === "" ? {} : { reason: stopped }), ...counts },
    created: new Date(created).toISOString(),
  };
}

/** With what Knative's dead letters tell of their last try. */
function letterOf({ id, at, tries, code, data, event }: Letter, url: string): object {
  return {
    ...{ id, at: new Date(at).toISOString(), tries },
    ...{ knativeerrordest: url, knativeerrorcode: code, knativeerrordata: data },
    event,
  };
}

function success(more: object): RawJson {
  return JSON.stringify({ status: "success", ...more });
}

function error(text: string): RawJson {
  return JSON.stringify({ error: text });
}
