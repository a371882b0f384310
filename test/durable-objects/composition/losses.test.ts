// The object is lost at each moment at which it touches the outside, before and after the outside has done its part:
// the run ends as if nothing had happened, each of its steps started once.

import { expect, it } from "vitest";
import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { type Action, Harness } from "./harness.ts";

const big = "y".repeat(80_000);
const a: Action = { run: (args) => JSON.stringify({ ...JSON.parse(args), a: 1 }) };
const c: Action = {
  conductor: (text) => {
    const args = JSON.parse(text) as Record<string, unknown>;
    if (args.at === undefined) return '{"action":"a","params":{},"state":{"at":1}}';
    if (args.at === 1) return `{"action":"t","params":{"big":"${big}"},"state":{"at":2,"more":"${big}"}}`;
    if (args.at === 2) return '{"action":"nowhere","state":{"at":3}}';
    return JSON.stringify({ params: { last: args.error, end: big } });
  },
};
const PLAYS: [string, Record<string, Action>][] = [
  ["a sequence of three", { s: { sequence: ["a", "a", "a"] }, a }],
  ["a sequence in a sequence", { s: { sequence: ["a", "t", "a"] }, t: { sequence: ["a", "a"] }, a }],
  ["a sequence that ends in the middle", { s: { sequence: ["a", "gone", "a"] }, a }],
  ["a sequence whose last component fails", { s: { sequence: ["a", "e"] }, a, e: { run: () => '{"error":1}' } }],
  [
    "a conductor with large states, a sequence and an error inside",
    { s: { sequence: ["c"] }, c, t: { sequence: ["a"] }, a },
  ],
  ["a step that never ends", { s: { sequence: ["a", "n"] }, a, n: { run: () => "never" } }],
];

/** What must be the same; times differ. */
function essence(world: Harness, record: ActivationRecord): unknown {
  const { activationId, name, statusCode, cause, size, duration, logs } = record;
  return { activationId, name, statusCode, cause, size, duration, logs, result: world.result(activationId) };
}

async function play(actions: Record<string, Action>, options: { lostAt: number; waitMs: number; slow?: string }) {
  const world = new Harness(actions);
  world.lostAt = options.lostAt;
  if (options.slow !== undefined) world.slow.set(options.slow, 3_000);
  const run = { ...world.runOf("s"), id: "0123456789ab01000000000000000001" };
  await world.call(run, { waitMs: options.waitMs });
  await world.ended(run.id);
  const names = world.starts.map((start) => start.name);
  const twice = world.starts.filter((start, at) => world.starts.findIndex((each) => each.id === start.id) !== at);
  expect(twice).toEqual([]);
  expect(world.core.backlog()).toEqual({ running: 0 });
  const records = [...world.records.values()].map((record) => essence(world, record));
  return { world, names, records: new Set(records.map((each) => JSON.stringify(each))) };
}

for (const [name, actions] of PLAYS) {
  for (const [how, waitMs, slow] of [
    ["awaited", 30_000],
    ["not awaited", 0],
    ["with slow steps", 0, "a"],
  ] as const) {
    it(`${name}, ${how}, ends the same whenever the object is lost`, async () => {
      const options = { waitMs, ...(slow === undefined ? {} : { slow }) };
      const calm = await play(actions, { ...options, lostAt: 0 });
      expect(calm.world.lives).toBe(1);
      for (let lostAt = 1; lostAt <= calm.world.moments; lostAt++) {
        const again = await play(actions, { ...options, lostAt });
        expect(again.world.lives, `lost at ${lostAt}`).toBe(2);
        expect(again.names, `lost at ${lostAt}`).toEqual(calm.names);
        expect(again.records, `lost at ${lostAt}`).toEqual(calm.records);
      }
    });
  }
}

it("holds to an end it has written down, though the step that was late has answered meanwhile", async () => {
  const actions: Record<string, Action> = { s: { sequence: ["n", "a"] }, n: { run: () => "never" }, a };
  const calm = await play(actions, { lostAt: 0, waitMs: 0 });
  // The last two moments are those around telling the store.
  const world = new Harness(actions);
  world.lostAt = calm.world.moments - 1;
  const run = { ...world.runOf("s"), id: "0123456789ab01000000000000000001" };
  await world.call(run, { waitMs: 0 });
  while (world.lives === 1) await world.clock.advance(1_000);
  const [late] = world.starts;
  const record = calm.world.records.get(run.id)!;
  world.records.set(late!.id, { ...record, activationId: late!.id, statusCode: 0, result: { inline: "{}" } });
  await world.ended(run.id);
  expect(world.result(run.id)).toBe(calm.world.result(run.id));
  expect(world.starts.length).toBe(1);
});

it("takes up many runs after a loss, not all at once", async () => {
  const world = new Harness({ s: { sequence: ["a", "a"] }, a });
  world.slow.set("a", 5_000);
  const runs = Array.from({ length: 1_500 }, () => world.runOf("s"));
  for (const run of runs) void world.core.run(run, { waitMs: 0 });
  await world.clock.advance(1);
  while (world.core.backlog().running < runs.length) await world.clock.advance(1);
  world.lose();
  for (const run of runs) await world.ended(run.id);
  expect(world.starts.length).toBe(3_000);
});
