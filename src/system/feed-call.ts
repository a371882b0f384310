// What all feeds do alike: what they read of their calls, which event in the life of a trigger's feed a call is, and
// changes of what others change as well.

import { membersOf, objectOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import type { BuiltinContext } from "../invocation/builtin.ts";
import type { SystemPorts } from "./ports.ts";

/** How often a change is tried while others change the same one. */
const MAX_TRIES = 5;

interface Call {
  args: RawJson;
  context: BuiltinContext;
  ports: SystemPorts;
}

/** A call for a trigger of the caller's. */
export interface FeedCall extends Call {
  trigger: string;
}

type Serve = (call: FeedCall) => Promise<RawJson>;

/** What a feed does at each event; what it does not know is refused. */
export type LifeCycle = Readonly<Partial<Record<"CREATE" | "READ" | "UPDATE" | "PAUSE" | "UNPAUSE" | "DELETE", Serve>>>;

/** Does what `lifecycleEvent` asks for. A feed is made only for a trigger that is there. */
export async function serveFeed(life: LifeCycle, call: Call): Promise<RawJson> {
  const trigger = triggerOf(call.args, call.context);
  if (typeof trigger !== "string") return error(trigger.error);
  const event = textOf(call.args, "lifecycleEvent") ?? "";
  const serve = new Map(Object.entries(life)).get(event);
  if (serve === undefined) return error("unsupported lifecycleEvent");
  const missing = event === "CREATE" ? await missingTrigger(trigger, call.context, call.ports) : null;
  return missing === null ? serve({ ...call, trigger }) : error(missing);
}

/** Until one try brings a result; null: another one has changed the same in between. */
export async function changing(what: string, change: () => Promise<RawJson | null>): Promise<RawJson> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const result = await change();
    if (result !== null) return result;
  }
  return error(`The ${what} is being changed by others all the time: try again.`);
}

/** The argument of this name, if it is a text. */
export function textOf(args: RawJson, name: string): string | undefined {
  const raw = membersOf(args)?.findLast(({ key }) => key === name)?.value;
  return raw !== undefined && shapeOf(raw) === "string" ? (JSON.parse(raw) as string) : undefined;
}

/** The name of the trigger in `triggerName`, or why it is none of the caller's. */
function triggerOf(args: RawJson, { caller }: BuiltinContext): string | { error: string } {
  const qualified = textOf(args, "triggerName") ?? "";
  const [, namespace = "_", trigger = ""] = /^\/([^/]+)\/([^/]+)$/.exec(qualified) ?? [];
  const name = qualified.includes("/") ? trigger : qualified;
  if (name === "") return { error: "The parameter 'triggerName' must name a trigger: /namespace/name." };
  if (namespace === "_" || namespace === caller.namespace.name) return name;
  return { error: "The trigger must be of the namespace whose key is used." };
}

/** The way out where the caller has no trigger of this name; null where there is one. */
async function missingTrigger(name: string, { caller }: BuiltinContext, ports: SystemPorts): Promise<string | null> {
  const found = await ports.entities.get({ path: caller.namespace.name, name });
  return found?.type === "trigger" ? null : `There is no trigger '${name}' in the namespace: create it first.`;
}

/** The result by which a feed refuses. */
export function error(text: string): RawJson {
  return objectOf([["error", JSON.stringify(text)]]);
}
