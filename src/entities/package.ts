// A package, or a binding to one: the document that is stored, the item in lists, what GET shows. Parameter values keep
// their bytes.

import type { EntityHead, Parameter } from "./action.ts";
import { printHidden, writtenWithOf } from "./entity-head.ts";
import { parseParameters, printParameters } from "./parameters.ts";
import { membersOf, objectOf, type RawJson } from "./raw-json.ts";

/** Names the package that provides what a binding shows. */
export interface Reference {
  namespace: string;
  name: string;
}

export interface Package extends EntityHead {
  parameters: Parameter[];
  /** Null for a package of its own. */
  binding: Reference | null;
}

/** The text that is stored. */
export function packageDocument(bundle: Package): RawJson {
  return objectOf([...fieldsOf(bundle), ...printHidden(bundle)]);
}

/** The package behind a stored text, or null if it is not one. */
export function readPackage(document: RawJson): Package | null {
  try {
    const fields = new Map((membersOf(document) ?? []).map((member) => [member.key, member.value]));
    const field = (name: string): RawJson => fields.get(name) ?? "null";
    const binding = JSON.parse(field("binding")) as Partial<Reference>;
    const bundle = {
      namespace: JSON.parse(field("namespace")) as string,
      name: JSON.parse(field("name")) as string,
      version: JSON.parse(field("version")) as string,
      publish: JSON.parse(field("publish")) as boolean,
      annotations: listOf(field("annotations")),
      parameters: listOf(field("parameters")),
      binding: binding.name === undefined ? null : (binding as Reference),
      updated: JSON.parse(field("updated")) as number,
      revision: JSON.parse(field("revision")) as string,
      ...writtenWithOf(field),
    };
    return typeof bundle.name === "string" ? bundle : null;
  } catch {
    return null;
  }
}

/** The item of a package in lists. */
export function packageSummary(bundle: Package): RawJson {
  const binding: [string, RawJson] = ["binding", JSON.stringify(bundle.binding ?? false)];
  const fields = fieldsOf(bundle).filter(([name]) => name !== "parameters" && name !== "binding");
  return objectOf([...fields, binding]);
}

/** What the answers to PUT and DELETE show; GET adds what the package contains. */
export function showPackage(bundle: Package): RawJson {
  return objectOf(fieldsOf(bundle));
}

/** Whether others see it in lists. */
export function isShared(bundle: Package): boolean {
  return bundle.publish && bundle.binding === null;
}

export function sameReference(one: Reference, other: Reference): boolean {
  return one.namespace === other.namespace && one.name === other.name;
}

function fieldsOf(bundle: Package): [string, RawJson][] {
  return [
    ["namespace", JSON.stringify(bundle.namespace)],
    ["name", JSON.stringify(bundle.name)],
    ["version", JSON.stringify(bundle.version)],
    ["publish", JSON.stringify(bundle.publish)],
    ["annotations", printParameters(bundle.annotations)],
    ["parameters", printParameters(bundle.parameters)],
    ["binding", JSON.stringify(bundle.binding ?? {})],
    ["updated", JSON.stringify(bundle.updated)],
  ];
}

function listOf(raw: RawJson): Parameter[] {
  const list = parseParameters(raw, "");
  if (!list.ok) throw new SyntaxError("not a list of parameters");
  return list.value;
}
