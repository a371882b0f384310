// How a run goes on: a frame and what happened to its step in, the next step or the end out; and how frames are put on
// the stack and taken off. Pure: takes `now`, texts that were fetched, and no decision depends on anything else.

import type { ActivationMeta, Completion } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { byteLength } from "../../src/entities/byte-length.ts";
import type { Lent } from "../../src/entities/identity.ts";
import { common } from "../../src/entities/rights.ts";
import { inBoth } from "../../src/entities/scope.ts";
import type { CompositionPlan } from "../../src/protocol/composition.ts";
import { afterStep, beginConductor } from "./conductor.ts";
import { afterComponent, beginSequence } from "./sequence.ts";
import type { Decision, Ending, Progress, StackFrame, StepEnd, StepEvent, Texts, Value } from "./state.ts";

/** Compositions inside one another. More than conductors alone can reach. */
export const MAX_DEEP = 256;

/** The frame of a whole run. */
export function outermost(
  id: ActivationId,
  options: { about: ActivationMeta; plan: CompositionPlan; now: number },
): StackFrame {
  const { about, plan, now } = options;
  return frame(id, { about: { ...about, topmost: true }, plan, progress: fresh(now) });
}

/** The frame of a step that is a composition itself. */
export function inner(
  outer: StackFrame,
  options: { id: ActivationId; about: ActivationMeta; plan: CompositionPlan; now: number } & Partial<Lent>,
): StackFrame {
  const { id, plan, now } = options;
  const about: ActivationMeta = { ...options.about, cause: outer.id, causedBy: "sequence", topmost: false };
  const progress = fresh(now);
  progress.rights = common(outer.progress.rights, options.rights);
  const scope = inBoth(outer.progress.scope, options.scope);
  if (scope !== undefined) progress.scope = scope;
  const { counts } = outer.progress;
  if (counts !== undefined) progress.counts = { ...counts };
  if (plan.kind === "sequence") {
    if (outer.plan.kind === "sequence") progress.atoms = outer.progress.atoms;
    else if (progress.counts !== undefined) progress.counts.components++;
  }
  return frame(id, { about, plan, progress });
}

export function begin({ plan, progress }: StackFrame, args: Value): Decision {
  if (plan.kind === "sequence") return beginSequence(plan.components, progress, args);
  return beginConductor(plan.action, progress, args);
}

/** Which texts `after` needs. */
export function wanted({ plan, progress }: StackFrame, event: StepEvent): { result: boolean; state: boolean } {
  if (plan.kind === "sequence") return { result: false, state: false };
  return {
    result: event.kind === "ended",
    state: progress.step?.role === "component" && progress.state !== undefined,
  };
}

export function after(frame: StackFrame, event: StepEvent, texts: Texts): Decision {
  const { about, plan } = frame;
  const refused = event.kind === "refused" ? event.text : undefined;
  const progress = refused === undefined ? frame.progress : { ...frame.progress, refused };
  if (plan.kind === "sequence") return afterComponent(plan.components, progress, event);
  return afterStep(plan.action, progress, { event, texts, own: about.namespace });
}

/** What the end of an inner composition is to the one around it. */
export function asStep({ id, plan, progress }: StackFrame, end: Ending, outer: StackFrame): StepEnd {
  const flat = plan.kind === "sequence" && outer.plan.kind === "sequence";
  return {
    kind: "ended",
    id,
    statusCode: end.statusCode,
    result: end.result,
    failed: end.failed,
    duration: progress.duration,
    memory: progress.memory,
    inner: {
      ...(flat ? { atoms: progress.atoms } : {}),
      ...(progress.counts === undefined ? {} : { counts: progress.counts }),
    },
  };
}

/** What the store makes the composition's own record of. */
export function recordParts(
  { about, progress }: StackFrame,
  end: Ending,
): { about: ActivationMeta; completion: Completion } {
  const { statusCode, result, at } = end;
  return {
    about: {
      ...{ ...about, limits: { ...about.limits, memory: progress.memory } },
      ...(progress.refused === undefined ? {} : { stepRefused: progress.refused }),
    },
    completion: {
      statusCode,
      result,
      size: "inline" in result ? byteLength(result.inline) : result.size,
      duration: progress.duration,
      elapsed: Math.max(0, at - progress.begun),
      endedAgo: 0,
      timedOut: false,
      engine: "composition",
      ran: true,
      logs: { inline: JSON.stringify(progress.logs) },
    },
  };
}

function frame(id: ActivationId, { about, plan, progress }: Omit<StackFrame, "id">): StackFrame {
  if (plan.kind === "sequence") return { id, about, plan, progress };
  const memory = about.limits.memory;
  return { id, about: { ...about, conductor: true }, plan, progress: { ...progress, memory } };
}

function fresh(now: number): Progress {
  return { begun: now, steps: 0, position: 0, atoms: 0, logs: [], duration: 0, memory: 0, blobs: [] };
}
