// CloudEvents as they come over HTTP: binary (attributes are headers, the body is the data), structured (the body is
// the event) and batched (the body is an array of events).

import { base64Of } from "../entities/base64.ts";
import { decoded } from "../entities/charset.ts";
import { jsonFault } from "../entities/json-check.ts";
import { elementsOf, type RawJson } from "../entities/raw-json.ts";
import { fail, ok, type Result } from "../errors.ts";
import { type CloudEvent, eventOf, eventOfJson, loopFault, refused } from "./cloud-event.ts";

/** Events of one batch. */
export const MAX_EVENTS = 1_000;

const ENVELOPE = /^application\/cloudevents(-batch)?(?:\+([\w.-]+))?\s*(?:;|$)/i;
const ENVELOPES = "application/cloudevents+json, application/cloudevents-batch+json, or any other with ce- headers";
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)|^text\/json\s*(?:;|$)/i;
const TEXT_TYPE = /^text\/|^application\/(?:[\w.+-]+\+)?xml\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([\w.:-]{1,40})"?/i;
const UTF8 = /^(utf-?8|us-ascii|ascii)$/i;
const LATIN1 = /^(iso-?8859-1|latin1)$/i;
const PREFIX = "ce-";

export interface EventRequest {
  headers: Headers;
  body: Uint8Array;
}

/** All of a request's events, or what is wrong with the first bad one. `batch`: they came as one, however many they
 * are. Fails with `bad-request`, `malformed-body`, `unsupported-media` or `too-large`. */
export function eventsOf({ headers, body }: EventRequest): Result<{ events: CloudEvent[]; batch: boolean }> {
  const type = headers.get("Content-Type");
  const envelope = ENVELOPE.exec(type ?? "");
  if (envelope === null) {
    const event = unlooped(binaryEvent(type, { headers, body }));
    return event.ok ? ok({ events: [event.value], batch: false }) : event;
  }
  if ((envelope[2] ?? "json").toLowerCase() !== "json") return fail("unsupported-media", ENVELOPES);
  const charset = CHARSET.exec(type ?? "")?.[1];
  if (charset !== undefined && !UTF8.test(charset)) return fail("unsupported-media", `${ENVELOPES}, in UTF-8`);
  const text = decoded(body, null);
  if (text === null) return fail("malformed-body", "The text is not UTF-8.");
  const fault = jsonFault(text);
  if (fault !== null) return fail("malformed-body", fault);
  if (envelope[1] !== undefined) return batchOf(text);
  const event = unlooped(eventOfJson(text));
  return event.ok ? ok({ events: [event.value], batch: false }) : event;
}

function batchOf(text: RawJson): Result<{ events: CloudEvent[]; batch: boolean }> {
  const elements = elementsOf(text);
  if (elements === null) return refused("a batch must be a JSON array");
  if (elements.length > MAX_EVENTS) {
    return fail("too-large", `A batch has at most ${MAX_EVENTS} events; this one has ${elements.length}.`);
  }
  const events: CloudEvent[] = [];
  for (const [at, element] of elements.entries()) {
    const event = unlooped(eventOfJson(element));
    if (!event.ok) return fail("bad-request", `Event ${at} of the batch: ${event.text}`);
    events.push(event.value);
  }
  return ok({ events, batch: true });
}

function unlooped(event: Result<CloudEvent>): Result<CloudEvent> {
  const fault = event.ok ? loopFault(event.value) : null;
  return fault === null ? event : refused(fault);
}

function binaryEvent(type: string | null, { headers, body }: EventRequest): Result<CloudEvent> {
  if (headers.get(`${PREFIX}specversion`) === null) {
    return refused(`it has neither the header ${PREFIX}specversion nor a Content-Type of ${ENVELOPES}`);
  }
  const attributes: (readonly [string, RawJson])[] = [];
  for (const [name, value] of headers) {
    if (!name.startsWith(PREFIX)) continue;
    const attribute = name.slice(PREFIX.length);
    if (attribute === "datacontenttype") {
      return refused("the type of its data is the Content-Type, and not a header ce-datacontenttype");
    }
    const text = headerText(value);
    if (text === null) {
      return refused(`the header ${name.slice(0, 64)} is not percent-encoded UTF-8, in visible ASCII characters`);
    }
    attributes.push([attribute, JSON.stringify(text)]);
  }
  if (type !== null) attributes.push(["datacontenttype", JSON.stringify(type)]);
  const data = dataOf(type, body);
  return data.ok ? eventOf(attributes, data.value) : data;
}

/** A header's value as the text it stands for, or null if it stands for none. */
function headerText(value: string): string | null {
  if (!/^[\x20-\x7e]*$/.test(value)) return null;
  const quoted = /^"(.*)"$/.exec(value)?.[1];
  const plain = quoted === undefined ? value : quoted.replace(/\\(.)/g, "$1");
  try {
    return decodeURIComponent(plain);
  } catch {
    return null;
  }
}

/** The member that holds the data: as JSON or as text where it is such, else in base64. */
function dataOf(type: string | null, body: Uint8Array): Result<(readonly [string, RawJson])[]> {
  if (body.byteLength === 0) return ok([]);
  const isJson = type !== null && JSON_TYPE.test(type);
  if (!isJson && (type === null || !TEXT_TYPE.test(type))) return ok([["data_base64", JSON.stringify(base64Of(body))]]);
  const charset = CHARSET.exec(type)?.[1];
  if (charset !== undefined && !UTF8.test(charset) && !LATIN1.test(charset)) {
    return fail("unsupported-media", "texts in UTF-8 or ISO-8859-1");
  }
  const text = decoded(body, type);
  if (text === null) return fail("malformed-body", "The text is not UTF-8.");
  if (!isJson) return ok([["data", JSON.stringify(text)]]);
  const fault = jsonFault(text);
  return fault === null ? ok([["data", text]]) : fail("malformed-body", fault);
}
