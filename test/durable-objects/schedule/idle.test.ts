// Very many schedules that are not due: what they cost.

import { expect, test } from "vitest";
import { ScheduleRows } from "../../../durable-objects/schedule/schedule-rows.ts";
import type { Database } from "../../../durable-objects/shared/schema.ts";
import type { SlotNote } from "../../../src/entities/schedule.ts";
import { Sqlite } from "../../support/sqlite.ts";
import { START } from "../calls.ts";
import { scheduleWorld } from "./world.ts";

const OBJECTS = 5;
const EACH = 2_000;
const HOUR = 3_600_000;

test("10,000 of them wake nobody for a day but to set the next alarm, and take less than 100 MB with full histories", async () => {
  let bytes = 0;
  let statements = 0;
  for (let object = 0; object < OBJECTS; object++) {
    const sqlite = new Sqlite();
    const database: Database = {
      sql: {
        exec: (query, ...bindings) => {
          statements++;
          return sqlite.exec(query, ...bindings) as never;
        },
      },
      transaction: (run) => sqlite.transactionSync(run),
    };
    const world = scheduleWorld({ database, name: "uuid:01" });
    const payload = JSON.stringify({ told: "x".repeat(200) });
    // Another name than the first object's: that one hands over above 500.
    for (let count = 0; count < EACH; count++) {
      const yearly = { kind: "alarm" as const, cron: "0 0 1 1 *", timezone: "Europe/Berlin" };
      await world.put(`schedule-number-${count}`, yearly, { payload });
    }
    const rows = new ScheduleRows(database);
    expect(rows.count).toBe(EACH);
    const note: SlotNote = { slot: START, at: START, outcome: "fired", id: "0".repeat(32) };
    const notes = Array.from({ length: 20 }, () => note);
    for (const { name } of rows.coming(START, { until: Number.MAX_SAFE_INTEGER, busy: [] })) {
      const schedule = rows.get(name);
      if (schedule !== null) rows.save([{ schedule, notes }]);
    }
    const pages = (pragma: string) => Number(Object.values(sqlite.db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
    bytes += pages("page_count") * pages("page_size");
    statements = 0;
    await world.clock.advance(24 * HOUR);
    expect([world.said, statements]).toEqual([[], 0]);
  }
  expect(bytes).toBeLessThan(100 * 1024 ** 2);
});
