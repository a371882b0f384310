// The package `utils`: small blocks to put sequences together with. Values keep their bytes.

import { elementsOf, membersOf, objectOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import type { BuiltinContext } from "../invocation/builtin.ts";
import type { SystemPackage } from "./system-package.ts";

const EXTENSIONS = [".html", ".http", ".json", ".svg", ".text"];
const LINES = { name: "lines", required: true, type: "array", description: "Strings or numbers" };

const NOTES = {
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

export const UTILS: SystemPackage = {
  name: "utils",
  notes: { description: "Building blocks that format and assemble data" },
  actions: {
    echo: { notes: NOTES.echo, run: (args) => args },
    cat: { notes: NOTES.cat, run: cat },
    head: { notes: NOTES.head, run: head },
    sort: { notes: NOTES.sort, run: sort },
    split: { notes: NOTES.split, run: split },
    date: { notes: NOTES.date, run: (_, { now }) => JSON.stringify({ date: new Date(now).toISOString() }) },
    smash: { notes: NOTES.smash, run: smash },
    namespace: { notes: NOTES.namespace, run: (_, { namespace }) => JSON.stringify({ namespace }) },
    hosturl: { notes: NOTES.hosturl, run: hosturl },
  },
};

function cat(args: RawJson): RawJson {
  const lines = linesOf(args);
  if (lines === null) return error("The parameter 'lines' must be an array.");
  return objectOf([
    ["lines", arrayOf(lines)],
    ["payload", JSON.stringify(lines.map(textOf).join("\n"))],
  ]);
}

function head(args: RawJson): RawJson {
  const lines = linesOf(args);
  if (lines === null) return error("The parameter 'lines' must be an array.");
  const given: unknown = JSON.parse(fieldsOf(args).get("num") ?? "1");
  const num = given ? Number(given) : 1;
  if (!Number.isInteger(num)) return error("The parameter 'num' must be an integer.");
  return objectOf([
    ["lines", arrayOf(lines.slice(0, num))],
    ["num", String(num)],
  ]);
}

function sort(args: RawJson): RawJson {
  const lines = linesOf(args);
  if (lines === null) return error("The parameter 'lines' must be an array.");
  const keyed = lines.map((line) => ({ line, key: textOf(line) }));
  keyed.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0));
  return objectOf([
    ["lines", arrayOf(keyed.map((each) => each.line))],
    ["length", String(lines.length)],
  ]);
}

function split(args: RawJson): RawJson {
  const fields = fieldsOf(args);
  const payload = fields.get("payload");
  if (payload === undefined || shapeOf(payload) === "null") return error("The parameter 'payload' is missing.");
  const separator = fields.get("separator");
  const by = separator !== undefined && shapeOf(separator) === "string" ? (JSON.parse(separator) as string) : "";
  return objectOf([
    ["lines", JSON.stringify(textOf(payload).split(by === "" ? /\r?\n/ : by))],
    ["payload", payload],
  ]);
}

function smash(args: RawJson): RawJson {
  const fields = fieldsOf(args);
  const name = fields.get("$fieldName");
  if (name === undefined || shapeOf(name) !== "string") {
    return error("Expected an argument '$fieldName' of type 'string'.");
  }
  fields.delete("$fieldName");
  return objectOf([[JSON.parse(name) as string, objectOf(fields)]]);
}

/** Where an action or trigger of the invoking namespace is to be reached. */
function hosturl(args: RawJson, { apiHost, namespace }: BuiltinContext): RawJson {
  const fields = fieldsOf(args);
  const isTrue = (name: string) => fields.get(name)?.trim() === "true";
  const text = (name: string) => {
    const raw = fields.get(name) ?? "null";
    return shapeOf(raw) === "string" ? (JSON.parse(raw) as string) : "";
  };
  const [web, trigger, path, ext] = [isTrue("web"), isTrue("trigger"), text("path"), text("ext")];
  if (web && trigger) return error("triggers are not allowed for web actions.");
  if (web && ext !== "" && !EXTENSIONS.includes(ext)) {
    return error('extension for web action must be one of [".html", ".http", ".json", ".svg", ".text"].');
  }
  if (trigger && path.includes("/")) return error("triggers are not allowed in packages.");
  const base = web
    ? `${apiHost}/api/v1/web/${namespace}`
    : `${apiHost}/api/v1/namespaces/${namespace}/${trigger ? "triggers" : "actions"}`;
  if (path === "") return JSON.stringify({ url: base });
  const place = web && !path.includes("/") ? `default/${path}` : path;
  return JSON.stringify({ url: `${base}/${place}${web ? ext : ""}` });
}

/** None where there is no list; null where it is something else. */
function linesOf(args: RawJson): RawJson[] | null {
  const raw = fieldsOf(args).get("lines");
  if (raw === undefined || shapeOf(raw) === "null") return [];
  return elementsOf(raw);
}

/** As it stands in a joined text: strings decoded, numbers as they were written. */
function textOf(raw: RawJson): string {
  const shape = shapeOf(raw);
  if (shape === "null") return "";
  return shape === "string" ? (JSON.parse(raw) as string) : raw.trim();
}

function fieldsOf(args: RawJson): Map<string, RawJson> {
  return new Map((membersOf(args) ?? []).map(({ key, value }) => [key, value]));
}

function arrayOf(elements: readonly RawJson[]): RawJson {
  return `[${elements.join(",")}]`;
}

function error(text: string): RawJson {
  return JSON.stringify({ error: text });
}
