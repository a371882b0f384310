// What a web action returned, as the HTTP answer its extension asks for. Pure. The result's bytes are kept where the
// answer is JSON; headers and status are decoded.

import { indented } from "../../entities/indented.ts";
import { MAX_RESULT } from "../../entities/limits.ts";
import { elementsOf, membersOf, type RawJson, shapeOf } from "../../entities/raw-json.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { isBinary, isJsonFamily, mayBeText, parseMediaType, printMediaType } from "./media-type.ts";
import type { Extension } from "./path.ts";

/** What `.text` makes readable: nothing becomes larger than an action may answer. */
const READABLE = { size: MAX_RESULT, depth: 100 };
/** Characters of an answer's headers as the action wrote them, and of their names and values as they are sent. */
const MAX_HEADERS_TEXT = 128 * 1024;
const MAX_HEADERS_SENT = 64 * 1024;
const MAX_HEADER_LINES = 1_000;
/** What these ask of a browser concerns all that this origin serves, and not one tenant's page: they are left out. */
const OF_ALL: ReadonlySet<string> = new Set(["service-worker-allowed", "clear-site-data"]);
/** Arrays within one another in the value of a header. */
const MAX_HEADER_DEPTH = 8;

export interface WebAnswer {
  status: number;
  headers: [string, string][];
  body: string | Uint8Array | null;
}

/** `result`: the whole result of a success, the value of `error` of an application error. */
export function answerOf(result: RawJson, extension: Extension): Result<WebAnswer> {
  switch (extension) {
    case ".http":
      return httpAnswer(result);
    case ".json":
      return jsonAnswer(result);
    case ".html":
      return markupAnswer(result, { field: "html", type: "text/html", header: "text/html; charset=UTF-8" });
    case ".svg":
      return markupAnswer(result, { field: "svg", type: "image/svg+xml", header: "image/svg+xml" });
    case ".text":
      return textAnswer(result);
  }
}

function jsonAnswer(result: RawJson): Result<WebAnswer> {
  const shape = shapeOf(result);
  if (shape !== "object" && shape !== "array") return invalid("application/json");
  return ok({ status: 200, headers: [["content-type", "application/json"]], body: result });
}

function markupAnswer(result: RawJson, options: { field: string; type: string; header: string }): Result<WebAnswer> {
  const members = fieldsOf(result);
  const value = members === null ? result : (members.get("body") ?? members.get(options.field) ?? "null");
  if (shapeOf(value) !== "string") return invalid(options.type);
  return ok({ status: 200, headers: [["content-type", options.header]], body: JSON.parse(value) as string });
}

function textAnswer(result: RawJson): Result<WebAnswer> {
  const members = fieldsOf(result);
  const value = members === null ? result : (members.get("body") ?? members.get("text"));
  if (value === undefined) return fail("response-field-missing");
  const headers: [string, string][] = [["content-type", "text/plain; charset=UTF-8"]];
  const shape = shapeOf(value);
  if (shape === "string") return ok({ status: 200, headers, body: JSON.parse(value) as string });
  const body = shape === "object" || shape === "array" ? indented(value, READABLE) : value.trim();
  return ok({ status: 200, headers, body });
}

function httpAnswer(result: RawJson): Result<WebAnswer> {
  const members = fieldsOf(result);
  const headers = members === null ? null : headersOf(members.get("headers"));
  const status = members === null ? null : statusOf(members.get("statusCode"));
  if (members === null || headers === null || status === null) return invalid("message/http");
  const body = members.get("body");
  const rest = headers.filter(([name]) => name.toLowerCase() !== "content-type");
  if (body === undefined || shapeOf(body) === "null" || body.trim() === '""')
    return ok({ status: status ?? 204, headers: rest, body: null });
  const named = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const isText = shapeOf(body) === "string";
  const type = parseMediaType(named ?? (isText ? "text/html" : "application/json"));
  if (!isText) {
    if (type === null || !isJsonFamily(type)) return mismatch();
    return ok({ status: status ?? 200, headers: [...rest, ["content-type", printMediaType(type, "bytes")]], body });
  }
  if (type === null) return fail("bad-request", "Response did not specify a known content-type.");
  const text = JSON.parse(body) as string;
  const decode = isBinary(type) || (isJsonFamily(type) && looksLikeBase64(text));
  const content = (decode ? bytesOf(text) : text) ?? (mayBeText(type) ? text : null);
  if (content === null) return mismatch();
  const printed = printMediaType(type, typeof content === "string" ? "text" : "bytes");
  return ok({ status: status ?? 200, headers: [...rest, ["content-type", printed]], body: content });
}

/** undefined: none given; null: not a status. */
function statusOf(value: RawJson | undefined): number | undefined | null {
  if (value === undefined) return undefined;
  const parsed: unknown = JSON.parse(value);
  const number = typeof parsed === "string" && /^[+-]?\d+$/.test(parsed) ? Number(parsed) : parsed;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 100 || number > 999) return null;
  return number;
}

function headersOf(value: RawJson | undefined): [string, string][] | null {
  if (value === undefined) return [];
  // One name may stand for thousands of lines: both what is read and what is made are bounded.
  const members = value.length > MAX_HEADERS_TEXT ? null : fieldsOf(value);
  if (members === null) return null;
  const headers: [string, string][] = [];
  let size = 0;
  for (const [name, raw] of members) {
    if (OF_ALL.has(name.toLowerCase())) continue;
    const texts = headerTexts(raw, MAX_HEADER_DEPTH);
    if (texts === null || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return null;
    for (const text of texts) {
      size += name.length + text.length;
      if (size > MAX_HEADERS_SENT || headers.push([name, text]) > MAX_HEADER_LINES) return null;
    }
  }
  return headers;
}

/** Strings as they are, numbers and booleans by their own bytes, arrays one header an element; null for anything else.
 * `depth`: arrays that may still be inside one another. */
function headerTexts(raw: RawJson, depth: number): string[] | null {
  switch (shapeOf(raw)) {
    case "string": {
      const text = JSON.parse(raw) as string;
      return /[\r\n\0]/.test(text) ? null : [text];
    }
    case "number":
    case "boolean":
      return [raw.trim()];
    case "array": {
      const elements = depth === 0 ? null : elementsOf(raw);
      const inner = elements?.map((each) => headerTexts(each, depth - 1)) ?? [null];
      return inner.includes(null) ? null : (inner as string[][]).flat();
    }
    default:
      return null;
  }
}

function fieldsOf(text: RawJson): Map<string, RawJson> | null {
  const members = membersOf(text);
  return members === null ? null : new Map(members.map(({ key, value }) => [key, value]));
}

function looksLikeBase64(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.length > 0 && trimmed.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(trimmed);
}

/** With padding or without it; null if it is no base64. */
function bytesOf(text: string): Uint8Array | null {
  const rest = text.length % 4;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || rest === 1 || (rest !== 0 && text.endsWith("="))) return null;
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function invalid(type: string): Result<never> {
  return fail("bad-request", `Response is not valid '${type}'.`);
}

function mismatch(): Result<never> {
  return fail("bad-request", "Response type in header did not match generated content type.");
}
