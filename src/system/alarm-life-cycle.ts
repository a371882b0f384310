// What becomes of a feed's call: a schedule is made, read, changed, paused or deleted. The order of checks and the
// words are those of upstream's alarms package.

import type { RawJson } from "../entities/raw-json.ts";
import { readTrigger } from "../entities/trigger.ts";
import { changedPlan, planOf, readParameters } from "../schedules/feed-parameters.ts";
import { showSchedule } from "../schedules/show.ts";
import type { SystemPorts } from "./ports.ts";

export type LifeCycleEvent = "CREATE" | "READ" | "UPDATE" | "DELETE" | "PAUSE" | "UNPAUSE";

/** A call, whose trigger is named without its namespace. */
export interface AlarmCall {
  event: LifeCycleEvent;
  trigger: string;
  /** As the caller named it. */
  triggerName: string;
  /** Text of a JSON object. */
  args: RawJson;
  /** Whose trigger it is, or with which HTTP status that is not so. Asked after the parameters were found good. */
  owner(): Promise<{ name: string; uuid: string } | number>;
  apiHost: string;
  /** Epoch ms. */
  now: number;
}

/** `body`: text of a JSON object; of a failure one with `error`. */
export interface AlarmAnswer {
  statusCode: number;
  body: RawJson;
}

type Ports = Pick<SystemPorts, "entities" | "alarms">;

const SUCCESS: AlarmAnswer = { statusCode: 200, body: '{"status":"success"}' };
/** How often a change is tried while others change the same schedule. */
const MAX_TRIES = 5;

export async function serveAlarm(call: AlarmCall, ports: Ports): Promise<AlarmAnswer> {
  return call.event === "CREATE" ? create(call, ports) : onExisting(call, ports);
}

export function alarmFailure(statusCode: number, error: string): AlarmAnswer {
  return { statusCode, body: JSON.stringify({ error }) };
}

async function create(call: AlarmCall, ports: Ports): Promise<AlarmAnswer> {
  const { trigger, args, now, apiHost } = call;
  const { settings, shards, schedules } = ports.alarms;
  const plan = planOf(readParameters(args), { now, name: trigger, settings });
  if (!plan.ok) return alarmFailure(400, plan.text);
  const namespace = await ownerOf(call, ports);
  if (typeof namespace === "number") return unauthorized(namespace);
  const put = await schedules(namespace.uuid).put({ trigger, plan: plan.value, namespace, apiHost, shards });
  return put === "full" ? alarmFailure(429, "the namespace has as many alarms as it can have") : SUCCESS;
}

async function onExisting(call: AlarmCall, ports: Ports): Promise<AlarmAnswer> {
  const { event, trigger } = call;
  const namespace = await ownerOf(call, ports);
  if (typeof namespace === "number") return unauthorized(namespace);
  const schedules = ports.alarms.schedules(namespace.uuid);
  const none = alarmFailure(404, `could not find trigger /${namespace.name}/${trigger} in the database`);
  switch (event) {
    case "READ": {
      const view = await schedules.find(trigger);
      if (view === null) return none;
      const { settings } = ports.alarms;
      return { statusCode: 200, body: showSchedule(view, { name: trigger, namespace: namespace.name, settings }) };
    }
    case "DELETE":
      return (await schedules.remove(trigger)) ? SUCCESS : none;
    case "PAUSE":
    case "UNPAUSE":
      return (await schedules.pause(trigger, event === "PAUSE")) ? SUCCESS : none;
    default:
      return update(call, ports, namespace);
  }
}

async function update(
  call: AlarmCall,
  { alarms }: Ports,
  namespace: { name: string; uuid: string },
): Promise<AlarmAnswer> {
  const { trigger, args, now, apiHost } = call;
  const { settings, shards } = alarms;
  const schedules = alarms.schedules(namespace.uuid);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const view = await schedules.find(trigger);
    if (view === null) return alarmFailure(404, `could not find trigger /${namespace.name}/${trigger} in the database`);
    const { plan, revision } = view;
    const next = changedPlan(plan, readParameters(args), { now, name: trigger, settings });
    if (!next.ok) return alarmFailure(400, next.text);
    const put = await schedules.put({ trigger, plan: next.value, namespace, apiHost, revision, shards });
    if (put === "put") return SUCCESS;
  }
  return alarmFailure(409, "there was an error while updating the trigger in the database.");
}

/** The trigger must be there: its owner's alone, and for all but its deletion. */
async function ownerOf(
  { owner, event, trigger }: AlarmCall,
  { entities }: Pick<SystemPorts, "entities">,
): Promise<{ name: string; uuid: string } | number> {
  const namespace = await owner();
  if (typeof namespace === "number" || event === "DELETE") return namespace;
  const stored = await entities.get({ path: namespace.name, name: trigger });
  if (stored === null) return 404;
  return stored.type === "trigger" && readTrigger(stored.document) !== null ? namespace : 409;
}

function unauthorized(statusCode: number): AlarmAnswer {
  return alarmFailure(statusCode, "Trigger authentication request failed.");
}
