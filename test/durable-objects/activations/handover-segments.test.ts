// Records on their way to segments in R2, alone or beside the table: none is lost and none doubled, whatever fails in
// between.

import { describe, expect, test, vi } from "vitest";
import { START } from "../calls.ts";
import { HandoverWorld as World } from "./handover-world.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

describe("with r2", () => {
  test("ten minutes of records are one segment; less than ten wait for a day, and are found meanwhile", async () => {
    const world = new World("r2");
    const calls = world.made(12);
    await world.advance(9 * MINUTE);
    expect(world.shelves.segments.objects.size).toBe(0);
    await world.advance(2 * MINUTE);
    expect(world.shelves.segments.objects.size).toBe(1);
    expect(world.own).toBe(0);
    expect(await world.found(calls)).toBe(12);
    expect(world.shelves.table.rows.size).toBe(0);
    const few = world.made(3);
    await world.advance(23 * 60 * MINUTE);
    expect(world.own).toBe(3);
    expect(await world.found(few)).toBe(3);
    await world.advance(2 * 60 * MINUTE);
    expect(world.own).toBe(0);
    expect(await world.found([...calls, ...few])).toBe(15);
    const [first, second] = world.core.page({}, 10_000).segments;
    expect([first?.count, second?.count, first?.twin]).toEqual([3, 12, "none"]);
    expect(world.core.page({ name: "other" }, 10).segments).toEqual([]);
    expect(world.core.page({ upto: START - 100 }, 10).segments).toEqual([]);
  });

  test("an incarnation that finds some waiting knows how many they are, and since when", async () => {
    const world = new World("r2");
    world.made(12);
    await world.advance(5 * MINUTE);
    world.incarnate();
    await world.advance(4 * MINUTE);
    world.incarnate();
    expect(world.own).toBe(12);
    await world.advance(2 * MINUTE);
    expect([world.own, world.shelves.segments.objects.size]).toEqual([0, 1]);
    world.made(3);
    await world.advance(MINUTE);
    world.incarnate();
    await world.advance(20 * MINUTE);
    expect(world.own).toBe(3);
    for (let at = 0; at < 25; at++) world.finish(world.call(), `"${"x".repeat(50_000)}"`);
    world.incarnate();
    await world.advance(1_000);
    expect(world.own).toBe(0);
  });

  test("a megabyte does not wait", async () => {
    const world = new World("r2");
    for (let at = 0; at < 25; at++) world.finish(world.call(), `"${"x".repeat(50_000)}"`);
    await world.advance(MINUTE);
    expect(world.own).toBe(0);
    expect(world.shelves.segments.objects.size).toBe(1);
  });

  test("an incarnation that is lost between segment and index leaves its records readable, and no segment nobody knows", async () => {
    const world = new World("r2");
    world.shelves.segments.mood = "mute";
    const calls = world.made(15);
    await world.advance(11 * MINUTE);
    expect(world.shelves.segments.objects.size).toBe(1);
    expect(world.own).toBe(15);
    world.made(15);
    world.incarnate();
    world.shelves.segments.mood = "well";
    await world.advance(12 * MINUTE);
    expect(world.own).toBe(0);
    const known = world.core.page({}, 10_000).segments.map((each) => each.key);
    expect([...world.shelves.segments.objects.keys()].sort()).toEqual(known.sort());
    expect(await world.found(calls)).toBe(15);
  });

  test("one of a segment is read with one question; of one that was written before that was known, with two", async () => {
    const world = new World("r2");
    const calls = world.made(30);
    await world.advance(11 * MINUTE);
    expect(world.own).toBe(0);
    const { segments } = world.shelves;
    segments.asked = 0;
    expect(await world.found(calls)).toBe(30);
    expect(segments.asked).toBe(0);
    world.database.sql.exec("UPDATE segments SET spots = ''");
    expect(await world.found(calls)).toBe(30);
    expect(segments.asked).toBe(30);
  });

  test("where a member is not where the object has it the segment is believed", async () => {
    const world = new World("r2");
    const calls = world.made(12);
    await world.advance(11 * MINUTE);
    world.database.sql.exec("UPDATE segments SET spots = substr(spots, 49) || substr(spots, 1, 48)");
    const found = await Promise.all(calls.map(async ({ id }) => (await world.core.find(id)).record?.activationId));
    expect(found).toEqual(calls.map(({ id }) => id));
  });

  test("a bit that flips costs the one record it is in", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const world = new World("r2");
    const calls = world.made(12);
    await world.advance(11 * MINUTE);
    for (const bytes of world.shelves.segments.objects.values()) bytes[40]! ^= 4;
    const records = await Promise.all(calls.map(async ({ id }) => (await world.core.find(id)).record));
    expect(records.map((record) => record?.statusCode)).toEqual([3, ...Array(11).fill(0)]);
    expect(log).toHaveBeenCalledWith(
      expect.stringContaining(`"event":"record-damaged","activationId":"${calls[0]!.id}"`),
    );
    world.shelves.segments.objects.clear();
    expect((await world.core.find(calls[1]!.id)).record).toMatchObject({ activationId: calls[1]!.id, statusCode: 3 });
    log.mockRestore();
  });

  test("a host that comes back after a week makes no second record of one in a segment", async () => {
    const world = new World("r2");
    const [call] = world.made(12);
    await world.advance(7 * DAY);
    await world.core.recall([call!.id]);
    world.finish(call!, '{"again":1}');
    expect(world.own).toBe(0);
    expect((await world.core.find(call!.id)).record?.result).toEqual({ inline: '{"ok":true}' });
  });
});

