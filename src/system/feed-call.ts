// What each feed reads of its call alike: texts among the arguments, and the trigger that it is for.

import { membersOf, objectOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import type { BuiltinContext } from "../invocation/builtin.ts";
import type { SystemPorts } from "./ports.ts";

/** The argument of this name, if it is a text. */
export function textOf(args: RawJson, name: string): string | undefined {
  const raw = membersOf(args)?.findLast(({ key }) => key === name)?.value;
  return raw !== undefined && shapeOf(raw) === "string" ? (JSON.parse(raw) as string) : undefined;
}

/** The name of the trigger in `triggerName`, or why it is none of the caller's. */
export function triggerOf(args: RawJson, { caller }: BuiltinContext): string | { error: string } {
  const qualified = textOf(args, "triggerName") ?? "";
  const [, namespace = "_", trigger = ""] = /^\/([^/]+)\/([^/]+)$/.exec(qualified) ?? [];
  const name = qualified.includes("/") ? trigger : qualified;
  if (name === "") return { error: "The parameter 'triggerName' must name a trigger: /namespace/name." };
  if (namespace === "_" || namespace === caller.namespace.name) return name;
  return { error: "The trigger must be of the namespace whose key is used." };
}

/** The way out where the caller has no trigger of this name; null where there is one. */
export async function missingTrigger(
  name: string,
  { caller }: BuiltinContext,
  ports: SystemPorts,
): Promise<string | null> {
  const found = await ports.entities.get({ path: caller.namespace.name, name });
  return found?.type === "trigger" ? null : `There is no trigger '${name}' in the namespace: create it first.`;
}

/** The result by which a feed refuses. */
export function error(text: string): RawJson {
  return objectOf([["error", JSON.stringify(text)]]);
}
