// What a PUT of an action asks for, and the action that follows from it: new, or merged with the stored one.

import { fail, ok, type Result } from "../errors.ts";
import type { Action, Exec, Parameter } from "./action.ts";
import { parseLimits } from "./limit-values.ts";
import type { ActionLimits, LimitBounds } from "./limits.ts";
import { mergeParameters, parameterValue, parseParameters, withoutKeys } from "./parameters.ts";
import { membersOf, type RawJson, shapeOf } from "./raw-json.ts";
import { SEQUENCE } from "./runtimes.ts";
import { FIRST_VERSION, nextVersion, parseVersion } from "./version.ts";

export interface ActionPut {
  /** Text of `exec`, its code lifted out. */
  exec?: RawJson;
  parameters?: Parameter[];
  annotations?: Parameter[];
  delAnnotations?: string[];
  limits: Partial<ActionLimits>;
  version?: string;
  publish?: boolean;
}

/** What the platform decides of a new revision. */
export interface Stamp {
  updated: number;
  revision: string;
}

/** `text` must be valid JSON. Fields that are null count as absent; unknown ones, and `namespace`, `name` and `updated`,
 * are ignored. */
export function parseActionPut(text: RawJson): Result<ActionPut> {
  const members = membersOf(text);
  if (members === null) return fail("malformed-body", "Object expected");
  const fields = new Map(members.map((member) => [member.key, member.value]));
  for (const [key, value] of fields) if (shapeOf(value) === "null") fields.delete(key);
  const put: ActionPut = { limits: {} };
  const exec = fields.get("exec");
  if (exec !== undefined) put.exec = exec;
  for (const name of ["parameters", "annotations"] as const) {
    const raw = fields.get(name);
    if (raw === undefined) continue;
    const list = parseParameters(raw, name);
    if (!list.ok) return list;
    put[name] = list.value;
  }
  const limits = parseLimits(fields.get("limits") ?? "{}");
  if (!limits.ok) return limits;
  put.limits = limits.value;
  return parseRest(put, fields);
}

/** A new action. `exec` is what the put's own text and code made. */
export function newAction(
  put: ActionPut,
  options: { path: string; name: string; exec: Exec; bounds: LimitBounds } & Stamp,
): Action {
  const { path, name, exec, bounds, updated, revision } = options;
  const annotations = put.annotations ?? [];
  const guarded = parameterValue(annotations, "provide-api-key") === undefined;
  const more: Parameter[] = guarded ? [{ key: "provide-api-key", value: "false" }] : [];
  return {
    namespace: path,
    name,
    version: put.version ?? FIRST_VERSION,
    publish: put.publish ?? false,
    annotations: withKind([...annotations, ...more], exec),
    parameters: put.parameters ?? [],
    limits: {
      timeout: bounds.timeout.std,
      memory: bounds.memory.std,
      logs: bounds.logs.std,
      concurrency: bounds.concurrency.std,
      ...put.limits,
    },
    exec,
    updated,
    revision,
  };
}

/** The stored action with what the put names in place of what it had; annotations are merged. */
export function updatedAction(old: Action, put: ActionPut, options: { exec: Exec | undefined } & Stamp): Action {
  const { updated, revision } = options;
  const exec = options.exec ?? old.exec;
  // The parameters of a sequence are its components: they do not outlive it.
  const kept = options.exec !== undefined && old.exec.kind === SEQUENCE ? [] : old.parameters;
  const annotations = withoutKeys(old.annotations, put.delAnnotations ?? []);
  return {
    namespace: old.namespace,
    name: old.name,
    version: put.version ?? nextVersion(old.version),
    publish: put.publish ?? old.publish,
    annotations: withKind(mergeParameters(annotations, put.annotations ?? []), exec),
    parameters: put.parameters ?? kept,
    limits: { ...old.limits, ...put.limits },
    exec,
    updated,
    revision,
  };
}

function parseRest(put: ActionPut, fields: Map<string, RawJson>): Result<ActionPut> {
  const version = fields.get("version");
  if (version !== undefined) {
    const parsed = shapeOf(version) === "string" ? parseVersion(JSON.parse(version) as string) : null;
    if (parsed === null) return fail("malformed-body", "semantic version malformed");
    put.version = parsed;
  }
  const publish = fields.get("publish");
  if (publish !== undefined) {
    if (shapeOf(publish) !== "boolean") return fail("malformed-body", "'publish' must be a boolean");
    put.publish = publish === "true";
  }
  const gone = fields.get("delAnnotations");
  if (gone !== undefined) {
    const keys: unknown = shapeOf(gone) === "array" ? JSON.parse(gone) : null;
    if (!Array.isArray(keys) || !keys.every((key) => typeof key === "string")) {
      return fail("malformed-body", "'delAnnotations' must be an array of strings");
    }
    put.delAnnotations = keys;
  }
  return ok(put);
}

/** Clients read the kind from this annotation; it is always the platform's. */
function withKind(annotations: Parameter[], exec: Exec): Parameter[] {
  return mergeParameters(annotations, [{ key: "exec", value: JSON.stringify(exec.kind) }]);
}
