// Records in a real D1: what goes in comes out, in the order of lists, and plain SQL reads it.

import { beforeEach, expect, test } from "vitest";
import { recordOf } from "../../../src/entities/activation.ts";
import { checksumOf } from "../../../src/entities/checksum.ts";
import {
  compareKeys,
  type KeptRecord,
  keptOf,
  matches,
  type RecordFilter,
  type RecordKey,
} from "../../../src/entities/kept-record.ts";
import { fits, type RecordSearch } from "../../../src/entities/record-search.ts";
import { openRecordTable, openRecordUpkeep } from "../../../src/storage/open.ts";
import type { RecordUpkeep } from "../../../src/storage/record-upkeep.ts";
import { STEP } from "../../../src/storage/records/d1-record-usage.ts";
import { completed, metaOf } from "../../durable-objects/calls.ts";
import { testEnv } from "../stores.worker.ts";
import { kept } from "./segment-suite.ts";

const table = openRecordTable(testEnv());
const [upkeep] = openRecordUpkeep(testEnv()) as [RecordUpkeep];
const DB = testEnv().RECORDS_0;
const NS = "one";

beforeEach(async () => {
  await DB.exec("DELETE FROM records; DELETE FROM counted");
});

const ids = (records: readonly KeptRecord[]) => records.map((each) => each.id);

test("a batch with every kind of text, and one put twice, is there once as it was", async () => {
  const texts = [
    '{"ü":"😀 \u2028"}',
    '{"n":18446744073709551616.0}',
    '{"s":"\\u0000\\ud800"}',
    `{"x":"${"é".repeat(60_000)}"}`,
  ];
  const records = texts.map((text, at) => kept(at, text));
  await table.put(NS, records);
  await table.put(
    NS,
    records.map((each) => ({ ...each, text: "another", sum: 1 })),
  );
  for (const record of records) expect(await table.get(NS, record.id)).toEqual(record);
  expect(await table.get("two", records[0]!.id)).toBeNull();
  expect(await table.get(NS, kept(99).id)).toBeNull();
  expect(await table.count(NS, {})).toBe(4);
  expect(await table.having(NS, [kept(99).id, ...ids(records)])).toHaveLength(4);
  expect(await table.having(NS, [])).toEqual([]);
});

test("those of one shard come oldest first, after a place, and what is removed is gone in its namespace alone", async () => {
  const inShard = (at: number, shard: string) => {
    const { id, ...rest } = kept(at);
    return { ...rest, id: `${id.slice(0, 12)}${shard}${id.slice(14)}` };
  };
  const records = Array.from({ length: 9 }, (_, at) => inShard(at, at % 3 === 0 ? "02" : "01"));
  await table.put(NS, records);
  await table.put("two", [inShard(50, "02")]);
  const first = await table.ofShard(NS, { shard: "02", after: { start: 0, id: "" }, limit: 2 });
  expect(first).toEqual([records[0], records[3]]);
  expect(await table.ofShard(NS, { shard: "02", after: first[1]!, limit: 2 })).toEqual([records[6]]);
  await table.remove(NS, [records[6]!.id, inShard(50, "02").id]);
  expect(await table.ofShard(NS, { shard: "02", after: first[1]!, limit: 2 })).toEqual([]);
  expect(await table.count("two", {})).toBe(1);
});

test("it says how large the database is; what was there longest is pruned, counted, and its blobs are named", async () => {
  const large = kept(3, '{"x":1}');
  const blobs = { result: { blob: `results/${large.id}/1`, size: 9 }, logs: { blob: `logs/${large.id}/1`, size: 9 } };
  const text = JSON.stringify({ ...JSON.parse(large.text), ...blobs });
  await table.put(NS, [{ ...large, text, sum: checksumOf(text) }, kept(2), { ...kept(9), text: "no JSON" }]);
  const bytes = await table.put("two", [kept(1)]);
  expect(bytes).toBeGreaterThan(4_096);
  expect(await table.bytes()).toBe(bytes);
  const [upkeep] = openRecordUpkeep(testEnv());
  const { pruned } = await upkeep!.fill();
  expect(await table.prune(2)).toEqual([blobs.result.blob, blobs.logs.blob]);
  expect(await table.prune(1)).toEqual([]);
  expect([await table.count(NS, {}), await table.count("two", {})]).toEqual([0, 1]);
  expect(await upkeep!.fill()).toEqual({ bytes: expect.any(Number), pruned: pruned + 3 });
  const row = await DB.prepare("SELECT records, latest FROM pruned WHERE namespace_id = ?").bind(NS).first();
  expect(row).toEqual({ records: 3, latest: 9 });
});

