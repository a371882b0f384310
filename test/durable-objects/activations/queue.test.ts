// Rows that were made before there were needs and ends.

import { expect, test } from "vitest";
import { Ledger } from "../../../durable-objects/activations/ledger.ts";
import { MIGRATIONS } from "../../../durable-objects/activations/schema.ts";
import { migrate } from "../../../durable-objects/schema.ts";
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
  const rows = new Ledger(database);
  expect(rows.queue.needs()).toEqual([{ kind: "python:3.12", memory: 256, labels: [] }]);
  expect(rows.queue.nextEnd()).toBe(3_601_000);
  expect(rows.queue.of(call.id)).toEqual({ since: 1_000, reason: "old" });
  const mark = { scheduler: "a/0", epoch: 1, boot: "b" };
  const options = { memory: 512, max: 10, now: 5_000 };
  expect(rows.pull(mark, { ...options, fits: (need) => need.kind === "nodejs:20" })).toEqual([]);
  const pulled = rows.pull(mark, { ...options, fits: (need) => need.kind === "python:3.12" });
  expect(pulled.map((offer) => [offer.invocation.id, offer.attempt])).toEqual([[call.id, 37716]]);
});

test("the needs of a hundred thousand rows, and the next of one of them, take no long look", () => {
  const database = openDatabase();
  const rows = new Ledger(database);
  const call = callOf();
  rows.accept([call], { mark: null, reason: "", maxQueue: 1_000, now: 0 });
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
  const began = performance.now();
  for (let round = 0; round < 100; round++) {
    expect(rows.queue.needs()).toHaveLength(2);
    const offers = rows.queue.next(64, { memory: 1_000, fits: (need) => need.kind === "nodejs:20" });
    expect(offers).toHaveLength(1);
  }
  // A look through all rows takes 5 ms and more; these take 0.1.
  expect((performance.now() - began) / 100).toBeLessThan(3);
});
