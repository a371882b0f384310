// Lists and counts over objects, table and segments are those of one sorted array,
// whatever lies where and moves meanwhile.

import fc from "fast-check";
import { describe, expect, it, test, vi } from "vitest";
import type { RecordFilter } from "../../src/entities/kept-record.ts";
import { countActivations, listActivations } from "../../src/invocation/record-list.ts";
import { LIST_NAMES, Namespace, RECORD_MODES } from "./record-namespace.ts";

const filter = (namespace: Namespace, draw: { name: number; since: number; upto: number }): RecordFilter => {
  const at = (part: number) => namespace.model[Math.floor((namespace.model.length * part) / 10)]?.start;
  const [name, since, upto] = [LIST_NAMES[draw.name], at(draw.since), at(draw.upto)];
  return JSON.parse(JSON.stringify({ name, since, upto }));
};

const minutes = fc.constantFrom(0.2, 0.5, 2, 12);
const step = fc.oneof(
  fc.record({ kind: fc.constant("make" as const), count: fc.integer({ min: 1, max: 60 }), seed: fc.nat(6) }),
  fc.record({ kind: fc.constant("wait" as const), minutes }),
  fc.record({ kind: fc.constant("lose" as const) }),
  fc.record({ kind: fc.constant("retain" as const), part: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant("mood" as const), mood: fc.constantFrom("well" as const, "mute" as const) }),
);
const draws = fc.record({
  name: fc.nat(5),
  since: fc.nat(15),
  upto: fc.nat(15),
  limit: fc.constantFrom(1, 5, 30, 200),
  skip: fc.constantFrom(0, 0, 1, 17, 60),
  docs: fc.boolean(),
});

async function take(namespace: Namespace, each: typeof step extends fc.Arbitrary<infer S> ? S : never): Promise<void> {
  const { table, segments } = namespace.shards[0]!.shelves;
  if (each.kind === "make") namespace.make(each.count, each.seed);
  else if (each.kind === "wait") await namespace.advance(each.minutes * 60_000);
  else if (each.kind === "retain")
    namespace.retain(namespace.model[Math.floor((namespace.model.length * each.part) / 10)]?.start ?? 0);
  else if (each.kind === "lose") for (const shard of namespace.shards) shard.incarnate();
  else {
    table.writes = each.mood;
    segments.writes = each.mood;
  }
}

describe.each(RECORD_MODES)("with %s", (mode) => {
  test("lists and counts are those of a sorted array, across objects, shelves and the border between them", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 8 }),
        fc.array(draws, { minLength: 2, maxLength: 4 }),
        async (steps, queries) => {
          const namespace = new Namespace(mode);
          for (const each of steps) await take(namespace, each);
          for (const { limit, skip, docs, ...rest } of queries)
            await namespace.check({ ...filter(namespace, rest), limit, skip, docs });
        },
      ),
      { numRuns: 25 },
    );
  });

  test("nothing is missed, told twice or counted wrong while it moves", async () => {
    const namespace = new Namespace(mode);
    namespace.make(300, 0);
    await namespace.advance(700_000);
    namespace.make(700, 1);
    let asked = 0;
    namespace.meanwhile = async () => {
      if (++asked % 3 === 0) await namespace.advance(6_000);
    };
    await namespace.check({ limit: 1_000, skip: 0, docs: true });
    await namespace.advance(60_000);
    namespace.make(300, 2);
    await namespace.check({ limit: 200, skip: 250, docs: false });
    await namespace.check({ name: "pack/a", limit: 200, skip: 0, docs: false });
  });

  it("asks no more than its reader has read, and for few records with their results at once", async () => {
    const namespace = new Namespace(mode);
    namespace.make(200, 0);
    const { places } = namespace;
    const page = vi.fn(places.stores[0]!.page);
    const records = listActivations(
      { ...places, stores: [{ ...places.stores[0]!, page }] },
      { limit: 200, skip: 0, docs: true },
    );
    for (let read = 0; read < 20; read++) await records.next();
    expect(page.mock.calls).toEqual([[{}, 20]]);
    await records.next();
    expect(page).toHaveBeenCalledTimes(2);
  });
});

test.each(RECORD_MODES)("with %s a page far down is as exact, and read by few questions", async (mode) => {
  const namespace = new Namespace(mode);
  namespace.make(5_000, 0);
  await namespace.advance(700_000);
  namespace.make(100, 1);
  const list = vi.spyOn(namespace.shards[0]!.shelves.table, "list");
  for (const skip of [2_000, 2_001, 4_321, 5_050, 5_099, 9_000]) {
    await namespace.check({ limit: 30, skip, docs: false });
  }
  await namespace.check({ name: "b", limit: 5, skip: 1_400, docs: true });
  expect(list.mock.calls.length).toBeLessThan(200);
});

test("a mode that changes in between hides nothing", async () => {
  const namespace = new Namespace("d1");
  for (const [at, mode] of (["d1", "r2", "d1+r2", "r2", "d1"] as const).entries()) {
    for (const shard of namespace.shards) {
      shard.shelves.mode = mode;
      shard.incarnate();
    }
    namespace.make(40, at);
    await namespace.advance(at % 2 === 0 ? 660_000 : 300_000);
    await namespace.check({ limit: 200, skip: 0, docs: false });
    await namespace.check({ name: "b", limit: 10, skip: 3, docs: true });
  }
});

test("with both, either may be down", async () => {
  const namespace = new Namespace("d1+r2");
  namespace.make(100, 0);
  await namespace.advance(700_000);
  namespace.make(30, 1);
  const { table, segments } = namespace.shards[0]!.shelves;
  for (const down of [table, segments]) {
    down.mood = "refuses";
    await namespace.check({ limit: 200, skip: 0, docs: false });
    await namespace.check({ name: "a", limit: 200, skip: 5, docs: true });
    down.mood = "well";
  }
});

test.each(["d1", "r2"] as const)("with %s alone nothing is told while it is down, rather than a part", async (mode) => {
  const namespace = new Namespace(mode);
  namespace.make(20, 0);
  await namespace.advance(700_000);
  const { table, segments } = namespace.shards[0]!.shelves;
  (mode === "d1" ? table : segments).mood = "refuses";
  await expect(namespace.list({ limit: 10, skip: 0, docs: false })).rejects.toThrow("down");
  if (mode === "d1") await expect(countActivations(namespace.places, { skip: 0 })).rejects.toThrow("down");
});
