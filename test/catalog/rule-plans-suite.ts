// Two writes planned over the same state, one after the other: whatever they are, no trigger knows a rule that does not
// know it.

import { beforeEach, describe, expect, test } from "vitest";
import type { WritePlan } from "../../src/catalog/retry-on-conflict.ts";
import { planPut, planRemoval, planStatus } from "../../src/catalog/rule-plans.ts";
import { findTrigger, triggerEntity } from "../../src/catalog/stored-trigger.ts";
import { readRule } from "../../src/entities/rule.ts";
import { readTrigger, type Trigger } from "../../src/entities/trigger.ts";
import { newTrigger, updatedTrigger } from "../../src/entities/trigger-put.ts";
import { fail, ok, type Result } from "../../src/errors.ts";
import type { EntityStore } from "../../src/storage/entity-store.ts";

/** `empty` is asked before each case: the store, with nothing in it.
 * Of all pairs of writes only each `every`th is tried. */
export function rulePlansSuite({ empty, every }: { empty: () => Promise<EntityStore>; every: number }): void {
  let entities: EntityStore;
  const RULE = { path: "ns", name: "r" };
  const point = (name: string) => ({ path: "ns", name });
  let revision = 0;
  const stamp = () => ({ updated: 1, revision: `own-${revision++}`, writtenWith: "owner" as const });

  async function trigger(name: string): Promise<void> {
    const made = newTrigger({}, { ...point(name), ...stamp() });
    if (made.ok) await entities.put(triggerEntity(made.value), { expected: null });
  }

  async function found(name: string): Promise<Trigger> {
    const trigger = await findTrigger(entities, point(name));
    if (!trigger.ok) throw new Error(trigger.text);
    return trigger.value;
  }

  beforeEach(async () => {
    entities = await empty();
    for (const name of ["a", "b"]) {
      const action = {
        ...{ namespace: "ns", name, version: "0.0.1", publish: false, annotations: [], parameters: [] },
        ...{ limits: {}, exec: { kind: "nodejs:20", binary: false }, updated: 1, revision: "r" },
      };
      const entity = { ...point(name), type: "action" as const, revision: "r", updated: 1, blobs: [], summary: "{}" };
      await entities.put({ ...entity, document: JSON.stringify(action) }, { expected: null });
    }
    for (const name of ["t", "u"]) await trigger(name);
  });

  const put = (body: Parameters<typeof planPut>[1]["put"]) => () =>
    planPut(entities, { key: RULE, put: body, overwrite: true, stamp: stamp() });

  const WRITES: Record<string, () => Promise<Result<WritePlan<unknown>>>> = {
    makes: put({ trigger: point("t"), action: point("a") }),
    moves: put({ trigger: point("u") }),
    "takes another action": put({ action: point("b") }),
    removes: () => planRemoval(entities, RULE),
    "switches on": () => planStatus(entities, { key: RULE, status: "active" }),
    "switches off": () => planStatus(entities, { key: RULE, status: "inactive" }),
    "updates the trigger": async () => {
      const old = await found("t");
      const next = updatedTrigger(old, {}, stamp());
      return ok({ value: null, write: () => entities.put(triggerEntity(next), { expected: old.revision }) });
    },
    "deletes the trigger": async () => {
      const old = await found("t");
      return ok({ value: null, write: () => entities.delete(point("t"), { expected: old.revision }) });
    },
  };

  const STATES: Record<string, () => Promise<void>> = {
    "no rule": async () => {},
    "a rule": () => done(WRITES.makes),
    "a rule that is off": async () => {
      await done(WRITES.makes);
      await done(WRITES["switches off"]);
    },
    "a rule its trigger does not know": async () => {
      await done(WRITES.makes);
      await done(WRITES["deletes the trigger"]);
      await trigger("t");
    },
  };

  async function done(plan: (() => Promise<Result<WritePlan<unknown>>>) | undefined): Promise<void> {
    const made = (await plan?.()) ?? fail("internal");
    if (!made.ok) throw new Error(made.text);
    expect(await made.value.write?.()).toEqual({ kind: "written" });
  }

  /** Links without a rule that has them, as text. */
  async function dangling(): Promise<string[]> {
    const stored = await entities.get(RULE);
    const rule = stored === null ? null : readRule(stored.document);
    const wrong: string[] = [];
    for (const name of ["t", "u"]) {
      const document = (await entities.get(point(name)))?.document;
      for (const link of (document === undefined ? null : readTrigger(document))?.rules ?? []) {
        if (rule?.trigger.name !== name || rule.action.name !== link.action.name) wrong.push(`${name}: ${link.rule}`);
      }
    }
    return wrong;
  }

  describe.each(Object.keys(STATES))("over %s", (state) => {
    const names = Object.keys(WRITES);
    const pairs = names.flatMap((first) => names.map((second) => [first, second] as const));
    test.each(pairs.filter((_, at) => at % every === 0))("one %s and another %s", async (first, second) => {
      await STATES[state]?.();
      const plans = await Promise.all([WRITES[first]?.(), WRITES[second]?.()]);
      for (const plan of plans) if (plan?.ok) await plan.value.write?.();
      expect(await dangling()).toEqual([]);
    });
  });
}