test("a thousand large records fit, and come in pages that say whether there are more", async () => {
  const records = Array.from({ length: 1_000 }, (_, at) => kept(at, `"${"x".repeat(30_000)}"`));
  for (let at = 0; at < records.length; at += 250) await table.put(NS, records.slice(at, at + 250));
  const first = await table.list(NS, {}, 1_000);
  expect(first.more).toBe(true);
  expect(first.records.length).toBeGreaterThan(400);
  const all = [...first.records];
  for (let page = first; page.more; all.push(...page.records))
    page = await table.list(NS, { after: all.at(-1)! }, 1_000);
  expect(ids(all)).toEqual(ids(records.toReversed()));
});

test("lists and counts are those of a sorted array, whatever the filter", async () => {
  const records = Array.from({ length: 60 }, (_, at) => ({ ...kept(at), start: 1_000 + Math.floor(at / 7) }));
  await table.put(NS, records);
  await table.put("two", [kept(777)]);
  const sorted = records.toSorted(compareKeys);
  const names = [undefined, "even", "pack/odd", "none"];
  const times = [undefined, 0, 1_003, 1_008, 9_999];
  const places = [undefined, sorted[0], sorted[31], sorted.at(-1), { start: 1_004, id: "f".repeat(32) }];
  for (const name of names) {
    for (const since of times) {
      for (const upto of times) {
        for (const after of places) {
          const filter: RecordFilter = JSON.parse(JSON.stringify({ name, since, upto, after }));
          const wanted = sorted.filter((each) => matches(each, filter));
          const { records: found, more } = await table.list(NS, filter, 20);
          expect(ids(found)).toEqual(ids(wanted.slice(0, 20)));
          if (wanted.length > 20) expect(more).toBe(true);
          expect(await table.count(NS, filter)).toBe(wanted.length);
          const keys = wanted.slice(0, 20).map(({ id, start }) => ({ id, start }));
          expect(await table.keys(NS, filter, 20)).toEqual(keys);
        }
      }
    }
  }
});

test("a search is answered by the columns: none that fits is left out, few others come, and it says how far it looked", async () => {
  const records = Array.from({ length: 60 }, (_, at) => {
    const { id, start } = kept(at);
    const about = metaOf({ kind: ["nodejs:20", "python:3"][at % 2]!, ...(at % 5 === 0 ? { cause: kept(0).id } : {}) });
    const completion = { ...completed(), statusCode: at % 3 === 0 ? (1 as const) : (0 as const), duration: at };
    const record = recordOf(id, about, { completion, now: start + at });
    return keptOf({ ...record, start: Math.floor(at / 2) }, "a");
  });
  const torn = { ...kept(60), start: 7, text: '{"torn', sum: 3 };
  await table.put(NS, [...records, torn]);
  const searches: RecordSearch[] = [
    ...[{ kind: "nodejs" }, { kind: "python:3" }, { kind: "nodejs:2" }, { status: "success" }, { status: "error" }],
    ...[{ minDuration: 40 }, { maxDuration: 3, status: "application_error" }, { cause: kept(0).id, minDuration: 20 }],
  ] as RecordSearch[];
  for (const search of searches) {
    const found: KeptRecord[] = [];
    let looked = 0;
    for (let after: RecordKey | null = { start: 99, id: "" }; after !== null; ) {
      const filter = { since: 3, after };
      const piece = await table.sift(NS, filter, { noted: search, limit: 4, most: 9 });
      expect(piece.looked).toBeLessThanOrEqual(9);
      found.push(...piece.records);
      looked += piece.looked;
      after = piece.end;
    }
    const wanted = [...records, torn]
      .filter((each) => each.start >= 3 && (each === torn || fits(JSON.parse(each.text), search)))
      .sort(compareKeys);
    expect(found, JSON.stringify(search)).toEqual(wanted);
    expect(looked).toBeGreaterThanOrEqual(55);
  }
});

