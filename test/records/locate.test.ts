// Where a record is found and said to be: in the object, in a row, in a segment, in both, or nowhere.

import { describe, expect, test } from "vitest";
import type { ActivationStoreMode } from "../../src/entities/activation-store-mode.ts";
import type { Namespace } from "../../src/entities/identity.ts";
import { type LocatePorts, type Location, locate, MAX_ASKED } from "../../src/records/locate.ts";
import { HandoverWorld, NOBODY } from "../durable-objects/activations/handover-world.ts";
import { completed } from "../durable-objects/calls.ts";

const RETENTION = { maxAge: 3_600, maxRecords: null, maxBytes: 10 };
const NS: Namespace = { name: "guest", uuid: "ns" };
const OTHER: Namespace = { name: "other", uuid: "other-id" };

/** `blobs`: keys that are there. */
function portsOf(world: HandoverWorld, blobs: readonly string[] = []): LocatePorts {
  const { shelves } = world;
  const find: LocatePorts["tables"][number]["find"] = async (id) => {
    const row = shelves.table.rows.get(id);
    if (shelves.table.mood !== "well") throw new Error("the shelf is down");
    return row === undefined ? null : { ...row };
  };
  return {
    namespaces: {
      byId: async (id) => [NS, OTHER].find((each) => each.uuid === id) ?? null,
      page: async () => [OTHER, NS],
    },
    wellKnown: [],
    tables: [
      { binding: "RECORDS_0", find: async () => null, fill: async () => ({ bytes: 0, pruned: 0 }) },
      { binding: "RECORDS_1", find, fill: async () => ({ bytes: 0, pruned: shelves.table.pruned }) },
    ],
    segments: shelves.segments,
    blobs: { part: async (key) => (blobs.includes(key) ? new Uint8Array(1) : null) },
    mode: shelves.mode ?? "d1",
    retention: async () => RETENTION,
    storeName: (id, shard) => `${id}:0${shard}`,
    store: (id) => ({
      place: async (activation) =>
        id === "ns" ? world.core.place(activation) : { state: "none", shelves: [], lacking: [], moving: [] },
      get: async (activation) => world.core.find(activation),
    }),
  };
}

async function found(world: HandoverWorld, id: string, blobs: readonly string[] = []): Promise<Location> {
  const located = await locate(portsOf(world, blobs), id, undefined);
  if (!located.found) throw new Error("it is not found");
  return located.location;
}

const ROW = { in: "d1", binding: "RECORDS_1", table: "records" };

/** Enough records for a batch of each shelf, whatever the mode. */
async function handed(mode: ActivationStoreMode) {
  const world = new HandoverWorld(mode);
  const [call] = world.made(20);
  await world.advance(700_000);
  expect(world.own).toBe(0);
  return { world, id: call!.id };
}

