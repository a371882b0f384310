// What a sink is sent: the result of an action, or the fire of a trigger, as a CloudEvent over HTTP.

import { objectOf, type RawJson } from "../entities/raw-json.ts";
import type { Occurrence, SinkRefusal, SinkSettings } from "../entities/sink.ts";
import { SPEC_VERSION } from "./cloud-event.ts";
import { HOPS, hopsLeft } from "./hops.ts";

const MAX_HOPS = 255;
const ACTION = "dev.edgewhisk.action.ended";
const TRIGGER = "dev.edgewhisk.trigger.fired";

/** Characters of a header that tells of an error. */
const MAX_ERROR = 3_000;

/** Headers in lower case. `data`: text of a JSON value. `dead`: it goes to the dead letter sink, after `url` did not
 * take it. Null: it has gone round too often and goes no further. */
export function sinkMessage(
  occurrence: Occurrence,
  data: RawJson,
  { format, url }: Pick<SinkSettings, "format" | "url">,
  dead: SinkRefusal | null = null,
): { headers: Record<string, string>; body: string } | null {
  const { id, kind, namespace, name, at, status, durationMs } = occurrence;
  const hops = kind === "trigger" ? (hopsLeft(data) ?? MAX_HOPS) - 1 : MAX_HOPS;
  if (hops < 0) return null;
  const path = name.split("/").map(encodeURIComponent).join("/");
  const attributes = {
    specversion: SPEC_VERSION,
    id,
    source: `/namespaces/${encodeURIComponent(namespace)}/${kind}s/${path}`,
    type: kind === "action" ? ACTION : TRIGGER,
    time: new Date(at).toISOString(),
    ...(kind === "action" ? { activationstatus: status, durationms: durationMs } : {}),
    [HOPS]: hops,
    ...(dead === null
      ? {}
      : { knativeerrordest: url, knativeerrorcode: dead.code, knativeerrordata: errorText(dead.data) }),
  };
  if (format === "structured") {
    const members = Object.entries({ ...attributes, datacontenttype: "application/json" });
    const body = objectOf([...members.map(([key, value]) => [key, JSON.stringify(value)] as const), ["data", data]]);
    return { headers: { "content-type": "application/cloudevents+json; charset=utf-8" }, body };
  }
  const headers = Object.entries(attributes).map(([key, value]) => [`ce-${key}`, encoded(String(value))] as const);
  return { headers: { ...Object.fromEntries(headers), "content-type": "application/json" }, body: data };
}

/** Without control characters, which no attribute may have, and so short that it is a header in any encoding. */
function errorText(data: string): string {
  let text = "";
  let length = 0;
  for (const character of data.toWellFormed().replace(/\p{Cc}/gu, " ")) {
    length += encoded(character).length;
    if (length > MAX_ERROR) break;
    text += character;
  }
  return text;
}

/** Space, quote, percent and all that is no visible ASCII character, as UTF-8 in percents. */
function encoded(value: string): string {
  return value.replace(/[^\x21-\x7e]|["%]/gu, (character) => encodeURIComponent(character));
}
