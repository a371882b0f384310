// Records whose bits were flipped on the disk, and those of a store from before there were checksums.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Records } from "../../../durable-objects/activations/records.ts";
import { MIGRATIONS } from "../../../durable-objects/activations/schema.ts";
import { migrate } from "../../../durable-objects/shared/schema.ts";
import { checksumOf } from "../../../src/entities/checksum.ts";
import { callOf, completed } from "../calls.ts";
import { openDatabase } from "../clock.ts";

const log = vi.spyOn(console, "error");
beforeEach(() => void log.mockReset());
afterEach(() => void log.mockReset());

function stored(result: string) {
  const database = openDatabase();
  migrate(database, MIGRATIONS);
  const records = new Records(database.sql);
  const { id, about } = callOf();
  records.put(id, about, { completion: completed(result), now: 1_700_000_000_000 });
  return { database, records, id };
}

test("a record that was altered is told as damaged, alone and in lists, and nothing of it is shown", () => {
  const { database, records, id } = stored('{"amount":100}');
  expect(records.get(id, { unkept: false })?.statusCode).toBe(0);
  database.sql.exec("UPDATE records SET record = replace(record, ?, ?)", "100", "900");
  const list = records.page({}, 10).records;
  for (const record of [records.get(id, { unkept: false }), ...list]) {
    expect(record).toMatchObject({ activationId: id, statusCode: 3 });
    expect(record?.result).toEqual({
      inline: `{"error":"The record of this activation was damaged on the platform's disk."}`,
    });
    expect(JSON.stringify(record)).not.toContain("900");
  }
  expect(log).toHaveBeenCalledWith(expect.stringContaining(`"event":"record-damaged","activationId":"${id}"`));
});

test("one that is no JSON any more harms no list", () => {
  const { database, records, id } = stored('{"a":1}');
  database.sql.exec("UPDATE records SET record = substr(record, 1, 20) || char(0) || substr(record, 22)");
  expect(records.page({}, 10).records).toMatchObject([{ activationId: id, statusCode: 3 }]);
});

test("every single bit that flips in a text is noticed", () => {
  const text = JSON.stringify({ text: "a record of some length, with ü and 😀" });
  const sum = checksumOf(text);
  for (let at = 0; at < text.length; at++) {
    for (let bit = 0; bit < 16; bit++) {
      const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1);
      expect(checksumOf(flipped)).not.toBe(sum);
    }
  }
});

test("records of a store from before there were checksums are read as they are", () => {
  const database = openDatabase();
  migrate(database, MIGRATIONS.slice(0, 3));
  const { id } = callOf();
  const record = JSON.stringify({ activationId: id, statusCode: 0 });
  database.sql.exec(
    "INSERT INTO records (id, start, name, kept, stored, record) VALUES (?, 1, 'a', 1, 1, ?)",
    id,
    record,
  );
  migrate(database, MIGRATIONS);
  expect(new Records(database.sql).get(id, { unkept: false })).toEqual({ activationId: id, statusCode: 0 });
  expect(log).not.toHaveBeenCalled();
});

test("emptying records whose storing is off stumbles over none, and names only blobs that are their own", () => {
  const { database, records } = stored("{}");
  const put = (id: string, record: string) =>
    database.sql.exec(
      "INSERT INTO records (id, start, name, kept, stored, record) VALUES (?, 1, 'a', 0, 1, ?)",
      id,
      record,
    );
  const inline = { inline: "[]" };
  put("a", JSON.stringify({ activationId: "a", result: { blob: "results/a/1", size: 9 }, logs: inline }));
  put("b", JSON.stringify({ activationId: "b", result: { blob: "results/a/1", size: 9 }, logs: { blob: "logs/b/2" } }));
  put("c", '{"torn');
  put("d", JSON.stringify({ activationId: "d", result: inline, logs: inline }));
  expect(records.purge(100_000)).toEqual({ next: null, blobs: ["results/a/1", "logs/b/2"] });
  expect(records.purge(200_000)).toEqual({ next: null, blobs: [] });
});
