// What a PUT of a trigger asks for, and the trigger that follows from it.

import { fail, ok, type Result } from "../errors.ts";
import { type EntityPut, fieldsOfPut, parseEntityPut, type Stamp } from "./entity-put.ts";
import { isName } from "./names.ts";
import { parameterValue } from "./parameters.ts";
import { type RawJson, shapeOf } from "./raw-json.ts";
import type { Trigger } from "./trigger.ts";
import { FIRST_VERSION, nextVersion } from "./version.ts";

/** `text` must be valid JSON. Limits a trigger has none, so that nothing is read of them. */
export function parseTriggerPut(text: RawJson): Result<EntityPut> {
  const fields = fieldsOfPut(text);
  return fields.ok ? parseEntityPut(fields.value) : fields;
}

/** Whether the feed is there is seen when the client calls it. */
export function newTrigger(put: EntityPut, options: { path: string; name: string } & Stamp): Result<Trigger> {
  const { path, name, updated, revision, writtenWith, writerScope } = options;
  const annotations = put.annotations ?? [];
  const feed = parameterValue(annotations, "feed");
  if (feed !== undefined && !isPath(feed)) return fail("bad-request", "Feed name is not valid");
  return ok({
    namespace: path,
    name,
    version: put.version ?? FIRST_VERSION,
    publish: put.publish ?? false,
    annotations,
    parameters: put.parameters ?? [],
    rules: [],
    updated,
    revision,
    writtenWith,
    ...(writerScope === undefined ? {} : { writerScope }),
  });
}

/** What `put` names takes the place of what `old` had; the rules stay. */
export function updatedTrigger(old: Trigger, put: EntityPut, stamp: Stamp): Trigger {
  // What its last writer could do is no more said of it.
  const { writerScope: _, ...kept } = old;
  return {
    ...kept,
    version: put.version ?? nextVersion(old.version),
    publish: put.publish ?? old.publish,
    annotations: put.annotations ?? old.annotations,
    parameters: put.parameters ?? old.parameters,
    ...stamp,
  };
}

/** One name or more, with slashes between. */
function isPath(raw: RawJson): boolean {
  if (shapeOf(raw) !== "string") return false;
  const parts = (JSON.parse(raw) as string).split("/").filter((part) => part !== "");
  return parts.length > 0 && parts.every(isName);
}
