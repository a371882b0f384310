// What a conductor's word leads to, as the pure part decides it: the next step, the end, or the conductor again.

import { describe, expect, it } from "vitest";
import {
  afterStep,
  beginConductor,
  MAX_COMPONENTS,
  MAX_CONDUCTORS,
} from "../../../durable-objects/composition/conductor.ts";
import { TEXTS } from "../../../durable-objects/composition/ends.ts";
import type { Decision, Progress, StepEnd, StepEvent, Texts } from "../../../durable-objects/composition/state.ts";
import { errorMember } from "../../../src/entities/outcome.ts";

const ACTION = { path: "guest", name: "c" };
const INC = { path: "guest", name: "inc" };
const BEGUN: Progress = {
  ...{ begun: 1, steps: 0, position: 0, atoms: 0, logs: [], duration: 10, memory: 256, blobs: [] },
};
const STEP = { id: "s1", action: ACTION, payload: { inline: "{}" }, since: 1 };
const asked: Progress = { ...BEGUN, counts: { components: 0, conductors: 1 }, step: { ...STEP, role: "conductor" } };
const working: Progress = {
  ...{ ...BEGUN, counts: { components: 0, conductors: 1 } },
  step: { ...STEP, action: INC, role: "component" },
};

const ended = (more: Partial<StepEnd> = {}): StepEnd => ({
  ...{ kind: "ended", id: "s1", statusCode: 0, result: { inline: "the result" }, failed: false },
  ...{ duration: 5, memory: 128, ...more },
});

const following = (progress: Progress, event: StepEvent, texts: Texts = {}): Decision =>
  afterStep(ACTION, progress, { event, texts, own: "guest" });
const spoken = (text: string, more: { progress?: Progress; end?: Partial<StepEnd> } = {}) =>
  following(more.progress ?? asked, ended(more.end), { result: text });

function payloadOf({ move }: Decision): unknown {
  if (move.kind !== "step") throw new Error(`it ended with ${JSON.stringify(move)}`);
  return "text" in move.payload ? JSON.parse(move.payload.text) : move.payload;
}

function textOf({ move }: Decision): unknown {
  const value = move.kind === "step" ? move.payload : move.result;
  return "text" in value ? JSON.parse(errorMember(value.text) ?? '"no error"') : value;
}

const counts = (components: number, conductors: number): Progress => ({ ...asked, counts: { components, conductors } });

describe("a conductor", () => {
  it("is asked first with what the composition was called with", () => {
    const { progress, move } = beginConductor(ACTION, BEGUN, { inline: '{"n":1}' });
    expect(move).toEqual({ kind: "step", action: ACTION, role: "conductor", payload: { inline: '{"n":1}' } });
    expect(progress).toEqual({ ...BEGUN, counts: { components: 0, conductors: 1 } });
  });

  it("is not asked more often than it may be", () => {
    const last = beginConductor(ACTION, counts(0, MAX_CONDUCTORS - 1), { text: "{}" });
    expect([last.move.kind, last.progress.counts?.conductors]).toEqual(["step", MAX_CONDUCTORS]);
    const over = beginConductor(ACTION, counts(0, MAX_CONDUCTORS), { text: "{}" });
    expect(over.move).toMatchObject({ kind: "end", statusCode: 1, failed: true });
    expect([textOf(over), over.progress.counts?.conductors]).toEqual([TEXTS.compositionTooLong, MAX_CONDUCTORS]);
  });
});

