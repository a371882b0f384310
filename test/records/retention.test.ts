// A namespace's records that are not to be kept: gone in every place, no more of them than the bounds say,
// whatever fails meanwhile.

import { describe, expect, test } from "vitest";
import type { RetentionPolicy } from "../../src/entities/retention.ts";
import { countActivations, listActivations } from "../../src/invocation/record-list.ts";
import { policyOf, type RoundPorts, retentionRound } from "../../src/records/round.ts";
import { usageOf } from "../../src/records/usage.ts";
import type { RecordUpkeep } from "../../src/storage/record-upkeep.ts";
import type { RetentionBook, RetentionEntry } from "../../src/storage/retention-book.ts";
import { HandoverWorld } from "../durable-objects/activations/handover-world.ts";
import { completed } from "../durable-objects/calls.ts";
import { openDatabase } from "../durable-objects/clock.ts";
import type { MemoryTable } from "../durable-objects/shelves.ts";

const NS = { name: "guest", uuid: "ns" };

class MemoryBook implements RetentionBook {
  readonly entries = new Map<string, RetentionEntry>();
  name = "";

  async get(namespaceId: string) {
    return this.entries.get(namespaceId) ?? null;
  }
  async set(namespaceId: string, policy: RetentionPolicy) {
    const { keptFrom } = this.entries.get(namespaceId) ?? { keptFrom: 0 };
    this.entries.set(namespaceId, { namespaceId, policy, keptFrom, due: 0, fault: null });
  }
  async enroll(namespaceIds: readonly string[]) {
    for (const id of namespaceIds) if (!this.entries.has(id)) await this.set(id, {});
  }
  async due(now: number, limit: number) {
    const due = [...this.entries.values()].filter((each) => each.due <= now);
    return due.sort((one, other) => one.due - other.due).slice(0, limit);
  }
  async note(namespaceId: string, change: Pick<RetentionEntry, "keptFrom" | "due" | "fault">) {
    const entry = this.entries.get(namespaceId);
    if (entry !== undefined) this.entries.set(namespaceId, { ...entry, ...change });
  }
  async reached() {
    return this.name;
  }
  async setReached(name: string) {
    this.name = name;
  }
}

function upkeepOf(table: MemoryTable): Omit<RecordUpkeep, "find" | "fill" | "countUp"> {
  const size = ({ text }: { text: string }) => {
    const { result, logs } = JSON.parse(text) as { result?: { size?: number }; logs?: { size?: number } };
    return text.length + (result?.size ?? 0) + (logs?.size ?? 0);
  };
  const of = (ids: readonly string[]) => [...table.rows.values()].filter((row) => ids.includes(row.namespaceId));
  const sorted = (id: string) =>
    of([id])
      .map((row) => row.record)
      .sort((one, other) => one.start - other.start);
  const well = () => {
    if (table.mood !== "well") throw new Error("the shelf is down");
  };
  return {
    binding: "RECORDS_0",
    async usage(ids) {
      well();
      const rows = of(ids);
      return { records: rows.length, bytes: rows.reduce((sum, { record }) => sum + size(record), 0) };
    },
    async oldest(id, limit) {
      const rows = sorted(id).map((record) => ({ start: record.start, bytes: size(record) }));
      return rows.slice(0, limit);
    },
    async expired(id, before, limit) {
      well();
      const rows = sorted(id).filter((record) => record.start < before);
      return rows
        .slice(0, limit)
        .map((record) => ({ id: record.id, bytes: size(record), blobs: [`results/${record.id}/1`] }));
    },
    async delete(_, rows) {
      for (const { id } of rows) table.rows.delete(id);
    },
  };
}

/** Two shards of one namespace. */
class World {
  readonly shards: HandoverWorld[];
  readonly book = new MemoryBook();
  readonly warnings: string[] = [];
  readonly discarded: string[] = [];
  standard: RetentionPolicy = {};

  constructor(mode: "d1" | "r2" | "d1+r2") {
    const first = new HandoverWorld(mode, openDatabase(), { shard: 0 });
    const { clock, shelves } = first;
    this.shards = [first, new HandoverWorld(mode, openDatabase(), { shard: 1, clock, shelves })];
  }

  get shelves() {
    return this.shards[0]!.shelves;
  }

