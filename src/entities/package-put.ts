// What a PUT of a package asks for, and the package that follows from it.
// Parameters and annotations are replaced as a whole.

import { fail, ok, type Result } from "../errors.ts";
import { type EntityPut, fieldsOfPut, parseEntityPut, type Stamp } from "./entity-put.ts";
import { isName, OWN_NAMESPACE } from "./names.ts";
import type { Package, Reference } from "./package.ts";
import { withoutKeys } from "./parameters.ts";
import { membersOf, type RawJson, shapeOf } from "./raw-json.ts";
import { FIRST_VERSION, nextVersion } from "./version.ts";

const BINDING = "binding";

export interface PackagePut extends EntityPut {
  /** Absent: none was named, or `{}`. */
  binding?: Reference;
}

/** `text` must be valid JSON; `own`: the namespace that `_` stands for. */
export function parsePackagePut(text: RawJson, options: { own: string }): Result<PackagePut> {
  const fields = fieldsOfPut(text);
  if (!fields.ok) return fields;
  const common = parseEntityPut(fields.value);
  if (!common.ok) return common;
  const raw = fields.value.get(BINDING);
  if (raw === undefined) return common;
  const binding = parseReference(raw, options.own);
  if (!binding.ok) return binding;
  return ok(binding.value === null ? common.value : { ...common.value, binding: binding.value });
}

export function newPackage(put: PackagePut, options: { path: string; name: string } & Stamp): Package {
  const { path, name, updated, revision, writtenWith, writerScope } = options;
  const bundle = {
    namespace: path,
    name,
    version: put.version ?? FIRST_VERSION,
    publish: put.publish ?? false,
    annotations: put.annotations ?? [],
    parameters: put.parameters ?? [],
    binding: put.binding ?? null,
    updated,
    revision,
    writtenWith,
    ...(writerScope === undefined ? {} : { writerScope }),
  };
  return withReference(bundle);
}

/** What `put` names takes the place of what `old` had. Whether a binding may be named at all has been checked. */
export function updatedPackage(old: Package, put: PackagePut, stamp: Stamp): Package {
  const bundle = {
    namespace: old.namespace,
    name: old.name,
    version: put.version ?? nextVersion(old.version),
    publish: put.publish ?? old.publish,
    annotations: put.annotations ?? old.annotations,
    parameters: put.parameters ?? old.parameters,
    binding: put.binding ?? old.binding,
    ...stamp,
  };
  return withReference(bundle);
}

/** Clients that see lists only read the provider from this annotation; it is always the platform's. */
function withReference(bundle: Package): Package {
  const annotations = withoutKeys(bundle.annotations, [BINDING]);
  if (bundle.binding !== null) annotations.push({ key: BINDING, value: JSON.stringify(bundle.binding) });
  return { ...bundle, annotations };
}

/** `{}` means no binding. */
function parseReference(raw: RawJson, own: string): Result<Reference | null> {
  const members = membersOf(raw);
  if (members === null) return malformed();
  if (members.length === 0) return ok(null);
  const fields = new Map(members.map((member) => [member.key, member.value]));
  const [namespace, name] = ["namespace", "name"].map((each) => {
    const value = fields.get(each) ?? "null";
    return shapeOf(value) === "string" ? (JSON.parse(value) as string).trim() : null;
  });
  if (namespace == null || name == null) return malformed();
  if (!isName(namespace) || !isName(name)) {
    return fail("malformed-body", "The name of the entity contains illegal characters.");
  }
  return ok({ namespace: namespace === OWN_NAMESPACE ? own : namespace, name });
}

function malformed(): Result<never> {
  return fail("malformed-body", "'binding' must be an object with the strings 'namespace' and 'name', or empty");
}
