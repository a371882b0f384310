// What a call needs of an action, worked out once when the action is read: the code itself is never loaded here.

import type { Action, Parameter } from "../entities/action.ts";
import type { ActionLimits } from "../entities/limits.ts";
import { isTruthy, parameterValue } from "../entities/parameters.ts";
import { objectOf, type RawJson } from "../entities/raw-json.ts";
import { open } from "../entities/sealing.ts";
import type { Invocation } from "../protocol/invocation.ts";

export interface Callable {
  name: string;
  version: string;
  /** `ns/name` or `ns/package/name`. */
  path: string;
  kind: string;
  limits: ActionLimits;
  revision: string;
  exec: Invocation["exec"];
  parameters: ReadonlyMap<string, RawJson>;
  /** The parameters as one object: the arguments of a call without payload. */
  defaults: RawJson;
  /** Parameters a payload must not contain. */
  final: ReadonlySet<string>;
  /** Parameters that go into the environment at /init instead. */
  init: ReadonlySet<string>;
  credential: Invocation["credential"];
}

/** Null if the action is no container's work, or a sealed parameter does not open. */
export async function callableOf(
  action: Action,
  options: { revision: string; masterSecret: string },
): Promise<Callable | null> {
  const exec = execOf(action);
  if (exec === null) return null;
  const parameters = new Map<string, RawJson>();
  for (const parameter of action.parameters) {
    const value = await plain(parameter, options.masterSecret);
    if (value === null) return null;
    parameters.set(parameter.key, value);
  }
  const defined = [...parameters].filter(([, value]) => value !== "null").map(([key]) => key);
  return {
    name: action.name,
    version: action.version,
    path: `${action.namespace}/${action.name}`,
    kind: action.exec.kind,
    limits: action.limits,
    revision: options.revision,
    exec,
    parameters,
    defaults: objectOf(parameters),
    final: new Set(parameterValue(action.annotations, "final") === "true" ? defined : []),
    init: new Set(action.parameters.filter((each) => each.init === true).map((each) => each.key)),
    credential: credentialOf(action.annotations),
  };
}

function execOf({ exec }: Action): Invocation["exec"] | null {
  if (!("binary" in exec)) return null;
  return {
    kind: exec.kind,
    binary: exec.binary,
    ...("image" in exec ? { image: exec.image } : {}),
    ...(exec.main === undefined ? {} : { main: exec.main }),
    ...(exec.code === undefined ? {} : { code: exec.code }),
  };
}

async function plain({ value, encryption }: Parameter, masterSecret: string): Promise<RawJson | null> {
  if (encryption === undefined) return value;
  return open(masterSecret, JSON.parse(value) as string);
}

/** "owner" asks for the namespace's own key; any other true value for one that expires. Where the annotation is missing
 * the action gets a key, as with OpenWhisk; actions created here say false unless told otherwise. */
function credentialOf(annotations: readonly Parameter[]): Invocation["credential"] {
  const value = parameterValue(annotations, "provide-api-key");
  if (value === undefined) return "activation";
  if (value === '"owner"') return "owner";
  return isTruthy(annotations, "provide-api-key") ? "activation" : "none";
}
