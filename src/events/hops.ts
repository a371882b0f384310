// How often an event may still go round: an attribute that counts down, as Knative's brokers do it.

import { membersOf, type RawJson } from "../entities/raw-json.ts";

export const HOPS = "knativebrokerttl";

/** What an event's counter says; null: it has none, or is no event. */
export function hopsLeft(json: RawJson): number | null {
  const raw = membersOf(json)?.findLast(({ key }) => key === HOPS)?.value;
  if (raw === undefined) return null;
  const value: unknown = JSON.parse(raw);
  return typeof value === "number" || (typeof value === "string" && /^\d{1,9}$/.test(value)) ? Number(value) : null;
}
