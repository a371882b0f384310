// What every PUT of an entity may name: parameters, annotations, version and publish. Fields that are null count as
// absent; unknown ones, and `namespace`, `name` and `updated`, are ignored.

import { fail, ok, type Result } from "../errors.ts";
import type { Parameter } from "./action.ts";
import { parseParameters, sealedElsewhere } from "./parameters.ts";
import { membersOf, type RawJson, shapeOf } from "./raw-json.ts";
import type { Rights } from "./rights.ts";
import type { Scope } from "./scope.ts";
import { parseVersion } from "./version.ts";

export interface EntityPut {
  parameters?: Parameter[];
  annotations?: Parameter[];
  version?: string;
  publish?: boolean;
}

/** What the platform decides of a new revision. */
export interface Stamp {
  updated: number;
  revision: string;
  /** Rights of the key that writes it. */
  writtenWith: Rights;
  /** The names it may use; absent: all. */
  writerScope?: Scope;
}

/** The body's fields by name. `text` must be valid JSON. */
export function fieldsOfPut(text: RawJson): Result<Map<string, RawJson>> {
  const members = membersOf(text);
  if (members === null) return fail("malformed-body", "Object expected");
  const fields = new Map(members.map((member) => [member.key, member.value]));
  for (const [key, value] of fields) if (shapeOf(value) === "null") fields.delete(key);
  return ok(fields);
}

export function parseEntityPut(fields: ReadonlyMap<string, RawJson>): Result<EntityPut> {
  const put: EntityPut = {};
  for (const name of ["parameters", "annotations"] as const) {
    const raw = fields.get(name);
    if (raw === undefined) continue;
    const list = parseParameters(raw, name);
    if (!list.ok) return list;
    const sealed = sealedElsewhere(list.value);
    if (sealed !== null) return sealed;
    put[name] = list.value;
  }
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
  return ok(put);
}