describe("a record", () => {
  test.each(["d1", "r2", "d1+r2"] as const)("that has just been made is in the object (%s)", async (mode) => {
    const world = new HandoverWorld(mode);
    const [call] = world.made(1);
    const location = await found(world, call!.id);
    expect(location).toMatchObject({
      ...{ mode, namespace: { name: "guest", id: "ns" } },
      object: { name: "ns:01", state: "here", since: world.clock.at },
      ...{ result: { in: "record" }, logs: { in: "record" } },
    });
    const waits = [
      ...(mode === "r2" ? [] : [{ ...ROW, binding: "RECORDS_0", state: "waiting" }]),
      ...(mode === "d1" ? [] : [{ in: "r2", state: "waiting" }]),
    ];
    expect(location.copies).toEqual([{ in: "object", object: "ns:01", state: "whole" }, ...waits]);
  });

  test.each(["d1", "r2", "d1+r2"] as const)("that was handed over is where it went, to the byte (%s)", async (mode) => {
    const { world, id } = await handed(mode);
    const { copies, object, result, kept } = await found(world, id);
    const { record } = await world.core.find(id);
    expect(kept).toEqual({ until: (record?.start ?? 0) + 3_600_000, sooner: true });
    // When it was handed over nobody has noted.
    expect(object).toEqual({ name: "ns:01", state: "handed", until: expect.any(Number) });
    expect(result).toEqual({ in: "record" });
    const row = { ...ROW, state: "whole", bytes: expect.any(Number) };
    const segment = [...world.shelves.segments.objects.keys()][0];
    const member = { in: "r2", segment, state: "whole", offset: 0, length: expect.any(Number) };
    expect(copies).toEqual([...(mode === "r2" ? [] : [row]), ...(mode === "d1" ? [] : [member])]);
    // The object forgets the id after a day; where it is known is known still.
    await world.advance(26 * 3_600_000);
    const later = await found(world, id);
    expect(later.copies).toEqual(copies);
    expect(later.object.state).toBe(mode === "d1" ? "none" : "shelved");
  });

  test("of which one side has no copy yet says which, and that the object keeps it until then", async () => {
    const world = new HandoverWorld("d1+r2");
    world.shelves.segments.writes = "refuses";
    const [call] = world.made(20);
    await world.advance(700_000);
    const { copies, object } = await found(world, call!.id);
    expect(object.state).toBe("here");
    expect(copies.map(({ in: place, state }) => [place, state])).toEqual([
      ["object", "whole"],
      ["d1", "whole"],
      ["r2", "waiting"],
    ]);
    world.shelves.segments.writes = "well";
    await world.advance(120_000);
    expect((await found(world, call!.id)).copies.map((each) => each.state)).toEqual(["whole", "whole"]);
  });

  test("whose copies were lost or altered where they lay says so", async () => {
    const { world, id } = await handed("d1+r2");
    const { rows } = world.shelves.table;
    const row = rows.get(id)!;
    rows.set(id, { ...row, record: { ...row.record, text: `${row.record.text} ` } });
    expect((await found(world, id)).copies.map((each) => each.state)).toEqual(["damaged", "whole"]);
    rows.delete(id);
    expect((await found(world, id)).copies.map((each) => each.state)).toEqual(["missing", "whole"]);
    world.shelves.segments.objects.clear();
    const lost = await found(world, id);
    expect(lost.copies.map((each) => each.state)).toEqual(["missing", "damaged"]);
    expect(lost.result).toBeUndefined();
  });

  test("is found by its other side where one is down, which is told", async () => {
    const { world, id } = await handed("d1+r2");
    world.shelves.table.mood = "refuses";
    expect((await found(world, id)).copies).toMatchObject([
      { in: "d1", binding: "RECORDS_1", state: "unreachable", why: "Error: the shelf is down" },
      { in: "r2", state: "whole" },
    ]);
  });

  test("names the blobs of its result and logs, and whether they are there", async () => {
    const world = new HandoverWorld();
    const { id, about } = world.call();
    const result = { blob: `results/${id}/1`, size: 70_000 };
    const logs = { blob: `logs/${id}/1`, size: 99 };
    const completion = { ...completed(), result, logs };
    world.core.complete([{ id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion }], NOBODY);
    expect(await found(world, id, [result.blob])).toMatchObject({
      result: { in: "r2", key: result.blob, bytes: 70_000, state: "there" },
      logs: { in: "r2", key: logs.blob, bytes: 99, state: "missing" },
    });
  });
});

const TOO_OLD = /^it started before what is kept/;
const statesOf = ({ copies }: Location) => copies.map(({ in: place, state }) => `${place} ${state}`);

describe("a record that is too old", () => {
  test.each([
    ["d1", ["d1 pruned"]],
    ["r2", ["r2 pruned"]],
    ["d1+r2", ["d1 pruned", "r2 pruned"]],
  ] as const)("is missed nowhere once retention has taken it (%s)", async (mode, gone) => {
    const { world, id } = await handed(mode);
    world.core.retain(world.clock.at);
    const hidden = await found(world, id);
    expect(hidden.copies.map(({ state, why }) => [state, why])).toEqual(
      gone.map(() => ["whole", expect.stringMatching(TOO_OLD)]),
    );
    // The object drops its segments by itself, and rows go at the rounds.
    await world.advance(5_000);
    world.shelves.table.rows.clear();
    const pruned = await found(world, id);
    expect(statesOf(pruned)).toEqual(gone);
    for (const { why } of pruned.copies) expect(why).toMatch(TOO_OLD);
  });

  test("is said to have gone from the object where it never left that", async () => {
    const world = new HandoverWorld("d1");
    const [call] = world.made(1);
    world.clock.at += 5_000;
    world.core.retain(world.clock.at);
    await world.advance(2_000);
    const location = await found(world, call!.id);
    expect(statesOf(location)).toEqual(["object pruned"]);
    expect(location.copies[0]?.why).toMatch(TOO_OLD);
  });

  test("is missed where it is young enough, and may have left a database that was nearly full", async () => {
    const { world, id } = await handed("d1");
    world.core.retain(world.clock.at - 86_400_000);
    const row = world.shelves.table.rows.get(id);
    world.shelves.table.rows.delete(id);
    expect(statesOf(await found(world, id))).toEqual(["d1 missing"]);
    world.shelves.table.rows.set(id, row!);
    await world.shelves.table.prune(20);
    const [copy] = (await found(world, id)).copies;
    expect([copy?.state, copy?.why]).toEqual(["pruned", expect.stringMatching(/^it may be one of the 20 that were/)]);
  });
});

