import { expect, test } from "vitest";
import type { OutRow } from "../../../durable-objects/activations/activation-rows.ts";
import { classify, PROMISED_FOR_MS, RECHECK_OPEN_AFTER_MS } from "../../../durable-objects/activations/reconcile.ts";
import { OFFERED, OPEN } from "../../../durable-objects/activations/schema.ts";

const DEADLINE = 100_000;
const row = (changes: Partial<OutRow> = {}): OutRow => ({
  ...{ id: "1", attempt: 1, state: OFFERED, scheduler: "a/0", epoch: 3, boot: "b", deadline: DEADLINE, since: 0 },
  ...changes,
});
const reply = (changes: object = {}) => ({ ready: true, epoch: 3, boot: "b", ...changes });

test("without a word it is waited for until the run cannot be alive, and not at all beyond", () => {
  for (const silent of [null, reply({ ready: false })]) {
    expect(classify(row(), silent, { held: false, now: DEADLINE - 1 })).toEqual({ kind: "wait" });
    expect(classify(row(), silent, { held: true, now: DEADLINE })).toEqual({ kind: "wait" });
    expect(classify(row(), silent, { held: false, now: DEADLINE })).toMatchObject({ kind: "lost" });
  }
});

test("what is held is held, until a promised record is long overdue", () => {
  const held = (now: number) => classify(row(), reply(), { held: true, now });
  expect(held(DEADLINE + PROMISED_FOR_MS - 1)).toEqual({ kind: "held" });
  expect(held(DEADLINE + PROMISED_FOR_MS)).toMatchObject({ kind: "lost", reason: expect.stringContaining("promised") });
});

test("an offer that the same host does not hold never started; on another boot it may have", () => {
  const unheld = (changes: Partial<OutRow>, heard: object) =>
    classify(row(changes), reply(heard), { held: false, now: 10 }).kind;
  expect(unheld({}, {})).toBe("again");
  expect(unheld({}, { epoch: 4 })).toBe("again");
  expect(unheld({ boot: "" }, { boot: "c" })).toBe("again");
  expect(unheld({}, { epoch: 4, boot: "c" })).toBe("lost");
  expect(unheld({ epoch: 0, boot: "" }, { epoch: 0, boot: "" })).toBe("lost");
});

test("a call on the fast path is given time until its Worker has its answer", () => {
  const open = (now: number) => classify(row({ state: OPEN, since: 1_000 }), reply(), { held: false, now });
  expect(open(1_000 + RECHECK_OPEN_AFTER_MS - 1)).toEqual({ kind: "wait" });
  expect(open(1_000 + RECHECK_OPEN_AFTER_MS)).toMatchObject({ kind: "lost" });
});
