// CloudEvents as tests send them.

import { eventsOf } from "../../src/events/cloud-event-http.ts";

export const STRUCTURED = "application/cloudevents+json";
export const EVENT = { specversion: "1.0", id: "1", source: "/a", type: "t" };

export const read = (headers: Record<string, string>, body: string | Uint8Array = "") =>
  eventsOf({ headers: new Headers(headers), body: typeof body === "string" ? Buffer.from(body) : body });
export const structured = (event: unknown, type = STRUCTURED) =>
  read({ "Content-Type": type }, typeof event === "string" ? event : JSON.stringify(event));
/** The events, or the words of the refusal. */
export const jsonOf = (result: ReturnType<typeof read>) =>
  result.ok ? result.value.events.map(({ json }) => json) : result.text;
