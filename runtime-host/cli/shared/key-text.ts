// A key as text. Pure.

import type { KeyItem } from "../../../src/entities/administration.ts";
import { timeText } from "./administering.ts";

export function stateOf({ blocked, good, ends, replacedBy }: KeyItem): string {
  if (blocked) return "blocked";
  const end = ends === null ? "" : `${good ? "until" : "ended"} ${timeText(ends)}`;
  return [end === "" ? "good" : end, ...(replacedBy === null ? [] : [`replaced by ${replacedBy}`])].join(", ");
}

/** With its scope, if it has one. */
export function roleOf({ role, scope }: KeyItem): string {
  return scope === null ? role : `${role} of ${scope.join(", ")}`;
}

export function keyLine(key: KeyItem): string {
  return `${key.id} "${key.name}" of ${key.subject} to ${key.namespace}, ${roleOf(key)}: ${stateOf(key)}`;
}
