// Parameters and annotations: arrays of {key, value} whose values keep their bytes. The last of duplicate keys wins.

import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { Parameter } from "./action.ts";
import { byteLength } from "./byte-length.ts";
import { elementsOf, membersOf, type RawJson, shapeOf } from "./raw-json.ts";

/** Characters of a key in a failure. */
const MAX_NAMED = 100;

/** `raw` must be valid JSON; `field` names it in the failure. */
export function parseParameters(raw: RawJson, field: string): Result<Parameter[]> {
  const list = elementsOf(raw);
  if (list === null) return malformed(field);
  const parsed: Parameter[] = [];
  for (const element of list) {
    const parameter = parseParameter(element);
    if (parameter === null) return malformed(field);
    parsed.push(parameter);
  }
  return ok(mergeParameters([], parsed));
}

/** Why such a list is not taken from a client, or null: no value is ever sealed here, so what is said to be sealed was
 * not sealed here, and no text of a client's is opened with a secret of ours. */
export function sealedElsewhere(list: readonly Parameter[]): Failure | null {
  const sealed = list.find((each) => each.encryption !== undefined);
  if (sealed === undefined) return null;
  const named = JSON.stringify(sealed.key.slice(0, MAX_NAMED));
  return fail(
    "malformed-body",
    `${named} has an 'encryption': what was sealed elsewhere cannot be opened. Send the value itself.`,
  );
}

/** JSON text of the array. */
export function printParameters(list: readonly Parameter[]): RawJson {
  return `[${list.map(printParameter).join(",")}]`;
}

/** Keys and values of both; `stronger` wins, keys keep the place they came with first. */
export function mergeParameters(weaker: readonly Parameter[], stronger: readonly Parameter[]): Parameter[] {
  const merged = new Map<string, Parameter>();
  for (const each of weaker) merged.set(each.key, each);
  for (const each of stronger) merged.set(each.key, each);
  return [...merged.values()];
}

export function withoutKeys(list: readonly Parameter[], keys: readonly string[]): Parameter[] {
  const gone = new Set(keys);
  return list.filter((each) => !gone.has(each.key));
}

export function parameterValue(list: readonly Parameter[], key: string): RawJson | undefined {
  return list.find((each) => each.key === key)?.value;
}

/** false, 0, "", null and absent are falsy; everything else, {} and [] too, is truthy. */
export function isTruthy(list: readonly Parameter[], key: string): boolean {
  const raw = parameterValue(list, key);
  if (raw === undefined) return false;
  const shape = shapeOf(raw);
  if (shape === "object" || shape === "array") return true;
  // A number too small for a double is still not 0.
  if (shape === "number") return /[1-9]/.test(raw.replace(/[eE].*$/, ""));
  return Boolean(JSON.parse(raw));
}

/** Bytes as they count against the limit: keys and values. */
export function sizeOfParameters(list: readonly Parameter[]): number {
  return list.reduce((sum, each) => sum + byteLength(each.key) + byteLength(each.value), 0);
}

function parseParameter(raw: RawJson): Parameter | null {
  const fields = membersOf(raw);
  if (fields === null) return null;
  const of = new Map(fields.map((field) => [field.key, field.value]));
  const key = of.get("key");
  const value = of.get("value");
  if (key === undefined || value === undefined || shapeOf(key) !== "string") return null;
  const init = of.get("init");
  if (init !== undefined && shapeOf(init) !== "boolean") return null;
  const encryption = of.get("encryption") ?? "null";
  const sealed = shapeOf(encryption);
  if (sealed !== "string" && sealed !== "null") return null;
  return {
    key: JSON.parse(key) as string,
    value,
    ...(init === "true" ? { init: true } : {}),
    ...(sealed === "string" ? { encryption: JSON.parse(encryption) as string } : {}),
  };
}

function printParameter({ key, value, init, encryption }: Parameter): string {
  const more =
    (init === true ? ',"init":true' : "") +
    (encryption === undefined ? "" : `,"encryption":${JSON.stringify(encryption)}`);
  return `{"key":${JSON.stringify(key)},"value":${value}${more}}`;
}

function malformed(field: string): Result<never> {
  return fail("malformed-body", `'${field}' must be an array of objects with a 'key' and a 'value'`);
}
