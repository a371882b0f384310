// Sequences as the Composition object runs them, over a pretended platform.

import { expect, it } from "vitest";
import { Harness, LIMITS } from "./harness.ts";

const add = (key: string) => ({ run: (args: string) => JSON.stringify({ ...JSON.parse(args), [key]: 1 }) });

it("gives each component what the one before answered, and ends as the last one", async () => {
  const world = new Harness({ s: { sequence: ["a", "b", "c"] }, a: add("a"), b: add("b"), c: add("c") });
  const run = world.runOf("s", '{"x":1.0}');
  const reply = await world.call(run, { waitMs: 5_000 });
  expect(reply).toMatchObject({ kind: "done", record: { activationId: run.id, statusCode: 0, duration: 9 } });
  expect(world.starts.map((start) => [start.name, start.args])).toEqual([
    ["a", '{"x":1.0}'],
    ["b", '{"x":1,"a":1}'],
    ["c", '{"x":1,"a":1,"b":1}'],
  ]);
  expect(world.result(run.id)).toBe('{"x":1,"a":1,"b":1,"c":1}');
  expect(world.told(run.id)).toBe("a b c");
  expect(world.records.get(run.id)).toEqual(reply.kind === "done" ? reply.record : null);
});

it("keeps a record that says what it is", async () => {
  const world = new Harness({ s: { sequence: ["a", "b"] }, a: { ...add("a"), memory: 512 }, b: add("b") });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 5_000 });
  const annotations = JSON.parse(world.records.get(run.id)?.annotations ?? "") as { key: string; value: unknown }[];
  expect(annotations).toEqual([
    { key: "topmost", value: true },
    { key: "path", value: "guest/s" },
    { key: "kind", value: "sequence" },
    { key: "waitTime", value: 0 },
    { key: "limits", value: { ...LIMITS, memory: 512 } },
  ]);
  expect(world.records.get(run.id)).not.toHaveProperty("cause");
});

it("counts what its steps took, not the time between start and end", async () => {
  const world = new Harness({ s: { sequence: ["a", "b"] }, a: add("a"), b: add("b") });
  world.slow.set("a", 7_000);
  const run = world.runOf("s");
  await world.call(run, { waitMs: 60_000 });
  const { start, end, duration } = world.records.get(run.id)!;
  expect(duration).toBe(6);
  expect(end - start).toBeGreaterThanOrEqual(7_000);
});

it("stops at a result with an error, and leaves the rest alone", async () => {
  const world = new Harness({ s: { sequence: ["a", "bad", "c"] }, a: add("a"), bad: { run: () => '{"error":"no"}' } });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 5_000 });
  expect(world.records.get(run.id)).toMatchObject({ statusCode: 1, result: { inline: '{"error":"no"}' } });
  expect(world.told(run.id)).toBe("a bad");
});

it("does not stop at an error in what it was called with", async () => {
  const world = new Harness({ s: { sequence: ["a"] }, a: { run: () => '{"ok":1}' } });
  const run = world.runOf("s", '{"error":"given"}');
  await world.call(run, { waitMs: 5_000 });
  expect(world.starts[0]?.args).toBe('{"error":"given"}');
  expect(world.result(run.id)).toBe('{"ok":1}');
});

it("ends with a sentence when a component was deleted meanwhile; what ran stays in the logs", async () => {
  const world = new Harness({ s: { sequence: ["a", "gone", "a"] }, a: add("a") });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 5_000 });
  expect(world.records.get(run.id)?.statusCode).toBe(1);
  expect(world.result(run.id)).toBe('{"error":"Sequence component does not exist."}');
  expect(world.told(run.id)).toBe("a");
});

it("says that it failed when a component may not be run", async () => {
  const world = new Harness({ s: { sequence: ["a"] }, a: { ...add("a"), forbidden: true } });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 5_000 });
  expect(world.records.get(run.id)).toMatchObject({
    statusCode: 3,
    result: { inline: '{"error":"Sequence failed."}' },
  });
  expect(world.annotation(run.id, "limits")).toBeUndefined();
  // Its owner is told why by whoever explains it.
  expect(world.abouts.get(run.id)?.stepRefused).toContain("not authorized");
});

it("gives a component its timeout and a minute, then says which one did not answer", async () => {
  const world = new Harness({ s: { sequence: ["a", "stuck", "a"] }, a: add("a"), stuck: { run: () => "never" } });
  const run = world.runOf("s");
  const reply = await world.call(run, { waitMs: 60_000 });
  expect(reply).toEqual({ kind: "accepted" });
  const begun = world.clock.at - 60_000;
  const record = await world.ended(run.id);
  expect(record.statusCode).toBe(3);
  const stuck = world.starts[1]?.id;
  expect(world.result(run.id)).toBe(
    `{"error":"Timeout reached when retrieving activation ${stuck} for sequence component."}`,
  );
  expect(JSON.parse("inline" in record.logs ? record.logs.inline : "")).toContain(stuck);
  expect(record.end - begun).toBeGreaterThanOrEqual(120_000);
  expect(record.end - begun).toBeLessThan(130_000);
});

