// What an action's annotations say of the hosts that may run it, and of how long a call may wait for one:
// `invoker-resources` and `invoker-resources-strict-policy` as with OpenWhisk, `max-queue-time` in seconds. What makes
// no sense is not there.

import type { Action, Parameter } from "../entities/action.ts";
import { MAX_QUEUE_TIME } from "../entities/limits.ts";
import { parameterValue } from "../entities/parameters.ts";
import { BUILTIN } from "../entities/runtimes.ts";
import { type Failure, fail } from "../errors.ts";
import { impossible, isLabel, MAX_LABELS } from "../protocol/matching.ts";
import type { RosterEntry } from "../protocol/rpc.ts";

/** What is absent is not wished for. */
export interface Wishes {
  /** A host must have these labels. */
  labels?: string[];
  /** Hosts with these labels are gone to first. */
  preferred?: string[];
  /** ms a call waits for a host, where that is not the deployment's. */
  maxQueue?: number;
}

/** `annotations`: of the action, values as raw JSON. */
export function wishesOf(annotations: readonly Parameter[]): Wishes {
  const wanted: unknown = JSON.parse(parameterValue(annotations, "invoker-resources") ?? "[]");
  const labels = Array.isArray(wanted) ? wanted.filter(isLabelText).slice(0, MAX_LABELS) : [];
  const isStrict = parameterValue(annotations, "invoker-resources-strict-policy") !== "false";
  const seconds = Number(parameterValue(annotations, "max-queue-time") ?? "0");
  const wishes: Wishes = {};
  if (labels.length > 0) wishes[isStrict ? "labels" : "preferred"] = labels;
  if (seconds >= 1) wishes.maxQueue = Math.min(seconds, MAX_QUEUE_TIME) * 1000;
  return wishes;
}

/** Why no host of this deployment could ever hold a call of it, or null. */
export function hostFault(action: Action, schedulers: readonly RosterEntry[]): Failure | null {
  const { exec, limits, annotations } = action;
  if ("components" in exec || exec.kind === BUILTIN) return null;
  const { labels = [] } = wishesOf(annotations);
  const why = impossible(schedulers, { kind: exec.kind, memory: limits.memory, labels });
  return why === undefined ? null : fail("cannot-be-run", why);
}

function isLabelText(value: unknown): value is string {
  return typeof value === "string" && isLabel(value);
}
