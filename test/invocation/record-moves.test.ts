// After a change of the mode the older records are moved: meanwhile lists and counts are as exact as before, whatever
// dies, and in the end each record is where the mode has it.

import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { ActivationStoreMode } from "../../src/entities/activation-store-mode.ts";
import { Namespace, RECORD_MODES } from "./record-namespace.ts";

const ALL = { limit: 2_000, skip: 0, docs: false };

/** Until all shards say so. */
async function moved(namespace: Namespace): Promise<void> {
  for (let rounds = 0; rounds < 200; rounds++) {
    if (namespace.shards.every((shard) => shard.core.move(null)?.state === "done")) return;
    await namespace.advance(60_000);
  }
  expect.fail(JSON.stringify(namespace.shards.map((shard) => shard.core.move(null))));
}

function placed(namespace: Namespace, mode: ActivationStoreMode): void {
  const { table, segments } = namespace.shards[0]!.shelves;
  const count = namespace.model.length;
  expect(namespace.shards.reduce((sum, shard) => sum + shard.own, 0)).toBe(0);
  const refs = namespace.shards.flatMap((shard) => shard.core.page({}, 10_000).segments);
  const inSegments = refs.reduce((sum, ref) => sum + ref.count, 0);
  expect([mode, table.rows.size, inSegments]).toEqual([mode, mode === "r2" ? 0 : count, mode === "d1" ? 0 : count]);
  if (count > 0)
    expect(new Set(refs.map((ref) => ref.twin))).toEqual(
      new Set(mode === "d1" ? [] : [mode === "r2" ? "none" : "all"]),
    );
  expect([...segments.objects.keys()].sort()).toEqual(refs.map((ref) => ref.key).sort());
}

function turnTo(namespace: Namespace, mode: ActivationStoreMode): void {
  for (const shard of namespace.shards) {
    shard.shelves.mode = mode;
    shard.incarnate();
  }
}

const DAY = 25 * 3_600_000;

describe.each(RECORD_MODES)("to %s", (to) => {
  test.each(RECORD_MODES.filter((each) => each !== to))("from %s: exact at each moment, and complete", async (from) => {
    const namespace = new Namespace(from);
    namespace.make(450, 0);
    await namespace.advance(30_000);
    namespace.make(30, 1);
    await namespace.advance(from === "d1" ? 1_000 : 620_000);
    turnTo(namespace, to);
    namespace.make(20, 2);
    for (const shard of namespace.shards) expect(shard.core.move(to)).toMatchObject({ to, moved: 0 });
    for (let round = 0; round < 12; round++) {
      let asked = 0;
      namespace.meanwhile = () => (++asked > 12 ? undefined : namespace.advance(400));
      await namespace.check({ ...ALL, docs: round % 5 === 0 });
      namespace.meanwhile = () => undefined;
      if (round % 4 === 1) for (const shard of namespace.shards) shard.incarnate();
      await namespace.advance(45_000);
    }
    await namespace.advance(DAY);
    await moved(namespace);
    await namespace.advance(600_000);
    placed(namespace, to);
    await namespace.check({ ...ALL, docs: true });
  });
});

test("a list misses none that goes from the table between the objects' answer and the table's", async () => {
  const namespace = new Namespace("d1+r2");
  namespace.make(450, 0);
  await namespace.advance(700_000);
  turnTo(namespace, "r2");
  for (const shard of namespace.shards) expect(shard.core.move("r2")).toMatchObject({ to: "r2" });
  namespace.meanwhile = () => namespace.advance(1_000);
  for (let round = 0; round < 200; round++) {
    expect(await namespace.list(ALL)).toHaveLength(450);
    if (namespace.shards.every((shard) => shard.core.move(null)?.state === "done")) break;
  }
  placed(namespace, "r2");
});

