// Rows that were made before there were needs and ends.

import { expect, test } from "vitest";
import { ActivationRows } from "../../../durable-objects/activations/activation-rows.ts";
import { Queue } from "../../../durable-objects/activations/queue.ts";
import { MIGRATIONS } from "../../../durable-objects/activations/schema.ts";
import { migrate } from "../../../durable-objects/shared/schema.ts";
import { callOf } from "../calls.ts";
import { openDatabase } from "../clock.ts";

const NEEDS_CAME = 2;

test("rows of an old store get their needs and an end, and run", () => {
  const database = openDatabase();
  migrate(database, MIGRATIONS.slice(0, NEEDS_CAME));
  const call = callOf({ exec: { kind: "python:3.12", binary: false } });
  database.sql.exec(
    `INSERT INTO rows (id, state, attempt, urgent, memory, timeout, accepted, deadline, scheduler, epoch, boot, reason,
      spent, about, invocation) VALUES (?, 0, 37716, 0, 256, 60000, 1000, 0, '', 0, '', 'old', '', '', ?)`,
    call.id,
    JSON.stringify(call),
  );
  const rows = new ActivationRows(database);
  expect(rows.queue.needs()).toEqual([{ kind: "python:3.12", memory: 256, labels: [] }]);
  expect(rows.queue.nextEnd()).toBe(3_601_000);
  expect(rows.queue.of(call.id)).toEqual({ since: 1_000, reason: "old" });
  const mark = { scheduler: "a/0", epoch: 1, boot: "b" };
  const options = { memory: 512, max: 10, now: 5_000 };
  expect(rows.pull(mark, { ...options, fits: (need) => need.kind === "nodejs:20" })).toEqual([]);
  const pulled = rows.pull(mark, { ...options, fits: (need) => need.kind === "python:3.12" });
  expect(pulled.map((offer) => [offer.invocation.id, offer.attempt])).toEqual([[call.id, 37716]]);
});

test("the needs of a hundred thousand rows, and the next of one of them, are found by index", () => {
  const database = openDatabase();
  const rows = new ActivationRows(database);
  const call = callOf();
  rows.accept([call], { target: null, reason: "", maxQueue: 1_000, now: 0 });
  database.sql.exec(
    `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      INSERT INTO rows (id, state, attempt, urgent, memory, timeout, accepted, deadline, scheduler, epoch, boot, reason,
        spent, about, need, expires)
      SELECT 'row ' || i, 0, 1, 0, 256, 1, 1, 0, '', 0, '', '', '', '', '["python:3.12",256]', 9e15 FROM n`,
  );
  const plan = (sql: string) =>
    database.sql
      .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .toArray()
      .map((row) => row.detail)
      .join("\n");
  const next = plan("SELECT seq, urgent FROM rows WHERE state = 0 AND need = 'x' ORDER BY urgent DESC, seq LIMIT 9");
  expect(next).toMatch(/SEARCH rows USING (COVERING )?INDEX rows_by_need/);
  expect(next).not.toMatch(/TEMP B-TREE/);
  expect(rows.queue.needs()).toHaveLength(2);
  expect(rows.queue.next(64, { memory: 1_000, fits: (need) => need.kind === "nodejs:20" })).toHaveLength(1);
});

test("rows of many lines come in the order in which all of them would: urgent first, then oldest", () => {
  const rows = new ActivationRows(openDatabase());
  const memories = [128, 256, 512];
  const calls = Array.from({ length: 60 }, (_, at) => {
    const memory = memories[(at * 7) % 3] as number;
    return callOf({ blocking: at % 5 === 0, about: { limits: { timeout: 1, memory, logs: 1, concurrency: 1 } } });
  });
  rows.accept(calls, { target: null, reason: "", maxQueue: 1_000, now: 0 });
  const ordered = [...calls.filter((call) => call.blocking), ...calls.filter((call) => !call.blocking)];
  const next = (max: number, fits = (_: { memory: number }) => true) =>
    rows.queue.next(max, { memory: Number.POSITIVE_INFINITY, fits }).map((offer) => offer.invocation.id);
  const ids = ordered.map((call) => call.id);
  expect(next(100)).toEqual(ids);
  expect(next(17)).toEqual(ids.slice(0, 17));
  const small = ordered.filter((call) => call.about.limits.memory < 300).map((call) => call.id);
  expect(next(100, ({ memory }) => memory < 300)).toEqual(small);
  expect(next(100, () => false)).toEqual([]);
});

test("hundreds of lines do not make a look long", () => {
  const database = openDatabase();
  new ActivationRows(database);
  database.sql.exec(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
      INSERT INTO rows (id, state, attempt, urgent, memory, timeout, accepted, deadline, scheduler, epoch, boot, reason,
        spent, about, need, expires, invocation)
      SELECT 'row ' || i, 0, 1, 0, 256, 1, 1, 0, '', 0, '', '', '', '', '["nodejs:20",' || (128 + i % 385) || ']', 9e15,
        '{"about":{"kind":"nodejs:20","limits":{"memory":128,"concurrency":1}}}' FROM n`,
  );
  // The heads of all lines, the rest of those that are begun, and the rows themselves: what waits is never sorted.
  const { sql } = database;
  const asked: number[] = [];
  const counting = {
    exec: <T extends Record<string, string | number | null>>(
      query: string,
      ...bindings: (string | number | null)[]
    ) => {
      const found = sql.exec<T>(query, ...bindings).toArray();
      asked.push(found.length);
      return { toArray: () => found, one: () => found[0] as T };
    },
  };
  const queue = new Queue(counting);
  expect(queue.next(64, { memory: 1e6, fits: () => true })).toHaveLength(64);
  expect(asked[0]).toBe(385);
  expect(asked.length).toBeLessThanOrEqual(66);
  expect(Math.max(...asked.slice(1))).toBeLessThanOrEqual(64);
});
