// What a thousand activations cost in rows and operations, as D1, R2 and the object's own database count them, and in
// money at list prices: from their acceptance until nothing is left of them. The table is printed.

import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { StoreCore } from "../../../durable-objects/activations/core.ts";
import { storePorts } from "../../../durable-objects/activations/store-ports.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import type { ActivationStoreMode } from "../../../src/entities/activation-store-mode.ts";
import { Meter } from "../../../src/metrics/meter.ts";
import { openRecordSegments, openRecordTable } from "../../../src/storage/open.ts";
import { migrateRecords } from "../../support/migrate.worker.ts";
import { waitFor } from "../../support/wait-for.ts";
import { about, completion, invocation, testEnv } from "../host.worker.ts";

afterEach(async () => {
  await reset();
});

const COUNT = 1_000;
/** Accepted at once, and ended at once. */
const BATCH = 50;
/** Characters of a result: a thousand records are a segment. */
const RESULT = 700;
const DAY = 86_400_000;
const MINUTE = 60_000;
/** US dollars per million, as Cloudflare lists them: rows of D1 and of objects, operations of R2. */
const PRICES = { read: 0.001, written: 1, put: 4.5, get: 0.36, free: 0 };
type Unit = keyof typeof PRICES;

/** What is done, by stage and by what is counted. */
class Bill {
  stage = "";
  readonly #counts = new Map<string, number>();

  add(what: string, count: number): void {
    const line = `${this.stage}|${what}`;
    this.#counts.set(line, (this.#counts.get(line) ?? 0) + count);
  }

  of(what: string, stage = ""): number {
    const lines = [...this.#counts].filter(([line]) => line.startsWith(stage) && line.endsWith(`|${what}`));
    return lines.reduce((sum, [, count]) => sum + count, 0);
  }

  /** Per thousand activations. */
  print(mode: string): void {
    const lines = [...this.#counts].map(([line, count]) => {
      const [stage = "", what = ""] = line.split("|");
      const unit = what.slice(what.lastIndexOf(" ") + 1) as Unit;
      return `| ${mode} | ${stage} | ${what} | ${count} | ${((count * PRICES[unit]) / 1_000).toFixed(4)} |`;
    });
    console.info(`| mode | stage | what | of ${COUNT} | $ a million |\n|---|---|---|---|---|\n${lines.join("\n")}`);
  }
}

/** The database with its rows counted. */
function countedDatabase(storage: DurableObjectStorage, bill: Bill) {
  const sql = {
    exec: (query: string, ...bindings: (string | number | null)[]) => {
      const cursor = storage.sql.exec(query, ...bindings);
      const rows = cursor.toArray();
      bill.add("object rows read", cursor.rowsRead);
      bill.add("object rows written", cursor.rowsWritten);
      return { toArray: () => rows, one: () => rows[0] };
    },
  };
  return { sql, transaction: <T>(run: () => T) => storage.transactionSync(run) };
}

function countedD1(db: D1Database, bill: Bill): D1Database {
  const note = <T>(result: D1Result<T>): D1Result<T> => {
    bill.add("D1 rows read", result.meta.rows_read);
    bill.add("D1 rows written", result.meta.rows_written);
    return result;
  };
  const originals = new WeakMap<object, D1PreparedStatement>();
  const statement = (of: D1PreparedStatement): D1PreparedStatement => {
    const counting = {
      bind: (...values: unknown[]) => statement(of.bind(...values)),
      all: async () => note(await of.all()),
      run: async () => note(await of.run()),
      first: async () => note(await of.all()).results[0] ?? null,
    } as unknown as D1PreparedStatement;
    originals.set(counting, of);
    return counting;
  };
  return {
    prepare: (text: string) => statement(db.prepare(text)),
    batch: async (statements: D1PreparedStatement[]) =>
      (await db.batch(statements.map((each) => originals.get(each) ?? each))).map(note),
  } as unknown as D1Database;
}

function countedBucket(bucket: R2Bucket, bill: Bill): R2Bucket {
  const units: Partial<Record<string, string>> = { put: "put", get: "get", head: "get", list: "put", delete: "free" };
  return new Proxy(bucket, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== "function") return found;
      return (...args: unknown[]) => {
        bill.add(`R2 operations: ${units[String(name)] ?? "put"}`, 1);
        return found.apply(target, args);
      };
    },
  });
}