describe("a conductor's word", () => {
  it("names what runs next, with params and the state that is kept", () => {
    const decision = spoken('{"action":"inc","params":{"n":1},"state":{"step":1}}');
    expect(decision.move).toEqual({ kind: "step", action: INC, role: "component", payload: { text: '{"n":1}' } });
    expect([decision.state, decision.progress.logs]).toEqual(['{"step":1}', ["s1"]]);
    expect(decision.progress).toMatchObject({ duration: 15, memory: 256, counts: { components: 0, conductors: 1 } });
  });

  it("without params gives none; without state keeps none", () => {
    const decision = spoken('{"action":"inc"}', { end: { memory: 512 } });
    expect([payloadOf(decision), decision.state, decision.progress.memory]).toEqual([{}, null, 512]);
  });

  it("with params or state that are no objects has them in a box; of two members of a name the last counts", () => {
    const decision = spoken('{"action":"x","action":"inc","params":[1.0],"state":null}');
    expect(decision.move).toMatchObject({ action: INC, payload: { text: '{"value":[1.0]}' } });
    expect(decision.state).toBe('{"state":null}');
  });

  it("that names nothing ends it: with its params, or as its whole answer is", () => {
    expect(spoken('{"params":{"n":1},"state":1}').move).toEqual({
      ...{ kind: "end", statusCode: 0, result: { text: '{"n":1}' }, failed: false },
    });
    expect(spoken('{"a":1}').move).toEqual({
      ...{ kind: "end", statusCode: 0, result: { inline: "the result" }, failed: false },
    });
  });

  it.each([
    ["its status", '{"a":1}', { statusCode: 1 as const }],
    ["an error in its answer", '{"error":"no"}', {}],
    ["an error in its params", '{"params":{"error":"no"}}', {}],
  ])("has failed by %s", (_, text, end) => {
    expect(spoken(text, { end }).move).toMatchObject({ kind: "end", failed: true, statusCode: 0, ...end });
  });

  it("with params has not failed for an error beside them", () => {
    expect(spoken('{"error":"no","params":{"n":1}}').move).toMatchObject({ kind: "end", failed: false });
  });

  it("that is no object is the end, as it is", () => {
    expect(spoken("[1]", { end: { failed: true, statusCode: 2 } }).move).toEqual({
      ...{ kind: "end", statusCode: 2, result: { inline: "the result" }, failed: true },
    });
  });

  it.each(["7", '""', '"a/b/c/d"', '"/a"', '"a?"', "{}"])("that names %s is told so, over its state", (named) => {
    const decision = spoken(`{"action":${named},"state":{"step":1}}`);
    expect(decision.move).toMatchObject({ kind: "step", action: ACTION, role: "conductor" });
    expect(payloadOf(decision)).toMatchObject({ error: TEXTS.nameInvalid(named), step: 1 });
    expect([decision.progress.counts?.conductors, decision.state]).toEqual([2, '{"step":1}']);
  });

  it("that names much that is no name is told a thousand characters of it", () => {
    expect(textOf(spoken(`{"action":[${"1,".repeat(2_000)}1]}`))).toBe(TEXTS.nameInvalid(`[${"1,".repeat(499)}1`));
  });

  it("starts no more components than there may be", () => {
    const word = '{"action":"inc"}';
    expect(spoken(word, { progress: counts(MAX_COMPONENTS - 1, 1) }).move).toMatchObject({ role: "component" });
    const over = spoken(word, { progress: counts(MAX_COMPONENTS, 1) });
    expect([over.move.kind === "step" && over.move.role, textOf(over)]).toEqual([
      "conductor",
      TEXTS.compositionTooLong,
    ]);
  });
});

describe("after a component", () => {
  it("the conductor is given its answer as it lies, where there is no state", () => {
    const decision = following(working, ended(), { result: '{"n":2}' });
    expect(decision.move).toMatchObject({ kind: "step", role: "conductor", payload: { inline: "the result" } });
    expect(decision.progress).toMatchObject({ counts: { components: 1, conductors: 2 }, logs: ["s1"], duration: 15 });
  });

  it("its state lies over the answer, with numbers as they were written", () => {
    const decision = following(working, ended(), { result: '{"n":1.0,"step":0}', state: '{"step":1e400}' });
    expect(decision.move).toMatchObject({ payload: { text: '{"n":1.0,"step":1e400}' } });
  });

  it("an answer that is no object is put in a box", () => {
    expect(payloadOf(following(working, ended(), { result: "[1]" }))).toEqual({ value: [1] });
    expect(payloadOf(following(working, ended(), { result: "[1]", state: '{"s":1}' }))).toEqual({ value: [1], s: 1 });
  });

  it("a composition that ran inside has counted what is its own", () => {
    const inner = { counts: { components: 7, conductors: 4 } };
    expect(following(working, ended({ inner }), { result: "{}" }).progress.counts).toEqual({
      components: 7,
      conductors: 5,
    });
    expect(following(working, ended({ inner: {} }), { result: "{}" }).progress.counts).toEqual({
      ...{ components: 0, conductors: 2 },
    });
  });

  it("its result must have been read", () => expect(() => following(working, ended())).toThrow("was not read"));
});

describe("a step that was not run to its end", () => {
  it("ends the composition where it has no record in time; its id is told", () => {
    const decision = following(working, { kind: "late", id: "s1" });
    expect([decision.move.kind, textOf(decision), decision.progress.logs]).toEqual([
      "end",
      TEXTS.stepLate("s1"),
      ["s1"],
    ]);
    expect(decision.move).toMatchObject({ statusCode: 3, failed: true });
  });

  it("ends it where the result cannot be read any more", () => {
    const decision = following(working, { kind: "unreadable", id: "s1" });
    expect([decision.move, decision.progress]).toEqual([expect.objectContaining({ statusCode: 3 }), working]);
    expect(textOf(decision)).toBe(TEXTS.compositionFailed);
  });

  it.each([
    ["absent", TEXTS.nameAbsent("guest/inc")],
    ["forbidden", TEXTS.nameForbidden("guest/inc")],
    ["deep", TEXTS.compositionTooLong],
  ] as const)("is told to the conductor where it was refused as %s", (reason, text) => {
    const decision = following(working, { kind: "refused", reason }, { state: '{"step":1}' });
    expect(decision.move).toMatchObject({ kind: "step", role: "conductor" });
    expect(payloadOf(decision)).toMatchObject({ error: text, step: 1 });
  });

  it("ends it where nobody knows why, or where it was the conductor itself", () => {
    for (const [progress, reason] of [
      [working, "failed"],
      [asked, "absent"],
    ] as const) {
      const { move } = following(progress, { kind: "refused", reason });
      expect(move).toMatchObject({ kind: "end", statusCode: 3 });
    }
  });
});