  get stores() {
    return this.shards.map((shard) => ({
      page: async (...args: Parameters<typeof shard.core.page>) => shard.core.page(...args),
      tally: async (...args: Parameters<typeof shard.core.tally>) => shard.core.tally(...args),
      retain: async (from: number) => shard.core.retain(from),
      holdings: async () => shard.core.holdings(),
    }));
  }

  get ports(): RoundPorts {
    const { clock } = this.shards[0]!;
    return {
      ...{ book: this.book, standard: this.standard, wellKnown: [], segments: this.shelves.segments },
      namespaces: { byId: async (id) => (id === NS.uuid ? NS : null), page: async () => [NS] },
      stores: ({ uuid }) => (uuid === NS.uuid ? this.stores : []),
      table: ({ uuid }) => {
        if (uuid !== NS.uuid) throw new Error("its database is not bound");
        return upkeepOf(this.shelves.table);
      },
      discard: async (keys) => void this.discarded.push(...keys),
      now: clock.now,
      pause: async () => {},
      warn: (text) => void this.warnings.push(text),
    };
  }

  /** A record a second, in both shards by turns. */
  make(count: number): void {
    for (let at = 0; at < count; at++) {
      const shard = this.shards[at % 2]!;
      shard.clock.at += 1_000;
      shard.finish(shard.call());
    }
  }

  async advance(ms: number): Promise<void> {
    const [one, other] = this.shards as [HandoverWorld, HandoverWorld];
    for (const end = one.clock.at + ms; one.clock.at < end; ) {
      await one.advance(Math.min(10_000, end - one.clock.at));
      await other.advance(0);
    }
  }

  /** Rounds as long as something is due. */
  async rounds(most = 20): Promise<void> {
    for (let at = 0; at < most; at++) {
      await retentionRound(this.ports);
      await this.advance(1_000);
    }
  }

  async starts(): Promise<number[]> {
    const { shelves } = this;
    const mode = shelves.mode ?? "d1";
    const places = {
      ...{ namespaceIds: ["ns"], table: shelves.table, segments: shelves.segments, mode },
      stores: this.stores,
      warn: () => undefined,
    };
    const found: number[] = [];
    for await (const record of listActivations(places, { limit: 10_000, skip: 0, docs: false }))
      found.push(record.start);
    expect(await countActivations(places, { skip: 0 })).toBe(found.length);
    return found;
  }
}

test("a bound that was set under a former id holds until another is set under the permanent one", async () => {
  const world = new World("d1");
  const former = { ...NS, former: ["before"] };
  const { namespaces: _, ...rest } = world.ports;
  const ports = {
    ...rest,
    namespaces: {
      byId: async (id: string) => (id === "before" || id === NS.uuid ? former : null),
      page: async () => [],
    },
  };
  await world.book.set("before", { maxRecords: 10 });
  world.make(30);
  await retentionRound(ports);
  expect(await world.starts()).toHaveLength(10);
  expect(await policyOf(world.book, former)).toEqual({ maxRecords: 10 });
  await world.book.set(NS.uuid, { maxRecords: 5 });
  expect(await policyOf(world.book, former)).toEqual({ maxRecords: 5 });
  await retentionRound(ports);
  expect(await world.starts()).toHaveLength(5);
});

const MODES = ["d1", "r2", "d1+r2"] as const;

