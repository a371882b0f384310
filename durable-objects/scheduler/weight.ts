// What a run takes of its host: which containers it shares, and what they weigh. Pure.

import type { ActivationMeta } from "../../src/entities/activation.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { containerOf, shareText, sharingOf } from "../../src/protocol/matching.ts";
import type { Weight } from "./capacity.ts";

export function weightOf(invocation: Pick<Invocation, "about" | "revision">): Weight {
  return { pool: shareText(sharingOf(invocation)), ...containerOf(invocation.about) };
}

/** Of a run that its host names. One that does not tell its revision shares no container with new ones. `memory`:
 * MB. */
export function weightFound(found: { about: ActivationMeta; memory: number; revision?: string }): Weight {
  const { about, memory, revision = `found:${about.version}` } = found;
  return { ...weightOf({ about, revision }), memory };
}
