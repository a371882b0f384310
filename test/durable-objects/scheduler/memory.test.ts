import { expect, test } from "vitest";
import { memoryOf } from "../../../durable-objects/scheduler/memory.ts";

test("an object that has kept nothing begins at epoch 0; what is kept is read again, under names that never change", () => {
  const kept = new Map<string, unknown>();
  const kv = {
    get: <T>(key: string) => kept.get(key) as T | undefined,
    put: (key: string, value: unknown) => void kept.set(key, value),
  };
  const memory = memoryOf(kv);
  expect(memory.load()).toEqual({ epoch: 0, draining: false });
  memory.saveEpoch(7);
  memory.saveDraining(true);
  memory.saveProvenSince(0);
  expect(memoryOf(kv).load()).toEqual({ epoch: 7, draining: true, provenSince: 0 });
  expect([...kept]).toEqual([
    ["epoch", 7],
    ["draining", true],
    ["provenSince", 0],
  ]);
});
