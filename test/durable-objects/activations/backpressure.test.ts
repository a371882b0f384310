// How much an object holds that its shelf does not take, and what the roster hears of it: when it is full,
// for how long, and what a later incarnation takes back.

import { beforeEach, describe, expect, it } from "vitest";
import { Backpressure } from "../../../durable-objects/activations/backpressure.ts";
import { MIGRATIONS } from "../../../durable-objects/activations/schema.ts";
import { migrate } from "../../../durable-objects/shared/schema.ts";
import { START } from "../calls.ts";
import { openDatabase, settle } from "../clock.ts";

const BOUNDS = { ledgerRecords: 10, ledgerBytes: 1_000, databaseBytes: 1 };
const EVERY = 60_000;

let database: ReturnType<typeof openDatabase>;
let now: number;
let fault: string | null;
/** What the roster heard; throws what it is to throw. */
let heard: (string | null)[];
let deaf: boolean;
let warnings: string[];
let made: number;

beforeEach(() => {
  database = openDatabase();
  migrate(database, MIGRATIONS);
  [now, fault, heard, deaf, warnings, made] = [START, null, [], false, [], 0];
});

function incarnate(): Backpressure {
  return new Backpressure("ns:01", {
    sql: database.sql,
    bounds: BOUNDS,
    ports: {
      now: () => now,
      after: () => () => undefined,
      warn: (text) => void warnings.push(text),
      ledgerFault: async () => fault,
      roster: {
        schedulers: async () => [],
        waiting: async () => {},
        full: async (name, reason) => {
          expect(name).toBe("ns:01");
          if (deaf) throw new Error("nobody there");
          heard.push(reason);
        },
      },
    },
  });
}

function hold(count: number, { size = 1, kept = 1 } = {}): void {
  for (let at = 0; at < count; at++) {
    database.sql.exec(
      "INSERT INTO records (id, start, name, kept, stored, record) VALUES (?, 0, 'n', ?, 0, ?)",
      ...[`r${made++}`, kept, "x".repeat(size)],
    );
  }
}

const isTold = () => database.sql.exec("SELECT 1 AS one FROM counters WHERE name = 'full'").toArray().length > 0;

describe("an object whose shelf has not failed", () => {
  it("counts nothing, tells nobody and looks at nothing, whatever it holds", () => {
    hold(50);
    const pressure = incarnate();
    pressure.grew(5_000);
    pressure.shrank(1, 1);
    expect([pressure.full, pressure.next(), heard]).toEqual([null, Number.POSITIVE_INFINITY, []]);
  });
});

describe("after a failure of its shelf", () => {
  it("it is looked at no more while there is room, and what was handed over does not count", async () => {
    hold(9);
    hold(50, { kept: 2 });
    const pressure = incarnate();
    await pressure.look();
    expect([pressure.full, pressure.next(), heard, isTold()]).toEqual([null, Number.POSITIVE_INFINITY, [], false]);
  });

  it("it is full with as many records as it may have, and says so at once", async () => {
    hold(9);
    const pressure = incarnate();
    await pressure.look();
    pressure.grew(1);
    expect(pressure.full).toBe("10 records wait, and at most 10 may");
    await settle();
    expect([heard, isTold(), pressure.next()]).toEqual([[pressure.full], true, now + EVERY]);
    expect(warnings).toEqual([`records wait to be handed over, and no more are taken: ${pressure.full}`]);
    pressure.grew(1);
    await settle();
    expect(heard.length).toBe(1);
  });

  it("it is full with as many bytes as it may have", async () => {
    hold(3, { size: 333 });
    const pressure = incarnate();
    await pressure.look();
    expect(pressure.full).toBeNull();
    pressure.grew(1);
    expect(pressure.full).toMatch(/MB of records wait/);
  });

  it("it stays full until a tenth has gone, and then takes it back", async () => {
    hold(10);
    const pressure = incarnate();
    await pressure.look();
    pressure.shrank(1, 1);
    await settle();
    expect([pressure.full, heard.length]).toEqual(["9 records wait, and at most 10 may", 2]);
    pressure.shrank(1, 1);
    await settle();
    expect([pressure.full, heard.at(-1), isTold(), pressure.next()]).toEqual([
      ...[null, null, false, Number.POSITIVE_INFINITY],
    ]);
    expect(warnings.at(-1)).toContain("calls are taken");
    pressure.grew(1);
    expect(pressure.full).toBeNull();
  });

  it("it says again every minute that it is full, since the roster forgets", async () => {
    hold(10);
    const pressure = incarnate();
    await pressure.look();
    now += EVERY;
    expect(pressure.next()).toBe(now);
    await pressure.look();
    expect([heard.length, pressure.next(), warnings.length]).toEqual([2, now + EVERY, 1]);
  });

  it("is full while the machine's disk is, however little it holds", async () => {
    fault = "the disk is full";
    const pressure = incarnate();
    await pressure.look();
    expect([pressure.full, heard]).toEqual([fault, [fault]]);
    fault = null;
    pressure.shrank(0, 0);
    await settle();
    expect([pressure.full, heard]).toEqual([null, ["the disk is full", null]]);
  });
});

describe("a roster that does not hear", () => {
  it("is told again: that it is full, and that it is no more", async () => {
    hold(10);
    const pressure = incarnate();
    deaf = true;
    await pressure.look();
    expect([isTold(), pressure.next(), warnings.at(-1)]).toEqual([
      ...[true, now + EVERY, "the roster was not told whether records are taken: Error: nobody there"],
    ]);
    pressure.shrank(5, 5);
    await settle();
    expect([pressure.full, isTold(), pressure.next()]).toEqual([null, true, now + EVERY]);
    deaf = false;
    await pressure.look();
    expect([heard, isTold(), pressure.next()]).toEqual([[null], false, Number.POSITIVE_INFINITY]);
  });
});

describe("a later incarnation", () => {
  it("knows at once what it holds where the roster was told, and takes it back where there is room again", async () => {
    hold(10);
    await incarnate().look();
    const pressure = incarnate();
    expect([pressure.full, pressure.next()]).toEqual(["10 records wait, and at most 10 may", now]);
    database.sql.exec("DELETE FROM records");
    const after = incarnate();
    expect([after.full, after.next()]).toEqual([null, now]);
    await after.look();
    expect([heard.at(-1), isTold()]).toEqual([null, false]);
  });
});

describe("looks", () => {
  it("are one at a time, and none is due while one is under way", async () => {
    hold(10);
    const pressure = incarnate();
    const looks = [pressure.look(), pressure.look()];
    expect(looks[0]).toBe(looks[1]);
    expect(pressure.next()).toBe(Number.POSITIVE_INFINITY);
    await Promise.all(looks);
    expect(heard.length).toBe(1);
    now += EVERY;
    const look = pressure.look();
    expect(pressure.next()).toBe(now + EVERY);
    await look;
  });
});
