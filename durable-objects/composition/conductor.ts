// A conductor: an action that is asked, again and again, what comes next. Pure;
// it reads texts that the driver has fetched.

import { SEQUENCE_LENGTH } from "../../src/entities/limits.ts";
import { errorMember, failure } from "../../src/entities/outcome.ts";
import { membersOf, mergeLayers, objectOf, type RawJson, shapeOf } from "../../src/entities/raw-json.ts";
import type { ActionName } from "../../src/protocol/composition.ts";
import { endAs, endWith, TEXTS } from "./ends.ts";
import { nextAction } from "./next-action.ts";
import type { Counts, Decision, Progress, StepEnd, StepEvent, StepRefusal, Texts, Value } from "./state.ts";

/** Components in a composition; its conductors run once more than twice as often, so that one of this many can be
 * written with a conductor that is asked before and after each. */
export const MAX_COMPONENTS = SEQUENCE_LENGTH;
export const MAX_CONDUCTORS = 2 * SEQUENCE_LENGTH + 1;
/** Characters of a value that is no name, as the conductor is told of it. */
const MAX_SHOWN = 1_000;

export function beginConductor(action: ActionName, progress: Progress, args: Value): Decision {
  return ask(action, progress, { payload: args });
}

/** `own`: the invoking namespace. */
export function afterStep(
  action: ActionName,
  progress: Progress,
  { event, texts, own }: { event: StepEvent; texts: Texts; own: string },
): Decision {
  const answered = progress.step?.role === "conductor";
  switch (event.kind) {
    case "ended": {
      const after = counted(progress, event, answered);
      if (texts.result === undefined) throw new Error("the result of a conductor's step was not read");
      if (answered) return decide(action, after, { event, text: texts.result, own });
      return ask(action, after, { ...boxed(event, texts.result), texts });
    }
    case "late": {
      const logs = [...progress.logs, event.id];
      return { progress: { ...progress, logs }, move: endWith(3, TEXTS.stepLate(event.id)) };
    }
    case "refused": {
      const text = answered ? undefined : complaint(event.reason, progress);
      if (text === undefined) return { progress, move: endWith(3, TEXTS.compositionFailed) };
      return tell(action, progress, { text, texts });
    }
    case "unreadable":
      return { progress, move: endWith(3, TEXTS.compositionFailed) };
  }
}

/** The conductor has spoken. */
function decide(
  action: ActionName,
  progress: Progress,
  { event, text, own }: { event: StepEnd; text: RawJson; own: string },
): Decision {
  const members = membersOf(text);
  if (members === null) return { progress, move: endAs(event) };
  const member = (key: string): RawJson | undefined => members.findLast((each) => each.key === key)?.value;
  const params = box("value", member("params"));
  const state = box("state", member("state")) ?? null;
  const named = member("action");
  if (named === undefined) {
    const failed = event.statusCode !== 0 || errorMember(params ?? text) !== undefined;
    const result = params === undefined ? event.result : { text: params };
    return { progress, move: { kind: "end", statusCode: event.statusCode, result, failed } };
  }
  const texts = state === null ? {} : { state };
  return { ...go(action, progress, { named, params: params ?? "{}", texts, own }), state };
}

function go(
  action: ActionName,
  progress: Progress,
  { named, params, texts, own }: { named: RawJson; params: RawJson; texts: Texts; own: string },
): Decision {
  const next = nextAction(named, own);
  if (next === null) return tell(action, progress, { text: TEXTS.nameInvalid(named.slice(0, MAX_SHOWN)), texts });
  if (countsOf(progress).components >= MAX_COMPONENTS) {
    return tell(action, progress, { text: TEXTS.compositionTooLong, texts });
  }
  return { progress, move: { kind: "step", action: next, role: "component", payload: { text: params } } };
}

/** Asks the conductor again, with an error in place of an answer. */
function tell(action: ActionName, progress: Progress, { text, texts }: { text: string; texts: Texts }): Decision {
  return ask(action, progress, { payload: { text: failure(1, { text }).result }, texts });
}

/** Its saved state lies over what it is given. */
function ask(
  action: ActionName,
  progress: Progress,
  { payload, texts = {} }: { payload: Value; texts?: Texts },
): Decision {
  const counts = countsOf(progress);
  if (counts.conductors >= MAX_CONDUCTORS) return { progress, move: endWith(1, TEXTS.compositionTooLong) };
  const { state } = texts;
  const below = "text" in payload ? payload.text : texts.result;
  const laid =
    state === undefined ? payload : { text: mergeLayers([membersOf(below ?? "{}") ?? [], membersOf(state) ?? []]) };
  return {
    progress: { ...progress, counts: { ...counts, conductors: counts.conductors + 1 } },
    move: { kind: "step", action, role: "conductor", payload: laid },
  };
}

function counted(progress: Progress, { id, duration, memory, inner }: StepEnd, answered: boolean): Progress {
  const counts = inner?.counts ?? countsOf(progress);
  // An inner sequence was counted when it began, an inner conductor counts its own.
  const step = answered || inner !== undefined ? 0 : 1;
  return {
    ...progress,
    counts: { ...counts, components: counts.components + step },
    logs: [...progress.logs, id],
    duration: progress.duration + duration,
    memory: Math.max(progress.memory, memory),
  };
}

function countsOf({ counts }: Progress): Counts {
  return counts ?? { components: 0, conductors: 0 };
}

function complaint(reason: StepRefusal, { step }: Progress): string | undefined {
  const name = `${step?.action.path}/${step?.action.name}`;
  if (reason === "absent") return TEXTS.nameAbsent(name);
  if (reason === "forbidden") return TEXTS.nameForbidden(name);
  return reason === "deep" ? TEXTS.compositionTooLong : undefined;
}

/** What is no object becomes one. */
function box(key: string, value: RawJson | undefined): RawJson | undefined {
  return value === undefined || shapeOf(value) === "object" ? value : objectOf([[key, value]]);
}

function boxed({ result }: StepEnd, text: RawJson): { payload: Value } {
  return { payload: shapeOf(text) === "object" ? result : { text: objectOf([["value", text]]) } };
}
