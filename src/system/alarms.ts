// The packages `alarms`, whose feeds fire triggers by the clock, and `alarmsWeb`,
// the same over the web for who has a trigger's key.

import { triggerRefusal } from "../catalog/feed-refusal.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { type AlarmAnswer, alarmFailure, type LifeCycleEvent, serveAlarm } from "./alarm-life-cycle.ts";
import { textOf } from "./feed-call.ts";
import type { SystemFunction, SystemPackage } from "./system-package.ts";

const OPTIONAL = ["trigger_payload", "jitter", "misfire", "overlap"];

/** The package of the feeds. */
export const ALARMS: SystemPackage = {
  name: "alarms",
  notes: { description: "Alarms and periodic utility", parameters: [{ name: "trigger_payload", required: false }] },
  parameters: { apihost: "", trigger_payload: "" },
  actions: {
    alarm: {
      notes: notesOf("Fire trigger when alarm occurs", "cron", [
        "timezone",
        "startDate",
        "stopDate",
        "strict",
        "maxTriggers",
      ]),
      run: serveFeed,
    },
    once: {
      notes: notesOf("Fire trigger once when alarm occurs", "date", ["deleteAfterFire"]),
      parameters: { fireOnce: true },
      run: serveFeed,
    },
    interval: {
      notes: notesOf("Fire trigger at specified interval", "minutes", ["startDate", "stopDate", "maxTriggers"]),
      parameters: { isInterval: true },
      run: serveFeed,
    },
  },
};

/** The package of the web action. */
export const ALARMS_WEB: SystemPackage = {
  name: "alarmsWeb",
  publish: false,
  notes: { description: "Alarms over the web" },
  actions: {
    alarmWebAction: {
      notes: {
        description: "Creates, reads, changes and deletes the alarm of a trigger",
        "web-export": true,
        "raw-http": false,
        final: true,
      },
      run: serveWeb,
    },
  },
};

const EVENTS: ReadonlySet<string> = new Set(["CREATE", "READ", "UPDATE", "DELETE", "PAUSE", "UNPAUSE"]);
const BY_METHOD: Readonly<Record<string, LifeCycleEvent>> = {
  post: "CREATE",
  get: "READ",
  put: "UPDATE",
  delete: "DELETE",
};

/** The caller's own trigger, whatever namespace its name names. */
async function serveFeed(
  args: RawJson,
  { caller, apiHost, now }: Parameters<SystemFunction>[1],
  ports: Parameters<SystemFunction>[2],
): Promise<RawJson> {
  const event = textOf(args, "lifecycleEvent");
  if (event === undefined || !EVENTS.has(event)) return JSON.stringify({ error: "unsupported lifecycleEvent" });
  const triggerName = textOf(args, "triggerName") ?? "";
  const trigger = partsOf(triggerName).name;
  const { name, uuid } = caller.namespace;
  const owner = async () => ({ name, uuid });
  const about = { event: event as LifeCycleEvent, trigger, triggerName, args, owner, apiHost, now };
  return forFeed(trigger === "" ? noTrigger() : await serveAlarm(about, ports));
}

/** As a web action answers. */
async function serveWeb(
  args: RawJson,
  { callerWith, apiHost, now }: Parameters<SystemFunction>[1],
  ports: Parameters<SystemFunction>[2],
): Promise<RawJson> {
  const triggerName = textOf(args, "triggerName") ?? "";
  const { namespace, name: trigger } = partsOf(triggerName);
  if (trigger === "") return forWeb(noTrigger());
  const event = BY_METHOD[textOf(args, "__ow_method") ?? ""];
  if (event === undefined) return forWeb(alarmFailure(400, "unsupported lifecycleEvent"));
  const owner = async () => {
    const found = await callerWith?.(textOf(args, "authKey") ?? "");
    if (found === undefined || found === null) return 401;
    const { name, uuid } = found.namespace;
    if (triggerRefusal(found, { reads: event === "READ", trigger }) !== null) return 403;
    return namespace === "_" || namespace === name ? { name, uuid } : 403;
  };
  return forWeb(await serveAlarm({ event, trigger, triggerName, args, owner, apiHost, now }, ports));
}

/** Upstream's feed rejects with what its web action answered. */
function forFeed({ statusCode, body }: AlarmAnswer): RawJson {
  return statusCode === 200 ? body : `{"error":${body}}`;
}

function forWeb({ statusCode, body }: AlarmAnswer): RawJson {
  return `{"statusCode":${statusCode},"headers":{"Content-Type":"application/json"},"body":${body}}`;
}

function noTrigger(): AlarmAnswer {
  return alarmFailure(400, "no trigger name parameter was provided");
}

/** `/ns/name`, or a name in the default namespace. */
function partsOf(qualified: string): { namespace: string; name: string } {
  if (!qualified.startsWith("/")) return { namespace: "_", name: qualified };
  const [, namespace = "", ...name] = qualified.split("/");
  return { namespace, name: name.join("/") };
}

function notesOf(description: string, required: string, optional: readonly string[]): Record<string, unknown> {
  const parameters = [
    { name: required, required: true },
    ...[...optional, ...OPTIONAL].map((name) => ({ name, required: false })),
  ];
  return { description, parameters, feed: true };
}