test("an operator's SQL finds what failed, of which kind, and when; one that cannot be read is there by its id", async () => {
  const about = metaOf({ namespaceId: NS, path: "guest/pack/hello", cause: kept(1).id });
  const completion = { ...completed('{"error":"no"}'), statusCode: 1 as const };
  await table.put(NS, [keptOf(recordOf(kept(5).id, about, { completion, now: 1_700_000_000_000 }), "pack/hello")]);
  await table.put(NS, [{ ...kept(6), text: '{"torn', sum: 7 }]);
  const { results } = await DB.prepare(
    "SELECT id, list_name, ended, duration, namespace, subject, kind, cause, record ->> '$.result.inline' AS result FROM records WHERE status_code = 1",
  ).all();
  expect(results).toEqual([
    {
      ...{ id: kept(5).id, list_name: "pack/hello", ended: 1_700_000_000_000, duration: 3, namespace: "guest" },
      ...{ subject: "guest", kind: "nodejs:20", cause: kept(1).id, result: '{"error":"no"}' },
    },
  ]);
  expect(await table.get(NS, kept(6).id)).toMatchObject({ text: '{"torn', sum: 7 });
});

test("a record costs no more than four rows", async () => {
  const { parametersOf } = await import("../../../src/storage/records/d1-record-table.ts");
  expect(parametersOf([kept(1), kept(2)])).toHaveLength(1);
  const before = await DB.prepare("SELECT 1").run();
  expect(before.meta.rows_written).toBe(0);
  const put = await DB.prepare(
    "INSERT INTO records (id, namespace_id, list_name, start, checksum, record) VALUES ('a', 'b', 'c', 1, 1, '{}')",
  ).run();
  expect(put.meta.rows_written).toBeLessThanOrEqual(4);
});

test("a batch costs its records' rows and no other", async () => {
  const written = async (count: number) => {
    const batch: D1Result[][] = [];
    const noting = new Proxy(DB, {
      get: (database, name) =>
        name === "batch"
          ? async (statements: D1PreparedStatement[]) => {
              const results = await database.batch(statements);
              batch.push(results);
              return results;
            }
          : (Reflect.get(database, name) as (...args: unknown[]) => unknown).bind(database),
    });
    const records = Array.from({ length: count }, (_, at) => kept(count * 1_000 + at));
    await openRecordTable({ RECORDS_0: noting }).put(NS, records);
    return batch.flat().reduce((sum, { meta }) => sum + meta.rows_written, 0);
  };
  expect(await written(1)).toBe(4);
  expect(await written(100)).toBe(400);
});

/** A record with a result and logs in the blob store. */
function large(at: number): { record: KeptRecord; keys: string[] } {
  const { id, start } = kept(at);
  const keys = [`results/${id}/1`, `logs/${id}/2`];
  const [result, logs] = keys.map((blob, index) => ({ blob, size: 1_000 + index }));
  const text = JSON.stringify({ activationId: id, start, statusCode: 0, result, logs, annotations: "[]" });
  return { record: { id, start, name: "large", text, sum: checksumOf(text) }, keys };
}

test("what there is of a namespace is counted once, with what lies beside it, and goes down as records go", async () => {
  const others = [kept(1), kept(2, '"é😀"'), { ...kept(3), text: '{"torn', sum: 7 }];
  const { record, keys } = large(4);
  const records = [...others, record];
  await table.put(NS, records);
  await table.put(NS, [kept(1), kept(5)]);
  await table.put("two", [kept(6)]);
  const sizes = [...records, kept(5)].map((each) => new TextEncoder().encode(each.text).length);
  const bytes = sizes.reduce((sum, each) => sum + each, 2_001);
  expect(await upkeep.usage([NS])).toEqual({ records: 5, bytes });
  expect(await upkeep.usage([NS, "two", "three"])).toMatchObject({ records: 6 });
  expect((await upkeep.oldest(NS, 3)).map((each) => each.start)).toEqual([1, 2, 3]);
  expect((await upkeep.oldest(NS, 10))[3]).toEqual({ start: 4, bytes: sizes[3]! + 2_001 });
  const expired = await upkeep.expired(NS, 5, 10);
  expect(expired.map((each) => each.id)).toEqual(ids(records));
  expect(expired.map((each) => each.blobs)).toEqual([[], [], [], keys]);
  expect(await upkeep.expired(NS, 5, 2)).toHaveLength(2);
  // Twice, as where an answer was lost, and at the same time.
  await Promise.all([upkeep.delete(NS, expired), upkeep.delete(NS, expired)]);
  await upkeep.delete("two", expired);
  expect(await upkeep.usage([NS])).toEqual({ records: 1, bytes: sizes[4] });
  expect(await table.count(NS, {})).toBe(1);
  expect(await upkeep.usage(["two"])).toMatchObject({ records: 1 });
});