describe("with d1+r2", () => {
  test("each record is in both, and leaves the object when it is", async () => {
    const world = new World("d1+r2");
    const calls = world.made(12);
    await world.advance(MINUTE);
    expect(world.shelves.table.rows.size).toBe(12);
    expect(world.own).toBe(12);
    expect(world.core.tally({})).toMatchObject({ count: 0, moving: [] });
    await world.advance(11 * MINUTE);
    expect(world.own).toBe(0);
    expect(world.core.page({}, 10_000).segments).toMatchObject([{ count: 12, twin: "all" }]);
    for (const down of [world.shelves.table, world.shelves.segments]) {
      down.mood = "refuses";
      expect(await world.found(calls)).toBe(12);
      down.mood = "well";
    }
  });

  test.each(["table", "segments"] as const)(
    "with its %s down everything is taken and read, and made good later",
    async (side) => {
      const world = new World("d1+r2");
      world.shelves[side].mood = "refuses";
      const calls = world.made(12);
      await world.advance(60 * MINUTE);
      expect(world.own).toBe(12);
      expect(await world.found(calls)).toBe(12);
      world.shelves[side].mood = "well";
      await world.advance(3 * MINUTE);
      expect(world.own).toBe(0);
      expect(world.shelves.table.rows.size).toBe(12);
      expect(await world.found(calls)).toBe(12);
    },
  );
});

test("with d1+r2 the oldest leave a table that is nearly full for R2 alone, and all is found and counted", async () => {
  const world = new World("d1+r2");
  const calls = world.made(100);
  await world.advance(20 * MINUTE);
  world.shelves.bounds.databaseBytes = await world.shelves.table.bytes();
  for (let at = 0; at < 4; at++) {
    calls.push(...world.made(20));
    await world.advance(20 * MINUTE);
  }
  expect(world.shelves.table.pruned).toBe(0);
  expect(world.shelves.table.rows.size).toBeLessThan(100);
  expect(world.core.page({}, 10_000).segments.at(-1)).toMatchObject({ count: 100, twin: "none" });
  expect(await world.found(calls)).toBe(180);
  expect(world.warnings).toContainEqual(expect.stringContaining("the oldest are in R2 alone from now on"));
});

test("records stay found when the mode changes, and what was in the air arrives once", async () => {
  const world = new World("d1");
  const calls = world.made(12);
  await world.advance(MINUTE);
  world.shelves.table.mood = "mute";
  calls.push(...world.made(12));
  await world.advance(MINUTE);
  expect(world.own).toBe(12);
  world.shelves.mode = "r2";
  world.incarnate();
  calls.push(...world.made(12));
  await world.advance(12 * MINUTE);
  // What the table may have is left to it.
  expect(world.core.page({}, 10_000).segments).toMatchObject([{ count: 12, twin: "none" }]);
  world.shelves.table.mood = "well";
  await world.advance(3 * MINUTE);
  expect(world.own).toBe(0);
  expect(world.shelves.table.rows.size).toBe(24);
  for (const mode of ["d1+r2", "d1", "r2"] as const) {
    world.shelves.mode = mode;
    world.incarnate();
    calls.push(...world.made(12));
    await world.advance(25 * 60 * MINUTE);
    expect(world.own).toBe(0);
    expect(await world.found(calls)).toBe(calls.length);
  }
});
