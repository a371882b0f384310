// The fields that every stored entity has, out of a document and into one.

import type { EntityHead, Parameter } from "./action.ts";
import { parseParameters, printParameters } from "./parameters.ts";
import { membersOf, type RawJson } from "./raw-json.ts";
import type { Rights } from "./rights.ts";
import type { Scope } from "./scope.ts";

export type FieldReader = (name: string) => RawJson;

/** Fields of a stored document by name; what is absent reads as null. */
export function fieldsOfDocument(document: RawJson): FieldReader {
  const fields = new Map((membersOf(document) ?? []).map((member) => [member.key, member.value]));
  return (name) => fields.get(name) ?? "null";
}

/** Throws if the document has none. */
export function headOf(field: FieldReader): EntityHead {
  const name: unknown = JSON.parse(field("name"));
  if (typeof name !== "string") throw new SyntaxError("an entity without a name");
  return {
    namespace: JSON.parse(field("namespace")) as string,
    name,
    version: JSON.parse(field("version")) as string,
    publish: JSON.parse(field("publish")) as boolean,
    annotations: listOf(field("annotations")),
    updated: JSON.parse(field("updated")) as number,
    revision: JSON.parse(field("revision")) as string,
    ...writtenWithOf(field),
  };
}

/** What the key of its writer could do. */
export function writtenWithOf(field: FieldReader): Pick<EntityHead, "writtenWith" | "writerScope"> {
  const writtenWith = JSON.parse(field("writtenWith")) as Rights | null;
  const writerScope = JSON.parse(field("writerScope")) as Scope | null;
  return { ...(writtenWith === null ? {} : { writtenWith }), ...(writerScope === null ? {} : { writerScope }) };
}

/** What only the stored text has. */
export function printHidden({ revision, writtenWith, writerScope }: EntityHead): [string, RawJson][] {
  const hidden: [string, RawJson][] = [["revision", JSON.stringify(revision)]];
  if (writtenWith !== undefined) hidden.push(["writtenWith", JSON.stringify(writtenWith)]);
  if (writerScope !== undefined) hidden.push(["writerScope", JSON.stringify(writerScope)]);
  return hidden;
}

/** What clients see of it, without `updated`, which stands last. */
export function printHead(head: EntityHead): [string, RawJson][] {
  return [
    ["namespace", JSON.stringify(head.namespace)],
    ["name", JSON.stringify(head.name)],
    ["version", JSON.stringify(head.version)],
    ["publish", JSON.stringify(head.publish)],
    ["annotations", printParameters(head.annotations)],
  ];
}

/** Throws if it is none. */
export function listOf(raw: RawJson): Parameter[] {
  const list = parseParameters(raw, "");
  if (!list.ok) throw new SyntaxError("not a list of parameters");
  return list.value;
}
