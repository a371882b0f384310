// Names of entities and namespaces, and the fully qualified names that bodies carry.

import { type Failure, fail, ok, type Result } from "../errors.ts";
import { MAX_NAME } from "./limits.ts";

const NAME = new RegExp(`^(?:\\w|\\w[\\w@ .&-]{0,${MAX_NAME - 2}}[\\w@.&-])$`);

/** Where what ships with the platform lies; its operator's. */
export const SYSTEM_NAMESPACE = "whisk.system";
/** Where the one-machine mode tries at each start whether it works. */
export const PROOF_NAMESPACE = "edgewhisk.proof";
/** Stands for the namespace of the presented key, in paths and in bodies. */
export const OWN_NAMESPACE = "_";

export interface QualifiedName {
  namespace: string;
  package?: string;
  name: string;
}

/** Where an entity lies: `path` is `ns` or `ns/package`. */
export interface EntityPoint {
  path: string;
  name: string;
}

export function isName(text: string): boolean {
  return NAME.test(text);
}

/** Why a decoded path segment cannot be an entity's name, or null if it can. */
export function nameFault(segment: string): Failure | null {
  if (isName(segment)) return null;
  if (segment.length > MAX_NAME) {
    return fail("bad-request", `Name segment longer than allowed: ${segment.length} > ${MAX_NAME}.`);
  }
  return fail("bad-request", "The name of the entity contains illegal characters.");
}

/** Why a decoded path segment cannot be a namespace, or null if it can. */
export function namespaceFault(segment: string): Failure | null {
  if (isName(segment)) return null;
  if (segment.length > MAX_NAME) {
    return fail("bad-request", `Namespace longer than allowed: ${segment.length} > ${MAX_NAME}.`);
  }
  return fail("bad-request", "The namespace contains illegal characters.");
}

/** `[/]ns/name` or `[/]ns/package/name`; `_` becomes `own`. */
export function parseQualifiedName(text: string, options: { own: string }): Result<QualifiedName> {
  const parts = text.split("/").filter((part) => part !== "");
  if (parts.length < 2 || parts.length > 3) {
    const reason =
      "The fully qualified name of the entity must contain at least the namespace and the name of the entity.";
    return fail("malformed-body", reason);
  }
  if (!parts.every(isName)) return fail("malformed-body", "The name of the entity contains illegal characters.");
  const [first = "", second = "", third] = parts;
  const namespace = first === OWN_NAMESPACE ? options.own : first;
  return ok(third === undefined ? { namespace, name: second } : { namespace, package: second, name: third });
}

/** With the leading slash that clients expect in components and rules. */
export function printQualifiedName(name: QualifiedName): string {
  return `/${pathOf(name)}/${name.name}`;
}

/** `ns` or `ns/package`. */
export function pathOf(name: Omit<QualifiedName, "name">): string {
  return name.package === undefined ? name.namespace : `${name.namespace}/${name.package}`;
}