describe("after a change of the mode", () => {
  const modes = ["d1", "r2", "d1+r2"] as const;
  const changes = modes.flatMap((one) => modes.filter((other) => other !== one).map((other) => [one, other] as const));

  test.each(changes)(
    "from %s to %s a record is missed nowhere, moved or not, and where it is lost",
    async (one, other) => {
      const { world, id } = await handed(one);
      world.shelves.mode = other;
      world.incarnate();
      const was = one === "d1+r2" ? ["d1 whole", "r2 whole"] : [`${one} whole`];
      expect(statesOf(await found(world, id))).toEqual(was);
      world.core.move(other);
      await world.advance(600_000);
      expect(world.core.move(null)?.state).toBe("done");
      const now = other === "d1+r2" ? ["d1 whole", "r2 whole"] : [`${other} whole`];
      expect(statesOf(await found(world, id))).toEqual(now);
      // Back again, and nothing moved.
      world.shelves.mode = one;
      expect(statesOf(await found(world, id))).toEqual(now);
      world.shelves.mode = other;
      world.shelves.table.rows.clear();
      world.shelves.segments.objects.clear();
      const lost = statesOf(await found(world, id));
      expect(lost.filter((each) => !/ (missing|damaged)$/.test(each))).toEqual([]);
      expect(lost.some((each) => each.startsWith(other === "r2" ? "r2" : "d1"))).toBe(true);
    },
  );
});

test("what has not ended is where it waits or runs", async () => {
  const world = new HandoverWorld();
  const waiting = world.call();
  world.core.accept([waiting], { candidates: [] });
  const opened = world.call();
  world.core.open({ id: opened.id, about: opened.about, scheduler: "h/0", deadline: world.clock.at + 60_000 });
  expect((await found(world, waiting.id)).object).toEqual({ name: "ns:01", state: "waiting", since: world.clock.at });
  const { object, copies } = await found(world, opened.id);
  expect([object.state, copies]).toEqual(["running", []]);
});

test("of an unknown id it is told what was looked through", async () => {
  const world = new HandoverWorld();
  const id = world.call().id;
  const nothing = { found: false, unreachable: [], databases: ["RECORDS_0", "RECORDS_1"], more: false };
  expect(await locate(portsOf(world), id, undefined)).toEqual({ ...nothing, objects: 2, namespaces: 2 });
  world.shelves.table.mood = "refuses";
  expect(await locate(portsOf(world), id, NS)).toMatchObject({
    ...{ objects: 1, namespaces: 1, databases: ["RECORDS_0"] },
    unreachable: ["RECORDS_1 (Error: the shelf is down)"],
  });
});

test("in a namespace it is not found where it is another's", async () => {
  const { world, id } = await handed("d1");
  expect(await locate(portsOf(world), id, OTHER)).toMatchObject({ found: false, namespaces: 1 });
});

test("no more objects are asked than is bearable, and it is told that there are others", async () => {
  const world = new HandoverWorld();
  const ports = portsOf(world);
  let asked = 0;
  const many = {
    ...ports,
    namespaces: {
      ...ports.namespaces,
      page: async (_: string, limit: number) =>
        Array.from({ length: limit }, (_, at) => ({ name: `n${at}`, uuid: `${at}` })),
    },
    store: (id: string) => {
      asked++;
      return ports.store(id, 1);
    },
  };
  expect(await locate(many, world.call().id, undefined)).toMatchObject({
    found: false,
    more: true,
    objects: MAX_ASKED,
  });
  expect(asked).toBe(MAX_ASKED);
});
