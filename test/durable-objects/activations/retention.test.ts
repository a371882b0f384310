// Records that are too old: gone for everybody at once, dropped by and by with what is theirs, and never made again.

import { describe, expect, test } from "vitest";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import { completed } from "../calls.ts";
import { HandoverWorld, NOBODY } from "./handover-world.ts";

const HOUR = 3_600_000;

/** As `finish`, with a result and logs that lie in the blob store. */
function finishLarge(world: HandoverWorld, call: Invocation): string[] {
  const { id, about } = call;
  const keys = [`results/${id}/1`, `logs/${id}/1`];
  const [result, logs] = keys.map((blob) => ({ blob, size: 100_000 })) as [{ blob: string; size: number }, never];
  const completion = { ...completed(), result, logs };
  world.core.complete([{ id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion }], NOBODY);
  return keys;
}

/** Ten records a second apart, the first with blobs. */
async function filled(mode: "d1" | "r2" | "d1+r2") {
  const world = new HandoverWorld(mode);
  const calls: Invocation[] = [];
  let blobs: string[] = [];
  for (let at = 0; at < 10; at++) {
    world.clock.at += 1_000;
    const call = world.call();
    calls.push(call);
    if (at === 0) blobs = finishLarge(world, call);
    else world.finish(call);
  }
  const from = world.clock.at - 4_500;
  return { world, calls, blobs, old: calls.slice(0, 5), young: calls.slice(5), from };
}

describe.each(["d1", "r2", "d1+r2"] as const)("with %s", (mode) => {
  test("what lies in the object is gone at once, dropped soon, and its blobs with it", async () => {
    const { world, old, young, blobs, from } = await filled(mode);
    world.core.retain(from);
    expect([await world.found(old), await world.found(young)]).toEqual([0, 5]);
    expect(world.core.tally({}).count).toBe(5);
    expect(world.core.page({}, 100)).toMatchObject({ from, records: { length: 5 } });
    await world.advance(5_000);
    expect(world.own).toBe(5);
    expect(world.shelves.discarded).toEqual(blobs);
    // Another incarnation has not forgotten it.
    world.incarnate();
    expect(await world.found(old)).toBe(0);
  });

  test("what was handed over is gone as well; a segment goes when all that is in it is too old", async () => {
    const { world, old, young, blobs, from } = await filled(mode);
    await world.advance(700_000);
    expect(world.own).toBe(0);
    world.core.retain(from);
    expect([await world.found(old), await world.found(young)]).toEqual([0, 5]);
    await world.advance(5_000);
    expect(world.shelves.segments.objects.size).toBe(mode === "d1" ? 0 : 1);
    expect(world.shelves.discarded).toEqual([]);
    world.core.retain(world.clock.at);
    await world.advance(130_000);
    expect(world.shelves.segments.objects.size).toBe(0);
    expect(world.core.page({}, 100).segments).toEqual([]);
    expect(world.shelves.discarded).toEqual(mode === "d1" ? [] : blobs);
  });

  test("no late word makes one again, of a host or of ours", async () => {
    const { world, old, from } = await filled(mode);
    world.core.retain(from);
    await world.advance(5_000);
    for (const hours of [0, 1, 25, 24 * 7]) {
      await world.advance(hours * HOUR);
      for (const call of old) {
        await world.core.recall([call.id]);
        world.finish(call, '{"late":true}');
      }
      await world.advance(700_000);
      expect(await world.found(old)).toBe(0);
      expect(world.core.tally({}).count + world.shelves.table.rows.size).toBeLessThanOrEqual(5 + 5);
      for (const { id } of old) expect(world.shelves.table.rows.get(id)?.record.text ?? "").not.toContain("late");
    }
  });

  test("it never goes back", async () => {
    const { world, old, from } = await filled(mode);
    world.core.retain(from);
    world.core.retain(from - HOUR);
    expect(await world.found(old)).toBe(0);
    expect(world.core.holdings().from).toBe(from);
  });
});

test("a shelf that is down keeps nothing visible, and what is too old goes when it is back", async () => {
  const { world, calls, from } = await filled("r2");
  await world.advance(700_000);
  world.core.retain(from + HOUR);
  world.shelves.segments.mood = "refuses";
  await world.advance(20_000);
  expect(await world.found(calls)).toBe(0);
  expect(world.warnings.join()).toMatch(/were not dropped, and stay hidden: Error: the shelf is down/);
  world.shelves.segments.mood = "well";
  await world.advance(700_000);
  expect(world.shelves.segments.objects.size).toBe(0);
});

test("a batch on its way when its records become too old arrives, and stays hidden", async () => {
  const { world, calls, from } = await filled("d1");
  world.shelves.table.mood = "hangs";
  await world.advance(30_000);
  world.core.retain(from + HOUR);
  await world.advance(10_000);
  expect(world.own).toBe(10);
  world.shelves.table.mood = "well";
  await world.advance(300_000);
  expect([world.own, await world.found(calls), world.core.tally({}).count]).toEqual([0, 0, 0]);
});

describe("what an object holds", () => {
  test("is counted once, wherever it lies, without what is too old", async () => {
    const { world, from } = await filled("r2");
    const held = world.core.holdings();
    expect([held.here.records, held.own.records, held.shelved.records]).toEqual([10, 10, 0]);
    expect(held.oldest.items.map((each) => each.start)).toEqual(held.oldest.items.map((each) => each.start).toSorted());
    await world.advance(700_000);
    const shelved = world.core.holdings();
    expect([shelved.here.records, shelved.own.records, shelved.shelved.records]).toEqual([0, 0, 10]);
    expect(shelved.oldestSegments).toMatchObject([{ count: 10 }]);
    world.core.retain(from);
    expect(world.core.holdings()).toMatchObject({ shelved: { records: 0 }, mixed: [{ count: 10 }], nextSegment: null });
  });

  test("in both places is told apart from what only segments have", async () => {
    const { world } = await filled("d1+r2");
    await world.advance(700_000);
    expect(world.core.holdings()).toMatchObject({
      twins: { records: 10 },
      shelved: { records: 0 },
      oldestSegments: [],
    });
  });
});
