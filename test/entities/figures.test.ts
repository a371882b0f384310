// Figures of activations: what each adds, what they add up to, and how they are told where there are none.

import { describe, expect, it } from "vitest";
import type { ActivationRecord } from "../../src/entities/activation.ts";
import {
  addFigures,
  countedAt,
  figuresOf,
  keyOf,
  noFigures,
  outcomeOf,
  STEPS,
  told,
} from "../../src/entities/figures.ts";
import { ended } from "../metrics/ended.ts";

const TIMED_OUT = '[{"key":"timeout","value":true}]';

function recordOf(more: Partial<ActivationRecord> = {}, meta: object = {}): ActivationRecord {
  const { record } = ended({ action: "a" });
  return { ...record, meta: { ...record.meta, ...meta } as NonNullable<ActivationRecord["meta"]>, ...more };
}

/** From before there was a meta. */
function oldRecord(): ActivationRecord {
  const { meta: _, ...rest } = recordOf();
  return rest;
}

describe("an outcome", () => {
  it.each([
    [0, "[]", "success"],
    [1, "[]", "application_error"],
    [2, "[]", "developer_error"],
    [2, '[{"key":"timeout","value":false}]', "developer_error"],
    [2, TIMED_OUT, "timeout"],
    [1, TIMED_OUT, "application_error"],
    [3, TIMED_OUT, "internal_error"],
  ] as const)("of status %d with %s is %s", (statusCode, annotations, outcome) => {
    expect(outcomeOf({ statusCode, annotations })).toBe(outcome);
  });
});

describe("one activation", () => {
  it("is counted once, in its class", () => {
    const { count, outcomes } = figuresOf(recordOf({ statusCode: 2, annotations: TIMED_OUT }));
    expect([count, outcomes]).toEqual([1, [0, 0, 0, 0, 1]]);
  });

  it("has started where it ran, and cold where it had to be initialised", () => {
    const starts = (["cold", "prewarmed", "warm", "none"] as const).map((start) => {
      const { started, cold } = figuresOf(recordOf({}, { start }));
      return [started, cold];
    });
    expect(starts).toEqual([
      [1, 1],
      [1, 1],
      [1, 0],
      [0, 0],
    ]);
  });

  it("has a wait and a duration where it ran alone", () => {
    const { duration, wait } = figuresOf(recordOf({ duration: 0 }, { waitMs: 0 }));
    expect([duration, wait]).toEqual([{ 0: 1 }, { 0: 1 }]);
    for (const never of [recordOf({}, { waitMs: undefined }), oldRecord()]) {
      expect(figuresOf(never)).toMatchObject({ count: 1, duration: {}, wait: {} });
    }
    expect(figuresOf(oldRecord())).toMatchObject({ started: 0, cold: 0 });
  });

  it("is of its action or of its trigger, by the name that lists have", () => {
    expect(keyOf(recordOf({}, { listName: "p/a" }))).toEqual({ type: "action", name: "p/a" });
    expect(keyOf(recordOf({}, { kind: "trigger" }))).toEqual({ type: "trigger", name: "a" });
    expect(keyOf(oldRecord())).toEqual({ type: "action", name: "a" });
  });

  it("counts when it ended; a trigger's record when it began", () => {
    expect([countedAt({ start: 1, end: 5 }), countedAt({ start: 1, end: 0 })]).toEqual([5, 1]);
  });
});

describe("figures", () => {
  it("add up, and leave the second as it was", () => {
    const [sum, more] = [
      figuresOf(recordOf({ duration: 1 }, { start: "cold" })),
      figuresOf(recordOf({ statusCode: 1 })),
    ];
    const before = structuredClone(more);
    addFigures(sum, more);
    addFigures(sum, more);
    expect(more).toEqual(before);
    expect(told(sum)).toMatchObject({
      ...{ count: 3, started: 3, cold: 1, coldShare: 0.3333 },
      outcomes: { success: 1, application_error: 2, developer_error: 0, internal_error: 0, timeout: 0 },
    });
    expect(sum.duration).toEqual({ 0: 1, ...Object.fromEntries(Object.keys(more.duration).map((at) => [at, 2])) });
  });

  it("of before there were so many outcomes add up, too", () => {
    const sum = { ...noFigures(), outcomes: [1] };
    addFigures(sum, figuresOf(recordOf({ statusCode: 3 })));
    expect(sum.outcomes).toEqual([1, 0, 0, 1, 0]);
    expect(told({ ...noFigures(), outcomes: [2] }).outcomes).toMatchObject({ success: 2, timeout: 0 });
  });

  it("of nothing are told as nothing, and nothing is a share of it", () => {
    const none = { p50: null, p95: null, p99: null };
    expect(told(noFigures())).toMatchObject({ count: 0, coldShare: null, duration: none, wait: none });
    expect(noFigures().outcomes).not.toBe(noFigures().outcomes);
  });

  it("are kept the longer, the wider their span", () => {
    const spans = Object.values(STEPS);
    expect(spans.map(({ ms }) => ms)).toEqual([60_000, 3_600_000, 86_400_000]);
    for (const [at, { ms, keptMs }] of spans.entries()) {
      expect(keptMs % ms).toBe(0);
      expect(keptMs).toBeGreaterThanOrEqual(spans[at + 1]?.ms ?? 0);
    }
  });
});
