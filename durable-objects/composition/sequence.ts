// A sequence: one component after the other, each with what the one before answered. Pure.

import { SEQUENCE_LENGTH } from "../../src/entities/limits.ts";
import type { ActionName } from "../../src/protocol/composition.ts";
import { type End, endAs, endWith, TEXTS } from "./ends.ts";
import type { Decision, Progress, StepEnd, StepEvent, StepRefusal, Value } from "./state.ts";

export function beginSequence(components: readonly ActionName[], progress: Progress, args: Value): Decision {
  return next(components, progress, args);
}

export function afterComponent(components: readonly ActionName[], progress: Progress, event: StepEvent): Decision {
  switch (event.kind) {
    case "ended": {
      const after = counted(progress, event);
      if (event.failed || after.position >= components.length) return { progress: after, move: endAs(event) };
      return next(components, after, event.result);
    }
    case "late": {
      const logs = [...progress.logs, event.id];
      return { progress: { ...progress, logs }, move: endWith(3, TEXTS.componentLate(event.id)) };
    }
    case "refused":
      return { progress, move: refusal(event.reason) };
    case "unreadable":
      return { progress, move: endWith(3, TEXTS.sequenceFailed) };
  }
}

function refusal(reason: StepRefusal): End {
  if (reason === "absent") return endWith(1, TEXTS.componentAbsent);
  if (reason === "deep") return endWith(1, TEXTS.sequenceTooLong);
  return endWith(3, TEXTS.sequenceFailed);
}

function next(components: readonly ActionName[], progress: Progress, payload: Value): Decision {
  const action = components[progress.position];
  if (action === undefined) return { progress, move: endWith(1, TEXTS.noComponent) };
  if (progress.atoms >= SEQUENCE_LENGTH) return { progress, move: endWith(1, TEXTS.sequenceTooLong) };
  return { progress, move: { kind: "step", action, role: "component", payload } };
}

/** What ran in an inner sequence counts here too; an inner conductor is one action. */
function counted(progress: Progress, { id, duration, memory, inner }: StepEnd): Progress {
  return {
    ...progress,
    position: progress.position + 1,
    atoms: inner?.atoms ?? progress.atoms + 1,
    ...(progress.counts === undefined || inner?.counts === undefined ? {} : { counts: inner.counts }),
    logs: [...progress.logs, id],
    duration: progress.duration + duration,
    memory: Math.max(progress.memory, memory),
  };
}
