// A CloudEvent 1.0 in its JSON format, checked by its rules: what fires a trigger, whatever mode it was sent in.

import { Base64Check } from "../entities/base64.ts";
import { membersOf, objectOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import { fail, ok, type Result } from "../errors.ts";
import { HOPS, hopsLeft } from "./hops.ts";

/** The only version of the specification that is taken. */
export const SPEC_VERSION = "1.0";

export interface CloudEvent {
  source: string;
  id: string;
  /** The event in the JSON format; its data has the bytes it was sent with. */
  json: RawJson;
}

type Member = readonly [name: string, value: RawJson];

const REQUIRED = ["specversion", "id", "source", "type"];
const NAME = /^[a-z0-9]{1,64}$/;
const MAX_ATTRIBUTES = 100;
/** Control characters, halves of pairs, and code points that are no characters. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
const URI_CHARACTERS = /^(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9a-fA-F]{2}|\P{ASCII})+$/u;
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(?:;.*)?$/;
const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,12})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const INT32 = 2_147_483_647;
const encoder = new TextEncoder();

/** Of the text of a valid JSON value. Fails with `bad-request` and what is wrong. */
export function eventOfJson(text: RawJson): Result<CloudEvent> {
  const members = membersOf(text);
  if (members === null) return refused("an event must be a JSON object");
  if (new Set(members.map(({ key }) => key)).size < members.length) return refused("one of its names comes twice");
  // A member that is null is none; of the data null is a value.
  const given = members.filter(({ key, value }) => key === "data" || shapeOf(value) !== "null");
  const data = given.filter(({ key }) => key === "data" || key === "data_base64");
  if (data.length > 1) return refused("it has both data and data_base64");
  const [only] = data;
  if (only?.key === "data_base64" && !isBase64(only.value)) return refused("its data_base64 is not base64");
  const attributes = given.filter((each) => each !== only).map(({ key, value }) => [key, value] as const);
  return eventOf(attributes, only === undefined ? [] : [[only.key, only.value]]);
}

/** Of attributes as JSON values and at most one member with data. Fails with `bad-request` and what is wrong. */
export function eventOf(attributes: readonly Member[], data: readonly Member[]): Result<CloudEvent> {
  if (attributes.length > MAX_ATTRIBUTES) return refused(`it has more than ${MAX_ATTRIBUTES} attributes`);
  const values = new Map(attributes);
  const missing = REQUIRED.find((name) => !values.has(name));
  if (missing !== undefined) return refused(`the attribute ${missing} is missing`);
  for (const [name, value] of attributes) {
    const fault = attributeFault(name, value);
    if (fault !== null) return refused(`the attribute ${name.slice(0, 64)} ${fault}`);
  }
  const textOf = (name: string) => JSON.parse(values.get(name) ?? '""') as string;
  return ok({ source: textOf("source"), id: textOf("id"), json: objectOf([...attributes, ...data]) });
}

/** Fails with `bad-request`. `why` ends a sentence. */
export function refused(why: string): Result<never> {
  return fail("bad-request", `The CloudEvent is not taken: ${why}.`);
}

function attributeFault(name: string, raw: RawJson): string | null {
  if (!NAME.test(name)) return "has a name that is not of 1 to 64 small letters and digits";
  const shape = shapeOf(raw);
  if (shape === "number") return isOwn(name) ? "must be a string" : numberFault(raw);
  if (shape === "boolean") return isOwn(name) ? "must be a string" : null;
  if (shape !== "string") return "must be a string, a number or a boolean";
  const text = JSON.parse(raw) as string;
  if (FORBIDDEN.test(text)) return "holds a character that is not allowed";
  return textFault(name, text);
}

/** Those of the specification, which are all texts. */
function isOwn(name: string): boolean {
  return REQUIRED.includes(name) || ["subject", "time", "datacontenttype", "dataschema"].includes(name);
}

function numberFault(raw: RawJson): string | null {
  const value = Number(raw);
  if (!Number.isInteger(value) || Math.abs(value) > INT32) return "must be a whole number of 32 bits";
  return null;
}

function textFault(name: string, text: string): string | null {
  switch (name) {
    case "specversion":
      return text === SPEC_VERSION ? null : `is "${text.slice(0, 20)}", and only "${SPEC_VERSION}" is taken`;
    case "id":
    case "type":
    case "subject":
      return text === "" ? "must not be empty" : null;
    case "source":
      return URI_CHARACTERS.test(text) ? null : "must be a URI reference";
    case "dataschema":
      return URI_CHARACTERS.test(text) && ABSOLUTE.test(text) ? null : "must be an absolute URI";
    case "time":
      return TIME.test(text) && !Number.isNaN(Date.parse(text.replace(/:60/, ":59")))
        ? null
        : "must be a time of RFC 3339";
    case "datacontenttype":
      return MEDIA_TYPE.test(text) ? null : "must be a media type";
    default:
      return null;
  }
}

/** Why an event that has gone round too often goes no further, or null. */
export function loopFault({ json }: CloudEvent): string | null {
  const left = hopsLeft(json);
  return left !== null && left <= 0 ? `it has gone round too often: ${HOPS} is 0` : null;
}

function isBase64(raw: RawJson): boolean {
  if (shapeOf(raw) !== "string") return false;
  const text = JSON.parse(raw) as string;
  const check = new Base64Check();
  check.push(encoder.encode(text));
  return text === "" || (check.binary && !/\s/.test(text));
}
