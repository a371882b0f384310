// What is in `/whisk.system` without anybody having put it there.

import type { Action, Parameter } from "../entities/action.ts";
import { DEFAULT_BOUNDS } from "../entities/limits.ts";
import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import type { Package } from "../entities/package.ts";
import { BUILTIN } from "../entities/runtimes.ts";
import { FIRST_VERSION } from "../entities/version.ts";
import type { Builtin } from "../invocation/builtin.ts";
import { UTILS } from "./utils.ts";

/** Older than anything that is stored. */
const UPDATED = Date.UTC(2026, 0, 1);
/** Of entities that nobody has stored; a stored revision never looks like it. */
const REVISION = "builtin-1";

export interface BuiltinAction {
  action: Action;
  run: Builtin;
}

interface BuiltinNotes {
  description: string;
  parameters?: object[];
  sampleInput?: object;
  sampleOutput?: object;
}

const LINES = { name: "lines", required: true, type: "array", description: "Strings or numbers" };

const ABOUT_UTILS: Readonly<Record<string, BuiltinNotes>> = {
  echo: {
    description: "Answers with its input",
    parameters: [{ name: "payload", required: false, description: "Any JSON value" }],
    sampleInput: { payload: "three green bottles" },
    sampleOutput: { payload: "three green bottles" },
  },
  cat: {
    description: "Joins lines into one text",
    parameters: [LINES],
    sampleInput: { lines: ["one", "two"] },
    sampleOutput: { lines: ["one", "two"], payload: "one\ntwo" },
  },
  head: {
    description: "The first of an array's elements",
    parameters: [LINES, { name: "num", required: false, type: "integer", description: "How many; 1 if not given" }],
    sampleInput: { lines: [7, 8, 9], num: 2 },
    sampleOutput: { lines: [7, 8], num: 2 },
  },
  sort: {
    description: "Sorts an array by the text of its elements",
    parameters: [LINES],
    sampleInput: { lines: ["b", "c", "a"] },
    sampleOutput: { lines: ["a", "b", "c"], length: 3 },
  },
  split: {
    description: "Splits a text into an array of lines",
    parameters: [
      { name: "payload", required: true, description: "The text" },
      { name: "separator", required: false, description: "What stands between two lines; a line end if not given" },
    ],
    sampleInput: { payload: "red,green", separator: "," },
    sampleOutput: { lines: ["red", "green"], payload: "red,green" },
  },
  date: { description: "Date and time now", sampleOutput: { date: "2026-01-01T00:00:00.000Z" } },
  smash: {
    description: "Puts all properties below one new property",
    parameters: [{ name: "$fieldName", required: true, type: "string", description: "Name of the new property" }],
    sampleInput: { a: 1, $fieldName: "p" },
    sampleOutput: { p: { a: 1 } },
  },
  namespace: { description: "The namespace that invoked it", sampleOutput: { namespace: "guest" } },
  hosturl: {
    description: "The address at which an action or trigger is reached",
    parameters: [
      { name: "web", type: "boolean", description: "True for web actions" },
      { name: "ext", type: "string", description: "Extension of a web action: .html, .http, .json, .svg or .text" },
      { name: "trigger", type: "boolean", description: "True for a trigger instead of an action" },
      { name: "path", type: "string", description: "Name of the action, with its package's if it has one" },
    ],
    sampleInput: { web: true, path: "utils/echo" },
    sampleOutput: { url: "https://openwhisk.example/api/v1/web/guest/utils/echo" },
  },
};

export const PACKAGES: readonly Package[] = [
  {
    namespace: SYSTEM_NAMESPACE,
    name: "utils",
    version: FIRST_VERSION,
    publish: true,
    annotations: annotationsOf({ description: "Building blocks that format and assemble data" }),
    parameters: [],
    binding: null,
    updated: UPDATED,
    revision: REVISION,
  },
];

export const ACTIONS: readonly BuiltinAction[] = Object.entries(UTILS).map(([name, run]) => ({
  run,
  action: actionOf("utils", name, ABOUT_UTILS[name] ?? { description: name }),
}));

const functions = new Map(ACTIONS.map(({ action, run }) => [`${action.namespace}/${action.name}`, run]));

/** The function behind an action's path. */
export function builtinOf(path: string): Builtin | undefined {
  return functions.get(path);
}

export function isBuiltinRevision(revision: string): boolean {
  return revision === REVISION;
}

function actionOf(bundle: string, name: string, about: BuiltinNotes): Action {
  const { timeout, memory, logs, concurrency } = DEFAULT_BOUNDS;
  return {
    namespace: `${SYSTEM_NAMESPACE}/${bundle}`,
    name,
    version: FIRST_VERSION,
    publish: false,
    annotations: [
      ...annotationsOf(about),
      { key: "provide-api-key", value: "false" },
      { key: "exec", value: JSON.stringify(BUILTIN) },
    ],
    parameters: [],
    limits: { timeout: timeout.std, memory: memory.std, logs: logs.std, concurrency: concurrency.std },
    exec: { kind: BUILTIN, binary: false },
    updated: UPDATED,
    revision: REVISION,
  };
}

function annotationsOf(about: BuiltinNotes): Parameter[] {
  return Object.entries(about).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
}
