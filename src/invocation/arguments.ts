// The arguments of one call: the payload over the action's parameters. Values keep their bytes.

import { membersOf, mergeLayers, type RawJson, shapeOf } from "../entities/raw-json.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { ResolvedAction } from "./resolved-action.ts";

/** The arguments of a run: the text of a JSON object (or array), and what goes into the environment at /init
 * instead. */
export interface Arguments {
  args: RawJson;
  initEnv?: Record<string, string>;
}

/** `payload`: the text of a JSON object that was checked at the door; absent = none was sent. What the last step of a
 * composition made may be an array, which is handed on as it is. `payloadChecked`: whether it may set what it sets has
 * been asked before. */
export function argumentsOf(
  callable: ResolvedAction,
  payload: RawJson | undefined,
  options: { payloadChecked?: boolean } = {},
): Result<Arguments> {
  const plain = callable.init.size === 0;
  if (payload === undefined && plain) return ok({ args: callable.defaults });
  if (payload !== undefined && plain && callable.parameters.size === 0) return ok({ args: payload });
  const refused = options.payloadChecked === true ? null : payloadFault(callable, payload);
  if (refused !== null) return refused;
  const own = Array.from(callable.parameters, ([key, value]) => ({ key, value }));
  if (payload !== undefined && shapeOf(payload) === "array") {
    return ok(plain ? { args: payload } : { ...separate(callable.init, [own]), args: payload });
  }
  const layers = [own, payload === undefined ? [] : (membersOf(payload) ?? [])];
  if (plain) return ok({ args: mergeLayers(layers) });
  return ok(separate(callable.init, layers));
}

/** Whether the payload sets what the action keeps for itself. */
export function payloadFault({ final }: Pick<ResolvedAction, "final">, payload: RawJson | undefined): Failure | null {
  if (payload === undefined || final.size === 0) return null;
  if (!(membersOf(payload) ?? []).some((each) => final.has(each.key))) return null;
  return fail("bad-request", "Request defines parameters that are not allowed (e.g., reserved properties).");
}

function separate(init: ReadonlySet<string>, layers: { key: string; value: RawJson }[][]): Arguments {
  const initEnv: Record<string, string> = {};
  const kept = layers.map((layer) => layer.filter((each) => !init.has(each.key)));
  for (const { key, value } of layers.flat()) {
    if (init.has(key)) initEnv[key] = value.startsWith('"') ? (JSON.parse(value) as string) : value;
  }
  return { args: mergeLayers(kept), initEnv };
}
