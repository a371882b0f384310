import { expect, test } from "vitest";
import { ActivationRows } from "../../../durable-objects/activations/activation-rows.ts";
import { callOf } from "../calls.ts";
import { openDatabase } from "../clock.ts";

const options = { target: null, reason: "all hosts are busy", maxQueue: 60_000, now: 1_000 };

test("a call that is accepted again, because its reply was lost, is not new work", () => {
  const rows = new ActivationRows(openDatabase());
  const [one, two, three] = [callOf(), callOf(), callOf()];
  expect(rows.accept([one, two], options)).toEqual([one, two]);
  expect(rows.accept([two, three], options)).toEqual([three]);
  expect(rows.waiting).toBe(3);
});

test("a call that has ended is not accepted again", () => {
  const rows = new ActivationRows(openDatabase());
  const call = callOf();
  rows.fail(call.id, call.about, { reason: "a test", now: 1_000 });
  expect(rows.accept([call], options)).toEqual([]);
  expect(rows.waiting).toBe(0);
});