describe.each(MODES)("with %s", (mode) => {
  test.each([
    ["in the objects", 0],
    ["on the shelves", 700_000],
  ])("no more records are kept than may be: the newest ones (%s)", async (_, ms) => {
    const world = new World(mode);
    world.make(60);
    await world.advance(ms);
    const before = await world.starts();
    await world.book.set("ns", { maxRecords: 25 });
    await world.rounds();
    expect(await world.starts()).toEqual(before.slice(0, 25));
    expect(world.warnings).toEqual([]);
    // Another look takes nothing more.
    await world.rounds();
    expect(await world.starts()).toHaveLength(25);
    world.make(10);
    await world.advance(400_000);
    await world.rounds();
    expect((await world.starts()).slice(10)).toEqual(before.slice(0, 15));
    expect(world.shelves.table.rows.size).toBe(mode === "r2" ? 0 : 25);
  });

  test("results and logs beside the records count, wherever these are", async () => {
    const world = new World(mode);
    for (let at = 0; at < 40; at++) {
      if (at === 20) await world.advance(700_000);
      const shard = world.shards[at % 2]!;
      shard.clock.at += 1_000;
      const call = shard.call();
      shard.complete(call, { ...completed(), result: { blob: `results/${call.id}/1`, size: 1_000_000 } });
    }
    const { total } = await usageOf(world.ports, NS);
    expect([total.records, Math.round(total.bytes / 1_000_000)]).toEqual([40, 40]);
    await world.book.set("ns", { maxBytes: 30_500_000 });
    await world.rounds();
    expect(await world.starts()).toHaveLength(30);
  });

  test("records over the border between objects and shelves are bounded by bytes, and by age", async () => {
    const world = new World(mode);
    world.make(40);
    await world.advance(700_000);
    world.make(20);
    const total = (await usageOf(world.ports, NS)).total;
    expect(total.records).toBe(60);
    await world.book.set("ns", { maxBytes: Math.round(total.bytes / 2) });
    await world.rounds();
    const left = (await usageOf(world.ports, NS)).total;
    expect(left.bytes).toBeLessThanOrEqual(Math.round(total.bytes / 2));
    expect(left.records).toBeGreaterThan(10);
    expect(left.records).toBe((await world.starts()).length);
    await world.book.set("ns", { maxAge: 60 });
    await world.advance(180_000);
    await world.rounds();
    expect(await world.starts()).toEqual([]);
    await world.advance(180_000);
    await world.rounds();
    expect([world.shelves.table.rows.size, world.shelves.segments.objects.size]).toEqual([0, 0]);
  });
});

test("a default is in force for all, and what a namespace says goes before it", async () => {
  const world = new World("d1");
  world.make(30);
  world.standard = { maxRecords: 10 };
  await world.rounds();
  expect(await world.starts()).toHaveLength(10);
  await world.book.set("ns", { maxRecords: null });
  world.make(30);
  await world.rounds();
  expect(await world.starts()).toHaveLength(40);
});

test("one namespace that fails is noted, and the others have their turn", async () => {
  const world = new World("d1");
  world.make(10);
  await world.book.set("broken", { maxAge: 60 });
  await world.book.set("ns", { maxRecords: 4 });
  await world.rounds(2);
  expect(await world.starts()).toHaveLength(4);
  expect(world.book.entries.get("broken")?.fault).toBe("Error: its database is not bound");
  expect(world.warnings.join()).toMatch(/records of namespace broken .* were not dropped/);
});

test("a database that is down stops nothing for good: what is hidden stays so, and rows go when it is back", async () => {
  const world = new World("d1");
  world.make(20);
  await world.advance(60_000);
  await world.book.set("ns", { maxRecords: 5 });
  await world.rounds(1);
  world.make(20);
  await world.advance(60_000);
  world.shelves.table.mood = "refuses";
  await world.advance(400_000);
  await world.rounds(2);
  expect(world.book.entries.get("ns")?.fault).toMatch(/the shelf is down/);
  world.shelves.table.mood = "well";
  await world.advance(100_000);
  await world.rounds();
  expect(await world.starts()).toHaveLength(5);
  expect(world.shelves.table.rows.size).toBe(5);
  // Each row's blobs went before it.
  expect(world.discarded).toHaveLength(35);
});

test("a round is bounded: the rest is the next ones'", async () => {
  const world = new World("d1");
  world.make(1_000);
  await world.advance(700_000);
  await world.book.set("ns", { maxRecords: 100 });
  const pauses: number[] = [];
  const ports = { ...world.ports, pause: async (ms: number) => void pauses.push(ms) };
  const { lookAt } = await import("../../src/records/round.ts");
  const entry = world.book.entries.get("ns")!;
  await lookAt(ports, entry, { steps: 2, until: Number.POSITIVE_INFINITY });
  expect(world.shelves.table.rows.size).toBe(600);
  // Nobody sees the rest any more.
  expect(await world.starts()).toHaveLength(100);
  await world.rounds();
  expect(world.shelves.table.rows.size).toBe(100);
  expect(pauses.length).toBeGreaterThan(0);
});
