// What a stored record says of its run beside the public fields.

import { expect, test } from "vitest";
import { recordOf } from "../../src/entities/activation.ts";
import { extendedPieces, summaryText } from "../../src/entities/activation-view.ts";
import { listNameOf, metaOf, triggerMetaOf } from "../../src/entities/describe-record.ts";
import { metaOf as aboutOf, completed } from "../durable-objects/calls.ts";

const about = aboutOf({ acceptedAt: 1_000, keyId: "key" });

test("a cold start, a warm one and what never ran are told apart", () => {
  const cold = { ...completed(), initTime: 40.4, duration: 100.4, host: "h", logs: { inline: '["ü"]' } };
  const by = { scheduler: "h/0", attempt: 2 };
  expect(metaOf(about, { completion: cold, start: 1_050, by })).toEqual({
    ...{ v: 1, nsId: "ns", listName: "hello", kind: "nodejs:20", keyId: "key", acceptedAt: 1_000, waitMs: 50, ...by },
    ...{ host: "h", start: "cold", initMs: 40, runMs: 60, logBytes: 6, traceId: "t", memoryMb: 256 },
  });
  const warm = metaOf(about, { completion: { ...completed(), logs: { blob: "logs/1", size: 9_000 } }, start: 900 });
  expect(warm).toMatchObject({ start: "warm", waitMs: 0, runMs: 3, logBytes: 9_000 });
  expect(warm).not.toHaveProperty("initMs");
  expect(warm).not.toHaveProperty("scheduler");
  const none = metaOf(about, { completion: { ...completed(), ran: false }, start: 1_050 });
  expect(none.start).toBe("none");
  expect(none).not.toHaveProperty("runMs");
});

test("what was known when it was accepted, and why it waited, is kept with it", () => {
  const known = { permitMs: 2, actionRevision: "r7", trigger: "t", rule: "r", source: "rule" };
  const completion = { ...completed(), initTime: 5, prewarmed: true as const };
  expect(metaOf({ ...about, ...known }, { completion, start: 1_050, waitReason: "all hosts are busy" })).toMatchObject({
    ...known,
    ...{ waitReason: "all hosts are busy", start: "prewarmed", initMs: 5 },
  });
});

test("a trigger's says what fired it", () => {
  expect(triggerMetaOf(about, { inline: "[]" })).toMatchObject({
    v: 1,
    kind: "trigger",
    listName: "hello",
    logBytes: 2,
  });
});

test("a packaged action is listed with its package, or with the binding it came through", () => {
  expect(listNameOf({ name: "a", path: "ns/a" })).toBe("a");
  expect(listNameOf({ name: "a", path: "ns/pack/a" })).toBe("pack/a");
  expect(listNameOf({ name: "a", path: "ns/pack/a", binding: "mine/bound" })).toBe("bound/a");
});

test("clients never see it", () => {
  const record = recordOf("0".repeat(32), about, { completion: completed(), now: 2_000 });
  record.meta = metaOf(about, { completion: completed(), start: record.start });
  expect(extendedPieces(record).join("") + summaryText(record)).not.toMatch(/meta|nsId|traceId/);
});
