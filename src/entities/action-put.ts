// What a PUT of an action asks for, and the action that follows from it: new, or merged with the stored one.

import { fail, ok, type Result } from "../errors.ts";
import type { Action, Exec, Parameter } from "./action.ts";
import { type EntityPut, fieldsOfPut, parseEntityPut, type Stamp } from "./entity-put.ts";
import { parseLimits } from "./limit-values.ts";
import type { ActionLimits, LimitBounds } from "./limits.ts";
import { mergeParameters, parameterValue, withoutKeys } from "./parameters.ts";
import { type RawJson, shapeOf } from "./raw-json.ts";
import { SEQUENCE } from "./runtimes.ts";
import { FIRST_VERSION, nextVersion } from "./version.ts";

export interface ActionPut extends EntityPut {
  /** Text of `exec`, its code lifted out. */
  exec?: RawJson;
  delAnnotations?: string[];
  limits: Partial<ActionLimits>;
}

/** `text` must be valid JSON. */
export function parseActionPut(text: RawJson): Result<ActionPut> {
  const fields = fieldsOfPut(text);
  if (!fields.ok) return fields;
  const common = parseEntityPut(fields.value);
  if (!common.ok) return common;
  const limits = parseLimits(fields.value.get("limits") ?? "{}");
  if (!limits.ok) return limits;
  const gone = deletedAnnotations(fields.value.get("delAnnotations"));
  if (!gone.ok) return gone;
  const exec = fields.value.get("exec");
  return ok({
    ...common.value,
    limits: limits.value,
    ...(exec === undefined ? {} : { exec }),
    ...(gone.value === undefined ? {} : { delAnnotations: gone.value }),
  });
}

/** A new action. `exec` is what the put's own text and code made. */
export function newAction(
  put: ActionPut,
  options: { path: string; name: string; exec: Exec; bounds: LimitBounds } & Stamp,
): Action {
  const { path, name, exec, bounds, updated, revision, writtenWith, writerScope } = options;
  const annotations = put.annotations ?? [];
  const guarded = parameterValue(annotations, "provide-api-key") === undefined;
  const more: Parameter[] = guarded ? [{ key: "provide-api-key", value: "false" }] : [];
  return {
    namespace: path,
    name,
    version: put.version ?? FIRST_VERSION,
    publish: put.publish ?? false,
    annotations: withKind([...annotations, ...more], exec),
    parameters: componentsOf(exec) ?? put.parameters ?? [],
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
    writtenWith,
    ...(writerScope === undefined ? {} : { writerScope }),
  };
}

/** The stored action with what the put names in place of what it had; annotations are merged. */
export function updatedAction(old: Action, put: ActionPut, options: { exec: Exec | undefined } & Stamp): Action {
  const { updated, revision, writtenWith, writerScope } = options;
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
    parameters: componentsOf(exec) ?? put.parameters ?? kept,
    limits: { ...old.limits, ...put.limits },
    exec,
    updated,
    revision,
    writtenWith,
    ...(writerScope === undefined ? {} : { writerScope }),
  };
}

function deletedAnnotations(raw: RawJson | undefined): Result<string[] | undefined> {
  if (raw === undefined) return ok(undefined);
  const keys: unknown = shapeOf(raw) === "array" ? JSON.parse(raw) : null;
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === "string")) {
    return fail("malformed-body", "'delAnnotations' must be an array of strings");
  }
  return ok(keys);
}

/** What clients find as the parameters of a sequence, whatever was sent; undefined for other actions. */
function componentsOf(exec: Exec): Parameter[] | undefined {
  return "components" in exec ? [{ key: "_actions", value: JSON.stringify(exec.components) }] : undefined;
}

/** Clients read the kind from this annotation; it is always the platform's. */
function withKind(annotations: Parameter[], exec: Exec): Parameter[] {
  return mergeParameters(annotations, [{ key: "exec", value: JSON.stringify(exec.kind) }]);
}
