// Figures against a plain count of all that ended, whatever is lost, late, repeated or added up in between.

import fc from "fast-check";
import { expect, it } from "vitest";
import { FigureBook, MAX_NAMES } from "../../../durable-objects/activations/figures.ts";
import { MIGRATIONS } from "../../../durable-objects/activations/schema.ts";
import { type Database, migrate } from "../../../durable-objects/shared/schema.ts";
import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { STEP_NAMES, STEPS, type Step } from "../../../src/entities/figures.ts";
import type { FiguresPage } from "../../../src/protocol/figures.ts";
import { openDatabase } from "../clock.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;
const BEGIN = Math.floor(1_790_000_000_000 / (24 * HOUR)) * 24 * HOUR;

interface Ending {
  kind: "end";
  /** ms ago. */
  late: number;
  names: string[];
  /** The transaction is undone. */
  fails: boolean;
}
type Event = Ending | { kind: "wait"; ms: number } | { kind: "tend" } | { kind: "restart" };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant("end" as const),
    late: fc.oneof(
      { weight: 4, arbitrary: fc.nat(30_000) },
      { weight: 1, arbitrary: fc.nat(3 * HOUR) },
      { weight: 1, arbitrary: fc.nat(100 * HOUR) },
    ),
    names: fc.array(fc.constantFrom("a", "b", "p/c"), { minLength: 1, maxLength: 4 }),
    fails: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(5 * MINUTE), fc.nat(5 * HOUR)) }),
  fc.constant({ kind: "tend" as const }),
  fc.constant({ kind: "restart" as const }),
);

it("counts each activation once in each step, in its own span", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 60 }), async (events) => {
      const database = opened();
      let book = new FigureBook(database.sql);
      let now = BEGIN + 150 * HOUR;
      const ended: { at: number; name: string }[] = [];
      for (const each of events) {
        if (each.kind === "wait") now += each.ms;
        else if (each.kind === "tend") book.tend(database, now);
        else if (each.kind === "restart") book = new FigureBook(database.sql);
        else end(book, database, { ending: each, now, ended });
        if (each.kind !== "end") continue;
        for (const step of STEP_NAMES) await agrees(book, { step, now, ended });
      }
      now += HOUR;
      book.tend(database, now);
      for (const step of STEP_NAMES) await agrees(book, { step, now, ended });
    }),
    { numRuns: 150 },
  );
});

function end(
  book: FigureBook,
  database: Database,
  { ending, now, ended }: { ending: Ending; now: number; ended: { at: number; name: string }[] },
): void {
  const at = now - ending.late;
  const run = () =>
    database.transaction(() =>
      book.batch(() => {
        for (const name of ending.names) book.count(recordOf(name, at));
        if (ending.fails) throw new Error("undone");
      }),
    );
  if (ending.fails) expect(run).toThrow("undone");
  else {
    run();
    ended.push(...ending.names.map((name) => ({ at, name })));
  }
}

async function agrees(
  book: FigureBook,
  { step, now, ended }: { step: Step; now: number; ended: readonly { at: number; name: string }[] },
): Promise<void> {
  const { ms, keptMs } = STEPS[step];
  const oldest = Math.floor((now - keptMs) / ms) * ms;
  const kept = ended.filter(({ at }) => at >= oldest);
  const page = await read(book, step, now);
  const spans = new Map<number, number>();
  for (const { at } of kept) spans.set(Math.floor(at / ms) * ms, (spans.get(Math.floor(at / ms) * ms) ?? 0) + 1);
  const told = page.series.map(({ at, figures }) => [at, figures.count]);
  expect(told, step).toEqual([...spans].sort(([one], [other]) => one - other));
  for (const name of ["a", "b", "p/c"]) {
    const own = page.names.find((each) => each.key.name === name)?.figures.count ?? 0;
    expect(own, `${step} ${name}`).toBe(kept.filter((each) => each.name === name).length);
  }
}

it("adds names beyond the most to one", async () => {
  const database = opened();
  const book = new FigureBook(database.sql);
  const names = Array.from({ length: MAX_NAMES + 50 }, (_, at) => `action${at}`);
  for (const name of [...names, ...names]) database.transaction(() => book.count(recordOf(name, BEGIN)));
  expect(book.tend(database, BEGIN + HOUR)).toBe(true);
  for (const step of STEP_NAMES) {
    const page = await read(book, step, BEGIN + HOUR);
    expect(page.names).toHaveLength(MAX_NAMES + 1);
    expect(page.names.find(({ key }) => key.type === "other")?.figures.count).toBe(100);
    expect(page.series.map(({ figures }) => figures.count)).toEqual([2 * names.length]);
  }
});

