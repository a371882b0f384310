// Whose word ends an activation: that of the host its row is out to, at the attempt it is at; where there is no row, a
// proven word that is less than a day late.

import { expect, test } from "vitest";
import { ActivationRows } from "../../../durable-objects/activations/activation-rows.ts";
import { classify, PROMISED_FOR_MS } from "../../../durable-objects/activations/reconcile.ts";
import { OFFERED } from "../../../durable-objects/activations/schema.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import type { Finished } from "../../../src/protocol/rpc.ts";
import { callOf, completed, START } from "../calls.ts";
import { openDatabase } from "../clock.ts";

const NOW = START + 60_000;
const DAY = 24 * 3_600_000;
const MARK = { scheduler: "a/0", epoch: 1, boot: "b" };

function open(target: typeof MARK | null = MARK): { rows: ActivationRows; call: Invocation } {
  const rows = new ActivationRows(openDatabase());
  const call = callOf();
  rows.accept([call], { target, reason: "", maxQueue: DAY, now: NOW });
  return { rows, call };
}

function finished(call: Pick<Invocation, "id" | "about">, changes: Partial<Finished> = {}): Finished {
  const { id, about } = call;
  return { id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion: completed(), ...changes };
}

test("a row out to one host is not ended by another, whatever proof it has", () => {
  const { rows, call } = open();
  for (const scheduler of ["b/0", "aa/0", "a0/0"]) {
    expect(rows.complete([finished(call)], { scheduler, now: NOW })).toEqual([]);
  }
  expect([rows.out, rows.records.get(call.id, { unkept: true })]).toEqual([1, null]);
  // A host may have had more shards before.
  expect(rows.complete([finished(call)], { scheduler: "a/7", now: NOW })).toHaveLength(1);
  expect(rows.out).toBe(0);
});

test("a row is ended at the attempt it is at, and not while it waits", () => {
  const { rows, call } = open();
  expect(rows.complete([finished(call, { attempt: 2 })], { scheduler: "a/0", now: NOW })).toEqual([]);
  rows.wait([{ id: call.id, attempt: 1 }], { scheduler: "a/0", reason: "", again: false });
  expect(rows.complete([finished(call)], { scheduler: "a/0", now: NOW })).toEqual([]);
  expect([rows.waiting, rows.out]).toEqual([1, 0]);
});

test("what no row knows is adopted within a day, and of the platform's own words none is too late", () => {
  const { rows } = open();
  const [young, old, own] = [NOW - DAY + 1, NOW - DAY - 1, NOW - 2 * DAY].map((at) => {
    return { ...callOf(), id: newActivationId(at, 1) };
  }) as [Invocation, Invocation, Invocation];
  expect(rows.complete([finished(young), finished(old)], { scheduler: "a/0", now: NOW })).toMatchObject([
    { record: { activationId: young.id } },
  ]);
  expect(rows.complete([finished(own)], { scheduler: "builtin", now: NOW })).toHaveLength(1);
});

test("a word that only a row can vouch for is taken with what the row says, or not at all", () => {
  const { rows, call } = open();
  const about = { ...call.about, namespace: "another", name: "another", store: false };
  const unknown = { ...callOf(), id: newActivationId(NOW, 1) };
  const words = [finished(unknown, { unproven: true }), finished({ id: call.id, about }, { unproven: true })];
  expect(rows.complete(words, { scheduler: "b/0", now: NOW })).toEqual([]);
  expect(rows.complete(words, { scheduler: "a/0", now: NOW })).toMatchObject([
    { kept: true, namespaceId: call.about.namespaceId, record: { activationId: call.id, name: call.about.name } },
  ]);
});

test("a host that promises a record is believed for a while", () => {
  const row = { id: "", attempt: 1, state: OFFERED, since: 0, deadline: 100_000, ...MARK };
  const reply = { ready: true, epoch: 1, boot: "b" };
  const promised = (now: number) => classify(row, reply, { held: true, now });
  expect(promised(100_000 + PROMISED_FOR_MS - 1)).toEqual({ kind: "held" });
  expect(promised(100_000 + PROMISED_FOR_MS)).toMatchObject({
    kind: "lost",
    reason: expect.stringContaining("promised"),
  });
});
