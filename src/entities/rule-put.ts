// What a PUT of a rule asks for, and the rule that follows from it; what a POST asks its status to be.

import { fail, ok, type Result } from "../errors.ts";
import { type EntityPut, fieldsOfPut, parseEntityPut, type Stamp } from "./entity-put.ts";
import { type EntityPoint, parseQualifiedName, pathOf } from "./names.ts";
import { membersOf, type RawJson, shapeOf } from "./raw-json.ts";
import type { Rule } from "./rule.ts";
import type { RuleStatus } from "./trigger.ts";
import { FIRST_VERSION, nextVersion } from "./version.ts";

export interface RulePut extends Omit<EntityPut, "parameters"> {
  trigger?: EntityPoint;
  action?: EntityPoint;
}

/** `text` must be valid JSON; `own`: the namespace that `_` stands for. */
export function parseRulePut(text: RawJson, options: { own: string }): Result<RulePut> {
  const fields = fieldsOfPut(text);
  if (!fields.ok) return fields;
  // A rule has none.
  fields.value.delete("parameters");
  const common = parseEntityPut(fields.value);
  if (!common.ok) return common;
  const put: RulePut = common.value;
  for (const name of ["trigger", "action"] as const) {
    const raw = fields.value.get(name);
    if (raw === undefined) continue;
    const point = parsePoint(raw, options);
    if (!point.ok) return point;
    put[name] = point.value;
  }
  return ok(put);
}

export function newRule(
  put: RulePut,
  options: { path: string; name: string; trigger: EntityPoint; action: EntityPoint } & Stamp,
): Rule {
  const { path, name, trigger, action, updated, revision, writtenWith, writerScope } = options;
  return {
    namespace: path,
    name,
    version: put.version ?? FIRST_VERSION,
    publish: put.publish ?? false,
    annotations: put.annotations ?? [],
    trigger,
    action,
    updated,
    revision,
    writtenWith,
    ...(writerScope === undefined ? {} : { writerScope }),
  };
}

/** What `put` names takes the place of what `old` had. */
export function updatedRule(old: Rule, put: RulePut, stamp: Stamp): Rule {
  // What its last writer could do is no more said of it.
  const { writerScope: _, ...kept } = old;
  return {
    ...kept,
    version: put.version ?? nextVersion(old.version),
    publish: put.publish ?? old.publish,
    annotations: put.annotations ?? old.annotations,
    trigger: put.trigger ?? old.trigger,
    action: put.action ?? old.action,
    ...stamp,
  };
}

/** `text` must be valid JSON. Other fields are ignored: clients send a whole rule. */
export function parseStatus(text: RawJson): Result<RuleStatus> {
  const fields = fieldsOfPut(text);
  if (!fields.ok) return fields;
  const raw = fields.value.get("status");
  if (raw === undefined) return fail("malformed-body", "'status' is missing");
  const status: unknown = JSON.parse(raw);
  if (status === "active" || status === "inactive") return ok(status);
  return fail("malformed-body", "'status' must be one of 'active', 'inactive'");
}

/** `"[/]ns/name"`, or `{path, name}`. */
function parsePoint(raw: RawJson, options: { own: string }): Result<EntityPoint> {
  const text = textOf(raw);
  if (text === null) return fail("malformed-body", "fully qualified name malformed");
  const name = parseQualifiedName(text, options);
  return name.ok ? ok({ path: pathOf(name.value), name: name.value.name }) : name;
}

function textOf(raw: RawJson): string | null {
  if (shapeOf(raw) === "string") return JSON.parse(raw) as string;
  const members = membersOf(raw);
  if (members === null) return null;
  const fields = new Map(members.map((member) => [member.key, member.value]));
  const [path, name] = ["path", "name"].map((each) => {
    const value = fields.get(each) ?? "null";
    return shapeOf(value) === "string" ? (JSON.parse(value) as string) : "";
  });
  if (path === undefined || path === "" || name === undefined || name === "" || name.includes("/")) return null;
  return `${path}/${name}`;
}
