// A web request as the arguments its action gets. Pure; bodies arrive as bytes, bounded by the caller.

import { base64Of } from "../../entities/base64.ts";
import { decoded } from "../../entities/charset.ts";
import { jsonFault } from "../../entities/json-check.ts";
import { membersOf, type RawJson, shapeOf } from "../../entities/raw-json.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { isBinary, isJsonFamily, parseMediaType } from "./media-type.ts";

export interface WebRequest {
  method: string;
  /** Lower-cased names. */
  headers: Iterable<readonly [string, string]>;
  /** What follows the action in the path, with its leading slash, or "". */
  rest: string;
  /** Without the question mark. */
  query: string;
  contentType: string | null;
  body: Uint8Array;
  /** Namespace of the authenticated caller, if any. */
  user: string | null;
}

/** What a body is whose sender does not say it. */
const UNTYPED = "application/octet-stream";

interface Layer {
  key: string;
  value: RawJson;
}

export const RESERVED: readonly string[] = [
  "__ow_method",
  "__ow_headers",
  "__ow_path",
  "__ow_user",
  "__ow_query",
  "__ow_body",
];

/** The arguments in layers, the weakest first. `raw`: the action is annotated raw-http, nothing is merged. `frozen`:
 * parameters the request may not override. */
export function argumentsOf(
  request: WebRequest,
  options: { raw: boolean; frozen: ReadonlySet<string> },
): Result<Layer[][]> {
  const body = bodyOf(request, options.raw);
  if (!body.ok) return body;
  if (options.raw) {
    const boxed = [
      { key: "__ow_query", value: JSON.stringify(request.query) },
      { key: "__ow_body", value: body.value?.value ?? '""' },
    ];
    return ok([contextOf(request), boxed]);
  }
  const query = [...new URLSearchParams(request.query)].map(([key, value]) => ({ key, value: JSON.stringify(value) }));
  const merged = body.value?.members ?? [];
  if ([...query, ...merged].some(({ key }) => RESERVED.includes(key) || options.frozen.has(key)))
    return fail("bad-request", "Request defines parameters that are not allowed (e.g., reserved properties).");
  const opaque = body.value !== null && body.value.members === null;
  return ok([contextOf(request), query, opaque ? [{ key: "__ow_body", value: body.value?.value ?? '""' }] : merged]);
}

/** `members` are what is merged; null where the body is opaque. */
interface Body {
  value: RawJson;
  members: Layer[] | null;
}

function bodyOf(request: WebRequest, raw: boolean): Result<Body | null> {
  const type = parseMediaType(request.contentType ?? (request.body.length === 0 ? "" : UNTYPED));
  if (request.body.length === 0) return ok(null);
  if (type === null) return fail("bad-request", `Content type '${request.contentType}' is not a media type.`);
  if (!raw && isJsonFamily(type)) return jsonBody(request.body, request.contentType);
  if (!raw && type.main === "application" && type.sub === "x-www-form-urlencoded") {
    const fields = new URLSearchParams(new TextDecoder().decode(request.body));
    const members = [...new Map(fields)].map(([key, value]) => ({ key, value: JSON.stringify(value) }));
    return ok({ value: "{}", members });
  }
  const asBase64 = isBinary(type) || (type.main === "application" && type.sub === "json");
  const text = asBase64 ? base64Of(request.body) : new TextDecoder().decode(request.body);
  return ok({ value: JSON.stringify(text), members: null });
}

function jsonBody(bytes: Uint8Array, contentType: string | null): Result<Body> {
  const text = decoded(bytes, contentType)?.replace(/^\ufeff/, "");
  if (text === undefined) return fail("malformed-body", "The text is not UTF-8.");
  const fault = jsonFault(text);
  if (fault !== null) return fail("malformed-body", fault);
  return ok({ value: text, members: shapeOf(text) === "object" ? membersOf(text) : null });
}

function contextOf(request: WebRequest): Layer[] {
  const headers = new Map(request.headers);
  if (request.body.length > 0 && request.contentType === null) headers.set("content-type", UNTYPED);
  const context = [
    { key: "__ow_method", value: JSON.stringify(request.method.toLowerCase()) },
    { key: "__ow_headers", value: JSON.stringify(Object.fromEntries(headers)) },
    { key: "__ow_path", value: JSON.stringify(request.rest) },
  ];
  if (request.user !== null) context.push({ key: "__ow_user", value: JSON.stringify(request.user) });
  return context;
}
