// What is asked of the records while they lie in the object: lists, waiters, and what is not kept.

import { expect, test } from "vitest";
import type { RecordFilter } from "../../../src/entities/kept-record.ts";
import { callOf, completed } from "../calls.ts";
import { World } from "./store-world.ts";

test("waiters hear the record, or nothing when their time is over", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call]);
  const [early, late] = [world.core.await(call.id, { ms: 100 }), world.core.await(call.id, { ms: 10_000 })];
  await world.clock.advance(101);
  expect(await early).toEqual({ record: null, known: true });
  world.finish(call);
  expect(await late).toMatchObject({ known: true, record: { statusCode: 0 } });
});

test("what a host stored for a record that came too late is forgotten", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call]);
  world.finish(call, { attempt: 1 });
  const result = { blob: `results/${call.id}/2`, size: 2_000_000 };
  const word = { id: call.id, attempt: 2, lease: { epoch: 1, counter: 2 }, about: call.about };
  world.core.complete([{ ...word, completion: { ...completed(), result } }], { scheduler: "b/0", epoch: 1 });
  expect(world.forgotten).toEqual([result.blob]);
});

test("blobs with the arguments are forgotten when the activation ends", async () => {
  const world = new World();
  const call = callOf({ args: { blob: "args/1", size: 100_000 } });
  await world.accept([call]);
  world.finish(call);
  expect(world.forgotten).toEqual(["args/1"]);
});

test("lists are newest first, filtered by time and by name, and paged", async () => {
  const world = new World();
  const names = [
    callOf({ about: { name: "a", path: "guest/a" } }),
    callOf({ about: { name: "a", path: "guest/pack/a" } }),
    callOf({ about: { name: "a", path: "other/pack/a", binding: "guest/bound" } }),
    callOf({ about: { name: "b", path: "guest/b" } }),
  ];
  const starts: number[] = [];
  for (const call of names) {
    world.finish(call);
    starts.push(world.core.get(call.id).record!.start);
    world.clock.at += 1_000;
  }
  const ids = (filter: RecordFilter, limit = 10) =>
    world.core.page(filter, limit).records.map((record) => names.findIndex((call) => call.id === record.activationId));
  expect(ids({})).toEqual([3, 2, 1, 0]);
  expect(ids({ name: "a" })).toEqual([0]);
  expect(ids({ name: "pack/a" })).toEqual([1]);
  expect(ids({ name: "bound/a" })).toEqual([2]);
  expect(ids({ since: starts[1]!, upto: starts[2]! })).toEqual([2, 1]);
  expect(ids({ after: { start: starts[3]!, id: names[3]!.id } }, 2)).toEqual([2, 1]);
  expect(world.core.tally({}).count).toBe(4);
  expect(world.core.tally({ name: "a" }).count).toBe(1);
});

test("a record that is not to be kept is seen by waiters for a minute, and its id stays spent", async () => {
  const world = new World();
  const call = callOf({ about: { store: false } });
  await world.accept([call]);
  world.finish(call);
  expect((await world.core.await(call.id, { ms: 1 })).record).toMatchObject({ statusCode: 0 });
  await world.advance(62_000);
  expect(world.database.sql.exec("SELECT record FROM records WHERE id = ?", call.id).one()).toEqual({ record: "" });
  world.finish(call);
  expect(world.core.accept([call], { candidates: ["a/0"] })).toEqual({ kind: "accepted" });
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 0 });
});

test("blobs of a record that is not to be kept go with it, those of one that is kept stay", async () => {
  const world = new World();
  const [unkept, kept] = [callOf({ about: { store: false } }), callOf()];
  await world.accept([unkept, kept]);
  const large = (id: string) => ({
    ...completed(),
    result: { blob: `results/${id}/1`, size: 100_000 },
    logs: { blob: `logs/${id}/1`, size: 100_000 },
  });
  for (const { id, about } of [unkept, kept]) {
    const finished = { id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion: large(id) };
    world.core.complete([finished], { scheduler: "a/0", epoch: 1 });
  }
  expect(world.forgotten).toEqual([]);
  await world.advance(62_000);
  expect(world.forgotten).toEqual([`results/${unkept.id}/1`, `logs/${unkept.id}/1`]);
});

test("an activation of the fast path that ends as lost leaves no arguments behind, though its row knows of none", async () => {
  const world = new World();
  const { id, about } = callOf();
  world.core.open({ id, about, scheduler: "a/0", deadline: world.clock.at + 60_000 });
  world.core.fail(id, { about, reason: "its host is gone" });
  expect(world.forgotten).toEqual([`args/${about.namespaceId}/${id}`]);
});
