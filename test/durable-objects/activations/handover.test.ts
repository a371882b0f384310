// Records on their way to the shelves: none is lost and none doubled, whatever fails in between.

import { describe, expect, test, vi } from "vitest";
import { MIGRATIONS } from "../../../durable-objects/activations/schema.ts";
import { migrate } from "../../../durable-objects/shared/schema.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import { completed, START } from "../calls.ts";
import { openDatabase } from "../clock.ts";
import { NOBODY, HandoverWorld as World } from "./handover-world.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

describe("with d1", () => {
  test("a record is in the table within a minute of its end, and a tombstone in its place", async () => {
    const world = new World();
    const calls = world.made(3);
    expect(world.own).toBe(3);
    await world.advance(MINUTE);
    expect(world.shelves.table.rows.size).toBe(3);
    expect(world.own).toBe(0);
    expect(await world.found(calls)).toBe(3);
    expect(world.core.page({}, 10).records).toEqual([]);
    expect(world.core.tally({})).toMatchObject({ count: 0, moving: [] });
    expect((await world.core.await(calls[0]!.id, { ms: 60_000 })).record?.statusCode).toBe(0);
    expect((await world.core.find(calls[0]!.id)).record?.meta).toMatchObject({ v: 1, nsId: "ns", attempt: 1 });
  });

  test("an object with nothing left to do has no alarm but for its tombstones, and then none", async () => {
    const world = new World();
    world.made(1);
    await world.advance(3 * MINUTE);
    expect(world.alarmAt).toBeGreaterThan(world.clock.at + DAY - 4 * MINUTE);
    await world.advance(25 * 3_600_000);
    expect(world.alarmAt).toBeUndefined();
    expect(world.database.sql.exec("SELECT 1 AS one FROM records").toArray()).toEqual([]);
  });

  test("five thousand leave in batches, each once", async () => {
    const world = new World();
    const calls = world.made(5_000);
    await world.advance(MINUTE);
    expect(world.own).toBe(0);
    expect(world.shelves.table.batches.flat()).toHaveLength(5_000);
    expect(Math.max(...world.shelves.table.batches.map((each) => each.length))).toBeLessThanOrEqual(1_000);
    expect(await world.found(calls.slice(0, 50))).toBe(50);
  });

  test("while calls come batches are small, and no more than ten of them leave in a second", async () => {
    const world = new World();
    const began = world.clock.at;
    while (world.clock.at < began + 5_000) {
      world.made(4);
      await world.advance(6);
    }
    const sizes = world.shelves.table.batches.map((each) => each.length);
    expect(sizes.length).toBeGreaterThan(30);
    expect(sizes.length).toBeLessThanOrEqual(50);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(60);
    expect(world.own).toBeLessThan(200);
  });

  test.each(["refuses", "mute", "hangs"] as const)("a table that %s loses and doubles nothing", async (mood) => {
    const world = new World();
    world.shelves.table.mood = mood;
    const calls = world.made(20);
    await world.advance(10 * MINUTE);
    expect(world.own).toBe(20);
    expect(world.core.page({}, 100).records).toHaveLength(20);
    expect(world.warnings.length).toBeGreaterThan(0);
    expect(world.warnings.length).toBeLessThan(4);
    world.shelves.table.mood = "well";
    await world.advance(3 * MINUTE);
    expect(world.own).toBe(0);
    expect(world.shelves.table.rows.size).toBe(20);
    expect(await world.found(calls)).toBe(20);
  });

  test("it is not asked more than once a minute while it is down for long", async () => {
    const world = new World();
    world.made(1);
    const put = vi.spyOn(world.shelves.table, "put").mockRejectedValue(new Error("down"));
    await world.advance(30 * MINUTE);
    put.mockClear();
    await world.advance(60 * MINUTE);
    expect(put.mock.calls.length).toBeGreaterThan(30);
    expect(put.mock.calls.length).toBeLessThanOrEqual(61);
  });

  test("an incarnation that is lost after the table has a batch loses nothing: the same batch is put again", async () => {
    const world = new World();
    world.shelves.table.mood = "mute";
    world.made(7);
    await world.advance(25_000);
    expect(world.shelves.table.rows.size).toBe(7);
    expect(world.own).toBe(7);
    // What is in the table and here is counted once, by whoever asks both.
    const { count, moving } = world.core.tally({});
    expect(count + moving.length).toBe(7);
    expect(moving).toHaveLength(7);
    world.made(5);
    world.incarnate();
    world.shelves.table.mood = "well";
    expect(world.core.tally({})).toMatchObject({ count: 5 });
    await world.advance(MINUTE);
    expect(world.shelves.table.batches.at(-2)).toEqual(world.shelves.table.batches[0]);
    expect(world.shelves.table.rows.size).toBe(12);
    expect(world.own).toBe(0);
  });

  test("records whose storing is off stay away from the table", async () => {
    const world = new World();
    world.finish(world.call({ store: false }));
    await world.advance(2 * MINUTE);
    expect(world.shelves.table.rows.size).toBe(0);
  });

  test("while the table is down and the object full, calls with records are refused, those without go on; then all drains", async () => {
    const world = new World();
    world.shelves.bounds.ledgerRecords = 3_000;
    world.incarnate();
    world.shelves.table.mood = "refuses";
    const [call] = world.made(1);
    world.fill(3_000);
    await world.advance(MINUTE);
    const refused = world.call();
    const full = { kind: "full", of: "records", why: "3001 records wait, and at most 3000 may" };
    expect(world.core.accept([refused], { candidates: [] })).toEqual(full);
    expect((await world.core.find(refused.id)).known).toBe(false);
    expect(world.core.accept([world.call({ store: false })], { candidates: [] })).toEqual({ kind: "accepted" });
    // What has run is taken, whatever the bound.
    const ran = world.call();
    world.finish(ran);
    expect(await world.found([ran])).toBe(1);
    // The next incarnation knows it at once, and says it again.
    world.incarnate();
    expect(world.core.accept([world.call()], { candidates: [] })).toMatchObject({ kind: "full" });
    await world.advance(2 * MINUTE);
    expect(world.told.length).toBeGreaterThan(1);
    expect(new Set(world.told)).not.toContain(null);
    world.shelves.table.mood = "well";
    await world.advance(5 * MINUTE);
    expect(world.core.accept([world.call()], { candidates: [] })).toEqual({ kind: "accepted" });
    expect(world.told.at(-1)).toBeNull();
    expect(world.own).toBe(0);
    expect(await world.found([call!, ran])).toBe(2);
    world.told.length = 0;
    await world.advance(10 * MINUTE);
    expect(world.told).toEqual([]);
  });

  test("who asks again for a call that was taken is told so, however full the object is", async () => {
    const world = new World();
    world.shelves.table.mood = "refuses";
    const waiting = world.call();
    const [ended] = world.made(1);
    expect(world.core.accept([waiting], { candidates: [] })).toEqual({ kind: "accepted" });
    world.machine = "records take a fifth of the disk";
    await world.advance(MINUTE);
    for (const call of [waiting, ended!])
      expect(world.core.accept([call], { candidates: [] })).toEqual({ kind: "accepted" });
    expect(world.core.accept([world.call()], { candidates: [] })).toMatchObject({ kind: "full", of: "records" });
    expect(world.core.accept([waiting, world.call()], { candidates: [] })).toMatchObject({ kind: "full" });
  });

  test.each(["roster", "machine"] as const)(
    "a %s that does not answer once keeps nothing waiting for good",
    async (who) => {
      const world = new World();
      world.shelves.table.mood = "refuses";
      world.made(1);
      world.machine = "records take a fifth of the disk";
      world.mute = who;
      await world.advance(MINUTE);
      expect(world.mute).toBe("");
      world.shelves.table.mood = "well";
      world.machine = null;
      await world.advance(10 * MINUTE);
      expect(world.own).toBe(0);
      expect(world.core.accept([world.call()], { candidates: [] })).toEqual({ kind: "accepted" });
    },
  );

  test("what the machine's disk does not hold is refused as well, until it does", async () => {
    const world = new World();
    world.shelves.table.mood = "refuses";
    world.made(1);
    world.machine = "records take a fifth of the disk";
    await world.advance(MINUTE);
    expect(world.core.accept([world.call()], { candidates: [] })).toMatchObject({ kind: "full", why: world.machine });
    expect(world.told.at(-1)).toBe(world.machine);
    world.machine = null;
    await world.advance(2 * MINUTE);
    expect(world.core.accept([world.call()], { candidates: [] })).toEqual({ kind: "accepted" });
    expect(world.told.at(-1)).toBeNull();
    expect(world.own).toBe(1);
  });

  test("a table that is nearly full keeps taking records: the oldest leave, operators are told, no call is refused", async () => {
    const world = new World();
    const [first] = world.made(100);
    await world.advance(MINUTE);
    const bytes = await world.shelves.table.bytes();
    world.shelves.bounds.databaseBytes = Math.round(bytes * 1.3);
    world.made(5);
    await world.advance(MINUTE);
    expect([world.shelves.table.pruned, world.warnings]).toEqual([0, [expect.stringMatching(/filled to 8\d % of/)]]);
    for (let at = 0; at < 20; at++) {
      const last = world.made(20).at(-1)!;
      await world.advance(MINUTE);
      expect(world.core.accept([world.call()], { candidates: [] }).kind).toBe("accepted");
      expect(await world.found([last])).toBe(1);
    }
    expect(world.shelves.table.pruned).toBeGreaterThan(300);
    expect(await world.shelves.table.bytes()).toBeLessThan(world.shelves.bounds.databaseBytes);
    expect(await world.found([first!])).toBe(0);
    expect(world.forgotten.length).toBe(world.shelves.table.pruned);
    expect(world.warnings.filter((each) => each.includes("counted as pruned")).length).toBe(1);
    // One that refuses because it is full is relieved as well.
    const before = world.shelves.table.pruned;
    world.shelves.bounds.databaseBytes = 1_000;
    world.shelves.table.writes = "refuses";
    world.made(3);
    await world.advance(MINUTE);
    expect(world.shelves.table.pruned).toBeGreaterThan(before);
  });

  test("without a place that is named nothing is moved", async () => {
    const world = new World();
    world.shelves.mode = null;
    world.incarnate();
    world.made(3);
    await world.advance(10 * MINUTE);
    expect(world.own).toBe(3);
  });
});

