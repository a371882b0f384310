// Counts by pieces are those of a look at each record, whatever comes and goes in between, and look at few of them.

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { RecordFilter } from "../../../src/entities/kept-record.ts";
import { type CountedDatabase, countRecords, gapsOf } from "../../../src/storage/records/d1-record-counts.ts";
import { Sqlite } from "../../support/sqlite.ts";

const FOLDER = new URL("../../../src/storage/records/migrations/", import.meta.url);
const NOW = 10_000_000;
const SIZES = { whole: 5, few: 2 };
/** Counts in which pieces of 160 records are made. */
const COUNTS_UNTIL_MADE = 2;

/** As much of D1 as counts ask for. */
class Database {
  readonly sql = new Sqlite();
  /** Statements that count records one by one. */
  looks = 0;
  /** Records that they counted. */
  looked = 0;

  constructor() {
    for (const name of readdirSync(FOLDER).sort()) this.sql.db.exec(readFileSync(new URL(name, FOLDER), "utf8"));
  }

  get d1(): CountedDatabase {
    const run = ({ query, values }: { query: string; values: unknown[] }) => {
      const results = this.sql.exec(query, ...values).toArray();
      if (query.startsWith("SELECT count(*)")) {
        this.looks++;
        this.looked += Number(results[0]?.n);
      }
      return { results };
    };
    const prepare = (query: string, values: unknown[] = []): object => ({
      ...{ query, values },
      bind: (...given: unknown[]) => prepare(query, given),
      all: async () => run({ query, values }),
      first: async () => run({ query, values }).results[0] ?? null,
    });
    const batch = async (statements: { query: string; values: unknown[] }[]) => statements.map(run);
    return { prepare, batch } as unknown as CountedDatabase;
  }

  add(id: number, { namespaceId, name, start }: { namespaceId: string; name: string; start: number }): void {
    this.sql.exec(
      `INSERT INTO records (id, namespace_id, list_name, start, checksum, record) VALUES (?, ?, ?, ?, 0, '')
        ON CONFLICT (id) DO NOTHING`,
      ...[`${id}`.padStart(6, "0"), namespaceId, name, start],
    );
  }

  plain(namespaceId: string, { name, since = 0, upto = 9e15 }: RecordFilter): number {
    const where = "namespace_id = ? AND start BETWEEN ? AND ? AND (list_name = ? OR ? = '')";
    const asked = `SELECT count(*) AS n FROM records WHERE ${where}`;
    return this.sql.exec<{ n: number }>(asked, namespaceId, since, upto, name ?? "", name ?? "").one().n;
  }

  count(namespaceId: string, filter: RecordFilter, now = NOW): Promise<number> {
    return countRecords(this.d1, namespaceId, { filter, now, sizes: SIZES });
  }
}

const namespaceId = fc.constantFrom("one", "two");
const name = fc.constantFrom("a", "b");
const event = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("add" as const), namespaceId, name, start: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop" as const), oldest: fc.nat(6) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("count" as const),
      namespaceId,
      filter: fc.record({ name, since: fc.nat(60), upto: fc.nat(60) }, { requiredKeys: [] }),
      now: fc.constantFrom(NOW, 600_030),
    }),
  },
);

it("counts what is there, with any filter", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 30, maxLength: 150 }), async (events) => {
      const database = new Database();
      for (const [at, each] of events.entries()) {
        if (each.kind === "add") database.add(at, each);
        else if (each.kind === "drop") {
          const oldest = "SELECT id FROM records ORDER BY start LIMIT ?";
          database.sql.exec(`DELETE FROM records WHERE id IN (${oldest})`, each.oldest);
        } else {
          const { filter, now } = each;
          const told = await database.count(each.namespaceId, filter, now);
          expect(told).toBe(database.plain(each.namespaceId, filter));
        }
      }
      for (const id of ["one", "two"]) expect(await database.count(id, {})).toBe(database.plain(id, {}));
      database.sql.close();
    }),
    { numRuns: 150 },
  );
});

it("looks at the newest alone, once pieces are made; what comes or goes ends one piece", async () => {
  const database = new Database();
  for (let at = 0; at < 43; at++) database.add(at, { namespaceId: "one", name: at % 2 === 0 ? "a" : "b", start: at });
  const pieces = (name = "") => {
    const asked =
      "SELECT first, last, count FROM record_counts WHERE namespace_id = 'one' AND list_name = ? ORDER BY last";
    return database.sql.exec<{ first: number; last: number; count: number }>(asked, name).toArray();
  };
  expect(await database.count("one", {}, 0)).toBe(43);
  expect(pieces()).toEqual([]);
  expect(await database.count("one", {})).toBe(43);
  expect(pieces().map(({ first, last, count }) => [first, last, count])).toEqual(
    Array.from({ length: 8 }, (_, at) => [at * 5, at * 5 + 4, 5]),
  );
  expect(await database.count("one", { name: "a" })).toBe(22);
  database.looks = 0;
  expect(await database.count("one", {})).toBe(43);
  expect(database.looks).toBe(1);
  database.add(100, { namespaceId: "one", name: "b", start: 12 });
  database.add(101, { namespaceId: "two", name: "b", start: 22 });
  expect([pieces().length, pieces("a").length]).toEqual([7, 4]);
  database.sql.exec("DELETE FROM records WHERE id = '000002'");
  expect([pieces().length, pieces("a").length]).toEqual([6, 3]);
  expect(await database.count("one", {})).toBe(43);
  expect(pieces()).toHaveLength(8);
  expect(await database.count("one", { since: 3, upto: 27 })).toBe(26);
});

it("looks at few as well where only some time is counted, which moves on with the clock", async () => {
  const database = new Database();
  for (let at = 0; at < 200; at++) database.add(at, { namespaceId: "one", name: "a", start: at });
  for (let since = 40; since < 60; since++) {
    database.looked = 0;
    expect(await database.count("one", { since })).toBe(200 - since);
    if (since > 40 + COUNTS_UNTIL_MADE) expect(database.looked).toBeLessThanOrEqual(3 * SIZES.whole);
  }
  expect(await database.count("one", { since: 13, upto: 150 })).toBe(138);
  expect(await database.count("one", {})).toBe(200);
});

it("knows what no piece covers", () => {
  const range = { first: 0, last: 100 };
  expect(gapsOf([], range)).toEqual([range]);
  expect(gapsOf([{ first: 0, last: 100 }], range)).toEqual([]);
  const pieces = [
    { first: 10, last: 19 },
    { first: 20, last: 29 },
    { first: 40, last: 100 },
  ];
  expect(gapsOf(pieces, range)).toEqual([
    { first: 0, last: 9 },
    { first: 30, last: 39 },
  ]);
});