test("records are counted once, however many count, come and go at the same time, and so are those of the release before", async () => {
  const many = Array.from({ length: 2 * STEP + 7 }, (_, at) => kept(at));
  const usage = async () => (await upkeep.usage([NS])).records;
  const counted = async () =>
    (await DB.prepare("SELECT sum(records) AS n FROM counted").first<{ n: number | null }>())?.n ?? 0;
  for (let at = 0; at < many.length; at += 400) await table.put(NS, many.slice(at, at + 400));
  await upkeep.countUp(1);
  expect(await counted()).toBe(STEP);
  await Promise.all([
    upkeep.countUp(9),
    upkeep.countUp(9),
    table.remove(NS, ids(many.slice(0, 50))),
    table.put("two", [kept(9_001)]),
  ]);
  expect(await usage()).toBe(many.length - 50);
  // The newest go, and their places in the table are taken by others.
  await table.remove(NS, ids(many.slice(2 * STEP - 100)));
  await table.remove("two", ids([kept(9_001)]));
  await table.put(NS, many.slice(2 * STEP - 100, 2 * STEP));
  expect(await usage()).toBe(2 * STEP - 50);
  const left = (await upkeep.usage([NS])).bytes;
  // As the release before takes rows off: from its own table alone.
  await DB.exec("INSERT INTO usage VALUES ('one', 2000, 1000000)");
  const gone = many.slice(60, 70);
  const bytes = gone.reduce((sum, { text }) => sum + text.length, 0);
  await DB.prepare("UPDATE usage SET records = records - 10, bytes = bytes - ?").bind(bytes).run();
  await DB.prepare(`DELETE FROM records WHERE id IN (${gone.map(() => "?").join()})`)
    .bind(...ids(gone))
    .run();
  expect(await upkeep.usage([NS])).toEqual({ records: 2 * STEP - 60, bytes: left - bytes });
  await DB.exec("DELETE FROM usage");
});

test("no statement looks at all records of a namespace for some of them", async () => {
  const asked = new Set<string>();
  const noting = new Proxy(DB, {
    get(database, name) {
      const value = Reflect.get(database, name) as unknown;
      if (typeof value !== "function") return value;
      if (name !== "prepare") return value.bind(database);
      return (text: string) => {
        asked.add(text);
        return database.prepare(text);
      };
    },
  });
  const env = { ...testEnv(), RECORDS_0: noting };
  const noted = openRecordTable(env);
  const [upkept] = openRecordUpkeep(env) as [RecordUpkeep];
  const records = Array.from({ length: STEP + 5 }, (_, at) => kept(at));
  const filters: RecordFilter[] = [{}, { name: "a", since: 1, upto: 9e12 }, { after: records[0]! }];
  await noted.put(NS, records);
  await noted.bytes();
  await noted.get(NS, records[0]!.id);
  for (const filter of filters) {
    await noted.list(NS, filter, 3);
    await noted.keys(NS, filter, 3);
    await noted.sift(NS, filter, { noted: { kind: "nodejs" }, limit: 3, most: 3 });
  }
  await noted.ofShard(NS, { shard: "00", after: records[0]!, limit: 3 });
  await noted.having(NS, ids(records));
  await noted.remove(NS, ids(records.slice(0, 1)));
  await noted.prune(1);
  await upkept.fill();
  await upkept.usage([NS]);
  await upkept.find(records[1]!.id);
  await upkept.oldest(NS, 3);
  const expired = await upkept.expired(NS, 9e12, 3);
  await upkept.delete(NS, expired);
  expect(asked.size).toBeGreaterThan(18);
  const faults: string[] = [];
  for (const text of asked) {
    const slots =
      (text.match(/\?(?!\d)/g) ?? []).length || Math.max(0, ...[...text.matchAll(/\?(\d)/g)].map((m) => +m[1]!));
    const values = Array.from({ length: slots }, () => "[]");
    const { results } = await DB.prepare(`EXPLAIN QUERY PLAN ${text}`)
      .bind(...values)
      .all<{ detail: string }>();
    const details = results.map((row) => row.detail);
    // What has not been counted lies behind a mark: whoever counts begins there.
    const isOfUncounted = text.includes("rowid >");
    const isBehind = isOfUncounted && !details.some((detail) => detail.includes("(rowid>?"));
    // A bloom filter: ids that are given are compared with rows that were found by something else.
    const isSifted = !isOfUncounted && details.some((detail) => detail.includes("BLOOM FILTER"));
    const isWhole = details.some((detail) => /^SCAN (records|counted)/.test(detail)) && !text.includes("LIMIT");
    if (isSifted || isWhole || isBehind) faults.push(`${text}: ${details.join("; ")}`);
  }
  expect(faults).toEqual([]);
});