describe("an id whose record was handed over", () => {
  test.each([
    ["within the day", MINUTE],
    ["after its tombstone has gone", 2 * DAY],
  ])("gets no second one, %s, and its blobs stay", async (_, age) => {
    const world = new World();
    const call = world.call();
    const { id, about } = call;
    const result = { blob: `results/${id}/1`, size: 100_000 };
    const finished = { id, attempt: 1, lease: { epoch: 1, counter: 1 }, about };
    world.core.complete([{ ...finished, completion: { ...completed(), result } }], NOBODY);
    await world.advance(age);
    const before = (await world.core.find(id)).record;
    expect(before?.result).toEqual(result);
    // The host was away and has kept it.
    await world.core.recall([id]);
    world.core.complete([{ ...finished, completion: { ...completed(), result } }], NOBODY);
    await world.core.recall([id]);
    expect(world.core.accept([call], { candidates: [] })).toEqual({ kind: "accepted" });
    await world.core.recall([id]);
    expect(world.core.fail(id, { about, reason: "x" })).toBeNull();
    await world.advance(MINUTE);
    expect(world.own).toBe(0);
    expect(world.forgotten).toEqual([]);
    expect((await world.core.find(id)).record).toEqual(before);
    expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 0 });
  });

  test("that nobody has ever had and is old is late, and its blobs go", async () => {
    const world = new World();
    const call = world.call();
    await world.advance(2 * DAY);
    await world.core.recall([call.id]);
    const result = { blob: `results/${call.id}/1`, size: 100_000 };
    const completion = { ...completed(), result };
    world.core.complete(
      [{ id: call.id, attempt: 1, lease: { epoch: 1, counter: 1 }, about: call.about, completion }],
      NOBODY,
    );
    expect((await world.core.find(call.id)).record).toBeNull();
    expect(world.forgotten).toEqual([result.blob]);
    const [late] = world.database.sql.exec("SELECT value FROM counters WHERE name = 'late'").toArray();
    expect(late).toEqual({ value: 1 });
  });

  test("is not decided about while the table does not answer", async () => {
    const world = new World();
    const [call] = world.made(1);
    await world.advance(2 * DAY);
    world.shelves.table.mood = "refuses";
    await expect(world.core.recall([call!.id])).rejects.toThrow("down");
    await expect(world.core.find(call!.id)).rejects.toThrow("down");
    expect(world.core.recall([world.call().id])).toBeUndefined();
  });
});