it("runs sequences in sequences: each has its record and counts as one in the logs", async () => {
  const world = new Harness({
    outer: { sequence: ["a", "inner", "b"] },
    inner: { sequence: ["b", "b"] },
    a: add("a"),
    b: { run: (args) => args, memory: 300 },
  });
  const run = world.runOf("outer");
  await world.call(run, { waitMs: 5_000 });
  expect(world.told(run.id)).toBe("a inner[b b] b");
  const inner = [...world.records.values()].find((record) => record.name === "inner")!;
  expect(inner).toMatchObject({ cause: run.id, duration: 6 });
  expect(world.annotation(inner.activationId, "topmost")).toBe(false);
  expect(world.annotation(inner.activationId, "causedBy")).toBe("sequence");
  expect(world.annotation(run.id, "limits")).toMatchObject({ memory: 300 });
  expect(world.records.get(run.id)?.duration).toBe(12);
});

it("runs fifty actions and no more, those in inner sequences counted", async () => {
  const ten = Array.from({ length: 10 }, () => "a");
  const world = new Harness({
    fits: { sequence: Array.from({ length: 5 }, () => "ten") },
    over: { sequence: [...Array.from({ length: 5 }, () => "ten"), "a"] },
    ten: { sequence: ten },
    a: add("a"),
  });
  const fits = world.runOf("fits");
  await world.call(fits, { waitMs: 5_000 });
  expect(world.records.get(fits.id)?.statusCode).toBe(0);
  expect(world.starts.length).toBe(50);
  const over = world.runOf("over");
  await world.call(over, { waitMs: 5_000 });
  expect(world.records.get(over.id)?.statusCode).toBe(1);
  expect(world.result(over.id)).toBe('{"error":"Too many actions in the sequence."}');
  expect(world.starts.length).toBe(100);
});

it("ends a sequence that came to contain itself", async () => {
  const world = new Harness({ s: { sequence: ["t"] }, t: { sequence: ["s"] } });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 60_000 });
  expect(world.result(run.id)).toBe('{"error":"Too many actions in the sequence."}');
  expect(world.core.backlog()).toEqual({ running: 0 });
});

it("passes large results on without holding them", async () => {
  const large = `{"text":"${"x".repeat(200_000)}"}`;
  const world = new Harness({
    s: { sequence: ["make", "take"] },
    make: { run: () => large },
    take: { run: (args) => args },
  });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 5_000 });
  expect(world.starts[1]?.args).toBe(large);
  expect(world.result(run.id)).toBe(large);
  expect(world.records.get(run.id)?.size).toBe(large.length);
});

it("asks again while the Worker cannot be reached, and starts nothing twice", async () => {
  let failures = 3;
  const world = new Harness({
    s: { sequence: ["a", "b"] },
    a: { run: (args) => (failures-- > 0 ? new Error("the Worker is gone") : args) },
    b: add("b"),
  });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 60_000 });
  expect(world.records.get(run.id)?.statusCode).toBe(0);
  expect(world.starts.map((start) => start.name)).toEqual(["a", "b"]);
});

it("answers who asks again for a run that is over, without running it again", async () => {
  const world = new Harness({ s: { sequence: ["a"] }, a: add("a") });
  const run = world.runOf("s");
  const first = await world.call(run, { waitMs: 5_000 });
  expect(await world.call(run, { waitMs: 5_000 })).toEqual(first);
  expect(await world.call(run, { waitMs: 0 })).toEqual({ kind: "accepted" });
  expect(world.starts.length).toBe(1);
});

it("leaves nothing behind when it is over: no frames, no blobs of its own, no alarm", async () => {
  const world = new Harness({ s: { sequence: ["a"] }, a: add("a") });
  world.blobs.set("args/ns/x", '{"a":1}');
  const run = { ...world.runOf("s"), args: { blob: "args/ns/x", size: 7 } };
  await world.call(run, { waitMs: 5_000 });
  expect([...world.blobs.keys()]).toEqual([]);
  expect(world.database.sql.exec("SELECT run FROM frames").toArray()).toEqual([]);
  await world.clock.advance(700_000);
  world.ring();
  await world.clock.advance(700_000);
  world.ring();
  expect(world.database.sql.exec("SELECT id FROM runs").toArray()).toEqual([]);
  expect(world.alarmAt).toBeNull();
});

it("lends the steps of an inner one no more than who wrote it, or those around it, had", async () => {
  const world = new Harness({
    s: { sequence: ["a", "inner", "b"] },
    inner: { sequence: ["c", "innermost", "d"], writtenWith: "deploy" },
    innermost: { sequence: ["e"], writtenWith: "owner" },
    ...{ a: add("a"), b: add("b"), c: add("c"), d: add("d"), e: add("e") },
  });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 5_000 });
  expect(world.lent).toEqual([
    ["a", "owner"],
    ["c", "deploy"],
    ["e", "deploy"],
    ["d", "deploy"],
    ["b", "owner"],
  ]);
});
