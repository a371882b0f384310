// What is known of a run under way: a stack of frames, one for each composition inside another, the last one at work.
// Plain data; it lies in the object's tables as it is here.

import type { ActivationMeta, Payload } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { StatusCode } from "../../src/entities/outcome.ts";
import type { RawJson } from "../../src/entities/raw-json.ts";
import type { Rights } from "../../src/entities/rights.ts";
import type { Scope } from "../../src/entities/scope.ts";
import type { ActionName, CompositionPlan, StepRequest } from "../../src/protocol/composition.ts";

/** A payload, or a text that has not been put where it belongs yet. */
export type Value = Payload | { text: RawJson };

export interface CompositionStep {
  /** Follows from the frame's id and the step's number. */
  id: ActivationId;
  action: ActionName;
  role: StepRequest["role"];
  payload: Payload;
  /** Epoch ms at which it was written down. */
  since: number;
}

/** How a composition ends. Written down before it is told: nothing that is heard later changes it. */
export interface Ending {
  statusCode: StatusCode;
  result: Payload;
  /** The result is an error, whatever its status. */
  failed: boolean;
  /** Epoch ms. */
  at: number;
}

/** Counted over all conductors inside one another. */
export interface Counts {
  components: number;
  conductors: number;
}

export interface Progress {
  /** Epoch ms. */
  begun: number;
  /** Steps so far, the current one included. */
  steps: number;
  /** Sequences: components that have ended. */
  position: number;
  /** Sequences: actions run so far, in the sequences around it too. */
  atoms: number;
  /** Where a conductor is at work or around. */
  counts?: Counts;
  /** Ids of the steps that have ended, in order. */
  logs: ActivationId[];
  /** ms, sum of the steps'. */
  duration: number;
  /** MB, the most that a step had. */
  memory: number;
  /** What the conductor wants to find again. */
  state?: Payload;
  /** What its steps may do at most, because of who wrote it or what is around it; absent: whatever the caller may. */
  rights?: Rights;
  /** The names they may use; absent: all that the caller may. */
  scope?: Scope;
  /** Blobs that were made for this composition's steps alone. */
  blobs: string[];
  /** Why a step was not started, the last one that was not. */
  refused?: string;
  step?: CompositionStep;
  end?: Ending;
}

export interface StackFrame {
  id: ActivationId;
  about: ActivationMeta;
  plan: CompositionPlan;
  progress: Progress;
}

/** What comes next, as the pure part decides it. */
export type Move =
  | { kind: "step"; action: ActionName; role: StepRequest["role"]; payload: Value }
  | { kind: "end"; statusCode: StatusCode; result: Value; failed: boolean };

export interface Decision {
  progress: Progress;
  move: Move;
  /** The conductor's new state; null = none any more. Absent = as before. */
  state?: RawJson | null;
}

/** A step that has a record. */
export interface StepEnd {
  kind: "ended";
  id: ActivationId;
  statusCode: StatusCode;
  result: Payload;
  failed: boolean;
  duration: number;
  memory: number;
  /** It was a composition itself, and counted what ran in it. */
  inner?: { atoms?: number; counts?: Counts };
}

export type StepEvent =
  | StepEnd
  /** It has no record in time. */
  | { kind: "late"; id: ActivationId }
  /** Nothing was started. `text`: why, for its owner. */
  | { kind: "refused"; reason: StepRefusal; text?: string }
  /** Its result cannot be read any more. */
  | { kind: "unreadable"; id: ActivationId };

/** "absent": there is no such action. "forbidden": not for this caller. "deep": compositions inside one another too
 * deeply. "failed": anything else. */
export type StepRefusal = "absent" | "forbidden" | "deep" | "failed";

/** Texts the pure part has asked for. */
export interface Texts {
  result?: RawJson;
  state?: RawJson;
}
