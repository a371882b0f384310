// Records from an export in a store: no waiter hears of them, and an activation that is under way is not ended by one.

import { expect, test } from "vitest";
import { StoreCore } from "../../../durable-objects/activations/core.ts";
import { MovingTurns } from "../../../durable-objects/activations/moving-turns.ts";
import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { recordOf } from "../../../src/entities/activation.ts";
import { callOf, completed } from "../calls.ts";
import { Clock, openDatabase, settle } from "../clock.ts";
import { MemoryHook } from "../hook.ts";
import { MemoryShelves } from "../shelves.ts";

function world() {
  const clock = new Clock();
  const alarms: number[] = [];
  const core = new StoreCore("ns:01", {
    database: openDatabase(),
    ports: {
      now: clock.now,
      turns: new MovingTurns(),
      maxQueue: 3_600_000,
      shelves: new MemoryShelves(),
      after: clock.after,
      setAlarm: (at) => void alarms.push(at),
      scheduler: () => ({
        offer: () => Promise.reject(new Error("unreachable")),
        holds: () => Promise.reject(new Error("unreachable")),
      }),
      resume: async () => {},
      roster: { schedulers: async () => [], waiting: async () => {}, full: async () => {} },
      hook: new MemoryHook(),
      ledgerFault: async () => null,
      sinks: () => ({ take: async () => {}, wake: async () => {} }),
      leave: () => {},
      forget: () => {},
      warn: () => {},
    },
  });
  return { clock, core, alarms };
}

const call = callOf();
const record: ActivationRecord = recordOf(call.id, call.about, { completion: completed(), now: 1_000 });
const item = { record, name: record.name };

test("is found by who asks afterwards, and waking nobody, is not there for who waited", async () => {
  const { clock, core } = world();
  let heard: ActivationRecord | null | undefined;
  void core.await(call.id, { ms: 500 }).then((found) => {
    heard = found.record;
  });
  expect(core.import([item, item])).toEqual(["taken", "known"]);
  await settle();
  expect(heard).toBeUndefined();
  await clock.advance(500);
  await settle();
  expect(heard).toBeNull();
  expect(core.get(call.id).record).toEqual(record);
  expect(core.importable([call.id])).toEqual(["known"]);
});

test("of an activation that has not ended is not taken", () => {
  const { core } = world();
  core.accept([call], { candidates: [] });
  expect(core.import([item])).toEqual(["open"]);
  expect(core.get(call.id)).toMatchObject({ record: null, known: true });
  expect(core.backlog().waiting).toBe(1);
});

test("counts in no figures", async () => {
  const { core } = world();
  expect(core.import([item])).toEqual(["taken"]);
  const own = callOf();
  core.complete(
    [{ id: own.id, attempt: 1, lease: { epoch: 1, counter: 1 }, about: own.about, completion: completed() }],
    {
      ...{ scheduler: "h/0", epoch: 1 },
    },
  );
  const page = await core.figures({ step: "day", since: 0, upto: 8e15 });
  expect(page?.names).toMatchObject([{ figures: { count: 1 } }]);
});