describe("what an earlier version left", () => {
  test("records without meta and checksum, and damaged ones, are handed over and read", async () => {
    const database = openDatabase();
    migrate(database, MIGRATIONS.slice(0, 3));
    const ids = Array.from({ length: 2_500 }, (_, at) => newActivationId(START - 40 * DAY + at, 1));
    for (const [at, id] of ids.entries()) {
      const record =
        at === 3 ? '{"torn' : JSON.stringify({ activationId: id, start: at, statusCode: 0, annotations: "[]" });
      database.sql.exec(
        "INSERT INTO records (id, start, name, kept, stored, record) VALUES (?, ?, 'a', 1, ?, ?)",
        ...[id, at, START - 40 * DAY, record],
      );
    }
    const world = new World("d1", database);
    expect(world.alarmAt).toBeDefined();
    await world.advance(MINUTE);
    expect(world.shelves.table.rows.size).toBe(2_500);
    expect(world.own).toBe(0);
    expect((await world.core.find(ids[7]!)).record).toEqual({
      activationId: ids[7],
      start: 7,
      statusCode: 0,
      annotations: "[]",
    });
    await world.advance(MINUTE);
    // Their tombstones are of no use any more.
    expect(database.sql.exec("SELECT 1 AS one FROM records").toArray()).toEqual([]);
  });
});
