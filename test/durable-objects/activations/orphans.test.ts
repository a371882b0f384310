// What a host put into the blob store for a record that came too late is forgotten; what a record names,
// or may still, stays.

import { expect, test } from "vitest";
import { ActivationRows } from "../../../durable-objects/activations/activation-rows.ts";
import { orphansOf } from "../../../durable-objects/activations/orphans.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import type { Finished } from "../../../src/protocol/rpc.ts";
import { callOf, completed, START } from "../calls.ts";
import { openDatabase } from "../clock.ts";

const NOW = START + 60_000;
const DAY = 24 * 3_600_000;
const HOST = "a/0";

function open() {
  const database = openDatabase();
  const rows = new ActivationRows(database);
  const call = callOf();
  rows.accept([call], { target: { scheduler: HOST, epoch: 1, boot: "b" }, reason: "", maxQueue: DAY, now: NOW });
  const complete = (words: Finished[], scheduler = HOST) => {
    rows.complete(words, { scheduler, now: NOW });
    return orphansOf(words, scheduler, { sql: database.sql, records: rows.records });
  };
  return { database, rows, call, complete };
}

function blobsOf(id: string, attempt: number): string[] {
  return [`results/${id}/${attempt}`, `logs/${id}/${attempt}`];
}

function word(call: Pick<Invocation, "id" | "about">, attempt = 1, changes: Partial<Finished> = {}): Finished {
  const [result, logs] = blobsOf(call.id, attempt).map((blob) => ({ blob, size: 2_000_000 }));
  const completion = { ...completed(), result: result!, logs: logs! };
  return { id: call.id, attempt, lease: { epoch: 1, counter: 1 }, about: call.about, completion, ...changes };
}

test("a record's own blobs stay, however often it comes; those of another attempt's record go", () => {
  const { rows, call, complete } = open();
  expect(complete([word(call, 1)])).toEqual([]);
  expect(rows.records.get(call.id, { unkept: false })?.result).toMatchObject({ blob: `results/${call.id}/1` });
  expect(complete([word(call, 1)])).toEqual([]);
  expect(complete([word(call, 2)])).toEqual(blobsOf(call.id, 2));
});

test("what comes after the activation was given up goes", () => {
  const { rows, call, complete } = open();
  rows.fail(call.id, call.about, { reason: "lost", now: NOW });
  expect(complete([word(call)])).toEqual(blobsOf(call.id, 1));
});

test("of what a row stands for only attempts go that are behind it", () => {
  const { rows, call, complete } = open();
  rows.wait([{ id: call.id, attempt: 1 }], { scheduler: HOST, reason: "", again: true });
  rows.offer([call.id], { scheduler: "b/0", epoch: 1, boot: "b" }, { now: NOW });
  expect(complete([word(call, 1)])).toEqual(blobsOf(call.id, 1));
  expect(complete([word(call, 2)])).toEqual([]);
  expect(complete([word(call, 3)])).toEqual([]);
  expect(complete([word(call, 2)], "b/0")).toEqual([]);
  expect(rows.records.get(call.id, { unkept: false })?.result).toMatchObject({ blob: `results/${call.id}/2` });
});

test("what is too old to be adopted goes, unless nobody vouches for it: then it may be another host's", () => {
  const { call, complete } = open();
  const old = { id: newActivationId(NOW - DAY - 1, 1), about: call.about };
  expect(complete([word(old)])).toEqual(blobsOf(old.id, 1));
  const running = { id: newActivationId(NOW, 1), about: call.about };
  expect(complete([word(running, 1, { unproven: true })])).toEqual([]);
});

test("no host makes the store forget what is another's: another run's blobs, or those a damaged record may name", () => {
  const { database, rows, call, complete } = open();
  rows.fail(call.id, call.about, { reason: "lost", now: NOW });
  const other = newActivationId(NOW, 1);
  const result = { blob: `results/${other}/1`, size: 1 };
  const logs = { blob: `args/${call.about.namespaceId}/${call.id}`, size: 1 };
  expect(complete([word(call, 1, { completion: { ...completed(), result, logs } })])).toEqual([]);
  database.sql.exec("UPDATE records SET record = replace(record, 'l', 'm')");
  expect(complete([word(call)])).toEqual([]);
});

test("what the platform ran itself is left: its blob may be the result of others", () => {
  const { rows, call, complete } = open();
  rows.fail(call.id, call.about, { reason: "lost", now: NOW });
  expect(complete([word(call)], "composition")).toEqual([]);
});