test("nor one that leaves a table which is nearly full", async () => {
  const namespace = new Namespace("d1+r2");
  namespace.make(450, 0);
  await namespace.advance(700_000);
  const { table, bounds } = namespace.shards[0]!.shelves;
  bounds.databaseBytes = await table.bytes();
  namespace.make(30, 1);
  namespace.meanwhile = () => namespace.advance(1_000);
  for (let round = 0; round < 200 && table.rows.size >= 450; round++) {
    expect(await namespace.list(ALL)).toHaveLength(480);
  }
  expect(table.rows.size).toBeLessThan(450);
  expect(await namespace.list(ALL)).toHaveLength(480);
});

const step = fc.oneof(
  fc.record({ kind: fc.constant("make" as const), count: fc.integer({ min: 1, max: 40 }), seed: fc.nat(6) }),
  fc.record({ kind: fc.constant("wait" as const), minutes: fc.constantFrom(0.1, 0.5, 2, 12) }),
  fc.record({ kind: fc.constant("lose" as const) }),
  fc.record({ kind: fc.constant("mood" as const), mood: fc.constantFrom("well" as const, "mute" as const) }),
  fc.record({ kind: fc.constant("turn" as const), mode: fc.constantFrom(...RECORD_MODES), moves: fc.boolean() }),
);

test("whatever the mode was and whatever failed, drawn at random", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const namespace = new Namespace("d1");
      const { table, segments } = namespace.shards[0]!.shelves;
      let mode: ActivationStoreMode = "d1";
      for (const each of steps) {
        if (each.kind === "make") namespace.make(each.count, each.seed);
        else if (each.kind === "wait") await namespace.advance(each.minutes * 60_000);
        else if (each.kind === "lose") for (const shard of namespace.shards) shard.incarnate();
        else if (each.kind === "mood") {
          table.writes = each.mood;
          segments.writes = each.mood;
        } else {
          mode = each.mode;
          turnTo(namespace, mode);
          if (each.moves) for (const shard of namespace.shards) shard.core.move(mode);
        }
        await namespace.check(ALL);
      }
      table.writes = "well";
      segments.writes = "well";
      for (const shard of namespace.shards) shard.core.move(mode);
      await namespace.advance(DAY);
      await moved(namespace);
      await namespace.advance(600_000);
      await namespace.check({ ...ALL, docs: true });
      placed(namespace, mode);
    }),
    { numRuns: 15 },
  );
});

test("a segment that cannot be read is left as it is, and said; the rest is moved", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const namespace = new Namespace("r2");
  namespace.make(60, 0);
  await namespace.advance(620_000);
  namespace.make(60, 1);
  await namespace.advance(620_000);
  const { segments } = namespace.shards[0]!.shelves;
  const [first] = segments.objects.keys();
  segments.objects.get(first!)?.fill(7);
  turnTo(namespace, "d1");
  for (const shard of namespace.shards) shard.core.move("d1");
  await namespace.advance(600_000);
  await moved(namespace);
  const left = namespace.shards.map((shard) => shard.core.move(null));
  expect(left.map((each) => each?.segments).sort()).toEqual([0, 1]);
  expect(left.map((each) => each?.damaged).sort()).toEqual([0, 1]);
  log.mockRestore();
});

test("it stops when the mode is another one, and waits while a place is down, with the reason", async () => {
  const namespace = new Namespace("d1");
  namespace.make(20, 0);
  await namespace.advance(60_000);
  turnTo(namespace, "r2");
  const [shard] = namespace.shards;
  expect(shard!.core.move(null)).toBeNull();
  shard!.core.move("r2");
  shard!.shelves.segments.mood = "refuses";
  await namespace.advance(60_000);
  expect(shard!.core.move(null)).toMatchObject({ state: "waiting", reason: expect.stringContaining("is down") });
  turnTo(namespace, "d1");
  expect(namespace.shards[0]!.core.move(null)).toMatchObject({
    state: "stopped",
    reason: "the mode in force is d1",
  });
  await namespace.check(ALL);
});
