// What a sink is sent: the result of an action, or the fire of a trigger, as a CloudEvent over HTTP.

import { objectOf, type RawJson } from "../entities/raw-json.ts";
import type { Occurrence, SinkSettings } from "../entities/sink.ts";
import { SPEC_VERSION } from "./cloud-event.ts";
import { HOPS, hopsLeft } from "./hops.ts";

const MAX_HOPS = 255;
const ACTION = "dev.edgewhisk.action.ended";
const TRIGGER = "dev.edgewhisk.trigger.fired";

/** Headers in lower case. `data`: text of a JSON value. Null: it has gone round too often and goes no further. */
export function sinkMessage(
  occurrence: Occurrence,
  data: RawJson,
  { format }: Pick<SinkSettings, "format">,
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
  };
  if (format === "structured") {
    const members = Object.entries({ ...attributes, datacontenttype: "application/json" });
    const body = objectOf([...members.map(([key, value]) => [key, JSON.stringify(value)] as const), ["data", data]]);
    return { headers: { "content-type": "application/cloudevents+json; charset=utf-8" }, body };
  }
  const headers = Object.entries(attributes).map(([key, value]) => [`ce-${key}`, encoded(String(value))] as const);
  return { headers: { ...Object.fromEntries(headers), "content-type": "application/json" }, body: data };
}

/** Space, quote, percent and all that is no visible ASCII character, as UTF-8 in percents. */
function encoded(value: string): string {
  return value.replace(/[^\x21-\x7e]|["%]/gu, (character) => encodeURIComponent(character));
}
