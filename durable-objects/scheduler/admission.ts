// What a run takes of this host: which containers it shares, and what they weigh. Pure.

import type { ActivationMeta } from "../../src/entities/activation.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { containerOf, shareText, sharingOf } from "../../src/protocol/matching.ts";
import type { Weight } from "./capacity.ts";

export function weightOf(invocation: Invocation): Weight {
  return { pool: shareText(sharingOf(invocation)), ...containerOf(invocation.about) };
}

/** Of a run found at the host. One that does not tell its revision shares no container with new ones. */
export function weightFound({
  about,
  memory,
  revision,
}: {
  about: ActivationMeta;
  memory: number;
  revision?: string;
}): Weight {
  const known = revision ?? `found:${about.version}`;
  return { ...weightOf({ about, revision: known } as Invocation), memory };
}