async function billOf(mode: ActivationStoreMode): Promise<Bill> {
  await migrateRecords();
  const bill = new Bill();
  const env = {
    ...testEnv(),
    RECORDS_0: countedD1(testEnv().RECORDS_0 as D1Database, bill),
    BLOBS: countedBucket(testEnv().BLOBS, bill),
  };
  const namespaceId = crypto.randomUUID();
  const name = `${namespaceId}:01` as const;
  const from = Date.now();
  let shift = 0;
  await runInDurableObject(testEnv().ACTIVATIONS.getByName(name), async (_, state) => {
    const ports = {
      now: () => from + shift,
      after: (ms: number, run: () => void) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      setAlarm: () => undefined,
      warn: (text: string) => bill.add(`warning: ${text} free`, 1),
    };
    const table = openRecordTable(env as never);
    const given = storePorts(state, env as never, { name, ports, meter: new Meter() });
    const { events: _events, ...rest } = given;
    const database = countedDatabase(state.storage, bill) as never;
    bill.stage = "0 the object is made";
    const shelves = { ...given.shelves, mode, tableOf: async () => table, segments: openRecordSegments(env as never) };
    const roster = { schedulers: async () => [], waiting: async () => undefined, full: async () => undefined };
    const core = new StoreCore(name, { database, ports: { ...rest, shelves, roster } as never });
    const left = () => state.storage.sql.exec("SELECT count(*) AS n FROM records WHERE kept = 1").one().n as number;
    for (let at = 0; at < COUNT; at += BATCH) {
      const calls = Array.from({ length: BATCH }, () => ({
        ...invocation({ about: { namespaceId } }),
        ...{ id: newActivationId(from + shift, 1), blocking: false },
      }));
      bill.stage = "1 accepted";
      core.accept(calls, { candidates: [] });
      bill.stage = "2 taken and ended";
      const offers = core.pull("h/0", { epoch: 1, boot: "b", memory: 1_000_000, max: BATCH });
      const finished = offers.map(({ invocation: { id }, attempt }) => ({
        ...{ id, attempt, lease: { epoch: 1, counter: 1 }, about: about({ namespaceId }) },
        completion: completion(JSON.stringify("x".repeat(RESULT))),
      }));
      core.complete(finished, { scheduler: "h/0", epoch: 1 });
    }
    bill.stage = "3 handed over";
    shift = 700_000;
    await core.alarm();
    await waitFor(async () => {
      await core.alarm();
      expect(left()).toBe(0);
    });
    bill.stage = "4 its tombstones end";
    shift = 2 * DAY;
    const rows = () => state.storage.sql.exec("SELECT count(*) AS n FROM records").one().n as number;
    await waitFor(async () => {
      shift += MINUTE;
      await core.alarm();
      expect(rows()).toBe(0);
    });
    bill.stage = "5 they expire";
    const kept = await table.keys(namespaceId, {}, COUNT);
    for (let at = 0; at < kept.length; at += 200) {
      const ids = kept.slice(at, at + 200).map((each) => each.id);
      await table.remove(namespaceId, ids);
    }
  });
  return bill;
}

test.each(["d1", "r2", "d1+r2"] as const)("with %s rows and operations stay within their bounds", async (mode) => {
  const bill = await billOf(mode);
  bill.print(mode);
  const hasTable = mode !== "r2";
  const hasSegments = mode !== "d1";
  expect(bill.of("D1 rows written", "3")).toBe(hasTable ? 4 * COUNT : 0);
  expect(bill.of("D1 rows written", "5")).toBeLessThanOrEqual(4 * COUNT);
  const puts = bill.of("R2 operations: put");
  expect(puts).toBeLessThanOrEqual(hasSegments ? 0.01 * COUNT : 0);
  expect(puts > 0).toBe(hasSegments);
  // The row and the record with their indexes, who has taken it, and the tombstone;
  // with two places where it is as well.
  expect(bill.of("object rows written")).toBeLessThanOrEqual((mode === "d1+r2" ? 18 : 14) * COUNT);
});