it("lets go of minutes after two days, of hours after ninety, and of days after two years", async () => {
  const database = opened();
  const book = new FigureBook(database.sql);
  const DAY = 24 * HOUR;
  for (let day = 0; day < 800; day++) {
    database.transaction(() => book.count(recordOf("a", BEGIN + day * DAY)));
    while (!book.tend(database, BEGIN + day * DAY + HOUR));
  }
  const rows = database.sql
    .exec<{ step: string; n: number }>("SELECT step, count(*) AS n FROM figures GROUP BY step ORDER BY step")
    .toArray();
  const counts = Object.fromEntries(rows.map(({ step, n }) => [step, n]));
  expect(counts).toEqual({ day: 730, hour: 91, minute: 2 });
  expect((await read(book, "day", BEGIN + 799 * DAY)).series).toHaveLength(731);
});

it("tells outcomes, cold starts (prewarmed ones are initialised, too), durations and waits; what never ran has no duration", async () => {
  const database = opened();
  const book = new FigureBook(database.sql);
  database.transaction(() => {
    book.count(recordOf("a", BEGIN, { duration: 100, wait: 7, start: "cold" }));
    book.count(recordOf("a", BEGIN, { duration: 10, wait: 3, start: "warm" }));
    book.count({ ...recordOf("a", BEGIN, { duration: 0 }), statusCode: 3 });
    const annotations = JSON.stringify([{ key: "timeout", value: true }]);
    book.count({
      ...recordOf("a", BEGIN, { duration: 60_000, wait: 3, start: "prewarmed" }),
      statusCode: 2,
      annotations,
    });
  });
  const page = await read(book, "minute", BEGIN);
  expect(page.names).toMatchObject([{ figures: { count: 4, outcomes: [2, 0, 0, 1, 1], started: 3, cold: 2 } }]);
  const { duration = {}, wait = {} } = page.names[0]?.figures ?? {};
  const values = (histogram: Record<string, number>) => Object.values(histogram).reduce((sum, each) => sum + each, 0);
  expect([values(duration), values(wait)]).toEqual([3, 3]);
});

it("reads again what was added up while it was read, and refuses what is too much", async () => {
  const database = opened();
  const book = new FigureBook(database.sql);
  database.transaction(() => {
    for (let minute = 0; minute < 60; minute++) {
      for (let name = 0; name < 50; name++) book.count(recordOf(`a${name}`, BEGIN + minute * MINUTE));
    }
  });
  let tended = false;
  const page = await book.read(
    { step: "hour", since: BEGIN, upto: BEGIN + HOUR },
    {
      now: BEGIN + HOUR,
      pause: async () => {
        if (!tended) book.tend(database, BEGIN + 2 * HOUR);
        tended = true;
      },
    },
  );
  expect(tended).toBe(true);
  expect(page?.series.map(({ figures }) => figures.count)).toEqual([3_000]);
  const insert = `INSERT INTO figures (step, at, type, name, figures)
    SELECT 'day', ?1 + value * 86400000, 'action', 'x' || ?2, '{"count":1,"outcomes":[],"started":0,"cold":0,"duration":{},"wait":{}}'
    FROM json_each(?3)`;
  const days = JSON.stringify(Array.from({ length: 600 }, (_, at) => at));
  for (let name = 0; name < 200; name++) database.sql.exec(insert, BEGIN, name, days);
  expect(await read(book, "day", BEGIN + 600 * 24 * HOUR)).toBeNull();
});

function opened(): Database {
  const database = openDatabase();
  migrate(database, MIGRATIONS);
  return database;
}

async function read(book: FigureBook, step: Step, now: number): Promise<FiguresPage> {
  const page = await book.read({ step, since: 0, upto: now }, { now, pause: async () => {} });
  return page as FiguresPage;
}

function recordOf(
  name: string,
  end: number,
  run: { duration: number; wait?: number; start?: "cold" | "prewarmed" | "warm" } = {
    duration: 5,
    wait: 1,
    start: "warm",
  },
): ActivationRecord {
  const { duration, wait, start = "none" } = run;
  return {
    ...{ activationId: "", namespace: "ns", name, version: "0.0.1", subject: "someone" },
    ...{ start: end - duration, end, duration, statusCode: 0, result: { inline: "{}" }, size: 2 },
    ...{ logs: { inline: "[]" }, annotations: "[]" },
    meta: {
      ...{ v: 1, nsId: "ns", listName: name, kind: "nodejs:20", acceptedAt: end, logBytes: 0, traceId: "" },
      ...(wait === undefined ? {} : { waitMs: wait }),
      start,
    },
  };
}
