// The ways a composition ends by itself, with the sentences its clients know.

import { failure } from "../../src/entities/outcome.ts";
import type { Move, StepEnd } from "./state.ts";

export const TEXTS = {
  sequenceTooLong: "Too many actions in the sequence.",
  noComponent: "No component specified for the sequence.",
  componentAbsent: "Sequence component does not exist.",
  sequenceFailed: "Sequence failed.",
  componentLate: (id: string) => `Timeout reached when retrieving activation ${id} for sequence component.`,
  compositionTooLong: "Too many actions in the composition.",
  compositionFailed: "Activation failure during composition.",
  stepLate: (id: string) => `Timeout reached when retrieving activation ${id} during composition.`,
  nameInvalid: (value: string) => `Failed to parse action name from json value ${value} during composition.`,
  nameAbsent: (name: string) => `Failed to resolve action with name '${name}' during composition.`,
  nameForbidden: (name: string) => `Failed entitlement check for action with name '${name}' during composition.`,
} as const;

export type End = Extract<Move, { kind: "end" }>;

/** An application error (1) or a whisk internal error (3). */
export function endWith(statusCode: 1 | 3, text: string): End {
  return { kind: "end", statusCode, result: { text: failure(statusCode, { text }).result }, failed: true };
}

/** The composition's response is that of its last step. */
export function endAs({ statusCode, result, failed }: StepEnd): End {
  return { kind: "end", statusCode, result, failed };
}
