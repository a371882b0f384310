// A trigger on its way into the store and out of it.

import { expect, test } from "vitest";
import { findTrigger, triggerEntity } from "../../src/catalog/stored-trigger.ts";
import type { Trigger } from "../../src/entities/trigger.ts";
import { MemoryEntities } from "./memory-entities.ts";

const trigger: Trigger = {
  ...{ namespace: "ns", name: "t", version: "0.0.1", publish: false, updated: 7, revision: "r1", writtenWith: "use" },
  annotations: [{ key: "a", value: "1.0" }],
  parameters: [{ key: "p", value: "12345678901234567890" }],
  rules: [{ rule: "ns/r", action: { path: "ns", name: "a" }, status: "inactive", writtenWith: "deploy" }],
};

test("comes back as it went, its values by their bytes", async () => {
  const entities = new MemoryEntities();
  const row = triggerEntity(trigger);
  expect(row).toMatchObject({ path: "ns", name: "t", type: "trigger", revision: "r1", updated: 7, blobs: [] });
  expect(row.summary).not.toContain("rules");
  await entities.put(row, { expected: null });
  expect(await findTrigger(entities, { path: "ns", name: "t" })).toEqual({ ok: true, value: trigger });
});

test("is not there, is something else, or cannot be read", async () => {
  const entities = new MemoryEntities();
  const key = { path: "ns", name: "t" };
  expect(await findTrigger(entities, key)).toMatchObject({ code: "not-found" });
  await entities.put({ ...triggerEntity(trigger), type: "rule" }, { expected: null });
  expect(await findTrigger(entities, key)).toMatchObject({ code: "wrong-collection" });
  await entities.put({ ...triggerEntity(trigger), document: "[]" }, { expected: "r1" });
  expect(await findTrigger(entities, key)).toMatchObject({ code: "corrupted" });
});
