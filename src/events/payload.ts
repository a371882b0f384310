// What a delivery's body is to the actions: a JSON object, whatever it was sent as. JSON keeps its bytes.

import { decoded } from "../entities/charset.ts";
import { jsonFault } from "../entities/json-check.ts";
import { objectOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import { fail, ok, type Result } from "../errors.ts";

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** An object as it is, a form as its fields, anything else that is text below `payload`.
 * Fails with `malformed-body`. */
export function payloadOf(body: Uint8Array, contentType: string | null): Result<RawJson> {
  if (body.byteLength === 0) return ok("{}");
  const text = decoded(body, contentType);
  if (text === null) return fail("malformed-body", "The text is not UTF-8.");
  if (contentType !== null && FORM_TYPE.test(contentType)) return ok(fieldsOf(text));
  if (contentType === null || JSON_TYPE.test(contentType)) {
    const fault = jsonFault(text);
    if (fault !== null) return fail("malformed-body", fault);
    return ok(shapeOf(text) === "object" ? text : objectOf([["payload", text]]));
  }
  return ok(objectOf([["payload", JSON.stringify(text)]]));
}

/** Of a name that comes several times, all values as an array. GitHub sends forms with JSON in the field `payload`. */
function fieldsOf(text: string): RawJson {
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text)) fields.set(name, [...(fields.get(name) ?? []), value]);
  const [only] = fields.get("payload") ?? [];
  if (fields.size === 1 && only !== undefined && jsonFault(only) === null && shapeOf(only) === "object") return only;
  return objectOf([...fields].map(([name, all]) => [name, JSON.stringify(all.length === 1 ? all[0] : all)] as const));
}
