// The package `utils`: small blocks to put sequences together with. Values keep their bytes.

import { elementsOf, membersOf, objectOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import type { Builtin, BuiltinContext } from "../invocation/builtin.ts";

const EXTENSIONS = [".html", ".http", ".json", ".svg", ".text"];

export const UTILS: Readonly<Record<string, Builtin>> = {
  echo: (args) => args,
  cat,
  head,
  sort,
  split,
  date: (_, { now }) => JSON.stringify({ date: new Date(now).toISOString() }),
  smash,
  namespace: (_, { namespace }) => JSON.stringify({ namespace }),
  hosturl,
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
