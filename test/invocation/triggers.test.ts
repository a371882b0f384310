import { expect, test } from "vitest";
import { type Trigger, triggerDocument } from "../../src/entities/trigger.ts";
import { Triggers } from "../../src/invocation/triggers.ts";
import type { StoredEntity } from "../../src/storage/entity-store.ts";

const KEY = { path: "guest", name: "hourly" };

function entities() {
  const head = { namespace: "guest", name: "hourly", version: "0.0.1", publish: false, annotations: [], updated: 1 };
  const trigger: Trigger = { ...head, revision: "r1", parameters: [], rules: [] };
  const stored: StoredEntity = {
    ...KEY,
    type: "trigger",
    revision: "r1",
    updated: 1,
    document: triggerDocument(trigger),
  };
  const state = { reads: 0, stored: stored as StoredEntity | null };
  const get = async () => {
    state.reads++;
    return state.stored;
  };
  return { state, context: { entities: { get } } };
}

test("a trigger is read once under an epoch, and again under the next", async () => {
  const { state, context } = entities();
  const triggers = new Triggers();
  for (const epoch of [1, 1, 1]) expect(await triggers.find(context, KEY, epoch)).toMatchObject({ ok: true });
  expect(state.reads).toBe(1);
  state.stored = null;
  expect(await triggers.find(context, KEY, 2)).toMatchObject({ ok: false, code: "not-found" });
  expect(state.reads).toBe(2);
});

test("what is no trigger, or none any more, is told and not remembered", async () => {
  const { state, context } = entities();
  const triggers = new Triggers();
  const whole = state.stored;
  if (whole === null) throw new Error("there is none");
  state.stored = { ...whole, type: "action" };
  expect(await triggers.find(context, KEY, 1)).toMatchObject({ code: "wrong-collection" });
  state.stored = { ...whole, document: "{" };
  expect(await triggers.find(context, KEY, 1)).toMatchObject({ code: "corrupted" });
  state.stored = whole;
  expect(await triggers.find(context, KEY, 1)).toMatchObject({ ok: true, value: { name: "hourly" } });
});
