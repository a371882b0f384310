// An action as text: the document that is stored, the item in lists, and what GET shows.
// Parameter values keep their bytes.

import type { Action, CodeRef, Exec, Parameter } from "./action.ts";
import { printHidden, writtenWithOf } from "./entity-head.ts";
import type { ActionLimits } from "./limits.ts";
import { parseParameters, printParameters } from "./parameters.ts";
import { membersOf, objectOf, type RawJson } from "./raw-json.ts";
import { BUILTIN } from "./runtimes.ts";

/** What GET shows; where there is code, its JSON-escaped text belongs between `before` and `after`. */
export type ActionText = { whole: string } | { before: string; code: CodeRef; after: string };

/** What who saves the code of a built-in action finds in it. */
const BUILTIN_CODE =
  "// This action is part of the platform and has no code of its own. Call it by its name, put it into a sequence,\n" +
  "// or bind its package.\n";

/** The text that is stored. */
export function documentOf(action: Action): RawJson {
  const fields = fieldsOf(action, JSON.stringify(action.exec));
  return objectOf([...fields, ...printHidden(action)]);
}

/** The action behind a stored text, or null if it is not one. */
export function readAction(document: RawJson): Action | null {
  try {
    const fields = new Map((membersOf(document) ?? []).map((member) => [member.key, member.value]));
    const field = (name: string): RawJson => fields.get(name) ?? "null";
    const action = {
      namespace: JSON.parse(field("namespace")) as string,
      name: JSON.parse(field("name")) as string,
      version: JSON.parse(field("version")) as string,
      publish: JSON.parse(field("publish")) as boolean,
      annotations: listOf(field("annotations")),
      parameters: listOf(field("parameters")),
      limits: JSON.parse(field("limits")) as ActionLimits,
      exec: JSON.parse(field("exec")) as Exec,
      updated: JSON.parse(field("updated")) as number,
      revision: JSON.parse(field("revision")) as string,
      ...writtenWithOf(field),
    };
    const sound = typeof action.name === "string" && typeof action.exec?.kind === "string" && action.limits !== null;
    return sound ? action : null;
  } catch {
    return null;
  }
}

/** The item of an action in lists. */
export function summaryOf(action: Action): RawJson {
  const binary = action.exec.kind !== "sequence" && "binary" in action.exec && action.exec.binary;
  const fields = fieldsOf(action, JSON.stringify({ binary })).filter(([name]) => name !== "parameters");
  return objectOf(fields);
}

/** What GET and the answers to PUT and DELETE show. */
export function showAction(action: Action, options: { code: boolean }): ActionText {
  const { exec } = action;
  const { code, ...rest } = { code: undefined, ...exec };
  if (exec.kind === BUILTIN && options.code) {
    return { whole: objectOf(fieldsOf(action, JSON.stringify({ ...rest, code: BUILTIN_CODE }))) };
  }
  if (code === undefined || !options.code) return { whole: objectOf(fieldsOf(action, JSON.stringify(rest))) };
  // Nothing else in the text can hold this: JSON texts have no raw control character.
  const mark = "\u0000";
  const open = JSON.stringify(rest).slice(0, -1);
  const text = objectOf(fieldsOf(action, `${open},"code":"${mark}"}`));
  const at = text.indexOf(mark);
  return { before: text.slice(0, at), code, after: text.slice(at + 1) };
}

function fieldsOf(action: Action, exec: RawJson): [string, RawJson][] {
  return [
    ["namespace", JSON.stringify(action.namespace)],
    ["name", JSON.stringify(action.name)],
    ["version", JSON.stringify(action.version)],
    ["publish", JSON.stringify(action.publish)],
    ["annotations", printParameters(action.annotations)],
    ["parameters", printParameters(action.parameters)],
    ["limits", JSON.stringify(action.limits)],
    ["exec", exec],
    ["updated", JSON.stringify(action.updated)],
  ];
}

function listOf(raw: RawJson): Parameter[] {
  const list = parseParameters(raw, "");
  if (!list.ok) throw new SyntaxError("not a list of parameters");
  return list.value;
}
