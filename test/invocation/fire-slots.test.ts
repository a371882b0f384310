// Slots of schedules as fires: each by itself, under the id it came with.

import { expect, it } from "vitest";
import { slotActivationId } from "../../src/entities/activation-id.ts";
import type { Trigger } from "../../src/entities/trigger.ts";
import { fail, ok } from "../../src/errors.ts";
import { FanOut } from "../../src/invocation/fan-out.ts";
import { fireSlots, WITHIN_MS } from "../../src/invocation/fire-slots.ts";
import type { FireContext } from "../../src/invocation/ports.ts";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import type { Triggers } from "../../src/invocation/triggers.ts";
import type { SlotFire } from "../../src/protocol/schedule.ts";
import { CALLER, MemoryContext } from "./context.ts";

const HOUR = 3_600_000;
const NOW = 100 * HOUR;

class SlotContext extends MemoryContext {
  readonly fired: string[] = [];
  /** Triggers whose store does not answer. */
  readonly silent = new Set<string>();
  /** Activations that are known and have not ended. */
  readonly running = new Set<string>();
  readonly #deadlines: (() => void)[] = [];

  override now(): number {
    return NOW;
  }

  /** Answers run out of time when the test says so. */
  override after(ms: number, run: () => void): () => void {
    if (ms === WITHIN_MS) this.#deadlines.push(run);
    return ms >= WITHIN_MS ? () => undefined : super.after(0, run);
  }

  /** All others have come through. */
  async #giveUp(): Promise<void> {
    while (this.fired.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    for (const run of this.#deadlines) run();
  }

  override storeOf(): ReturnType<FireContext["storeOf"]> {
    const store = super.storeOf();
    return {
      ...store,
      get: async (id: string) => ({ record: null, known: this.running.has(id) }),
      fire: async (fact: { id: string; about: { name: string } }) => {
        if (this.silent.has(fact.about.name)) return this.#giveUp().then(() => new Promise(() => undefined));
        this.fired.push(fact.id);
        return { kind: "accepted" };
      },
      fired: async () => undefined,
    } as unknown as ReturnType<FireContext["storeOf"]>;
  }
}

const rules = [
  { rule: "a/r", action: { path: "a", name: "one" }, status: "active" },
  { rule: "a/off", action: { path: "a", name: "one" }, status: "inactive" },
];

function partsOf() {
  const found = new Map<string, Partial<Trigger>>([
    ["t", { rules } as Partial<Trigger>],
    ["silent", { rules } as Partial<Trigger>],
    ["bare", { rules: [] }],
  ]);
  const triggers = {
    prepare: async () => {
      throw new Error("the database is away");
    },
    find: async (_: unknown, { name }: { name: string }) => {
      const trigger = found.get(name);
      return trigger === undefined ? fail("not-found") : ok({ name, version: "0.0.1", parameters: [], ...trigger });
    },
  } as unknown as Triggers;
  const fanOut = new FanOut(new ActionResolver());
  return { triggers, fanOut, statusOf: () => 404, shortTriggers: async () => [] };
}

async function slotOf(trigger: string, more: Partial<SlotFire> = {}, slot = NOW - 1_000): Promise<SlotFire> {
  const id = await slotActivationId(`schedule of ${trigger}`, { slot, shard: 2 });
  return { id, slot, trigger, payload: "{}", apiHost: "", follow: false, ...more };
}

function play(context: SlotContext, slots: SlotFire[]) {
  return fireSlots(context, partsOf(), { identity: CALLER, epoch: 1, transactionId: "tid", slots });
}

it("answers for each by itself, whatever becomes of the others, in the order they came", async () => {
  const context = new SlotContext();
  context.silent.add("silent");
  const slots = await Promise.all([slotOf("gone"), slotOf("silent"), slotOf("t"), slotOf("bare")]);
  const outcomes = await play(context, slots);
  expect(outcomes.map((each) => each.kind)).toEqual(["refused", "unknown", "accepted", "idle"]);
  expect(outcomes[0]).toMatchObject({ statusCode: 404 });
  expect(context.fired).toEqual([slots[2]?.id]);
});

it("fires not while one of what the last fire started goes on, and says what this one starts", async () => {
  const context = new SlotContext();
  context.running.add("busy");
  expect(await play(context, [await slotOf("t", { unless: ["over", "busy"] })])).toEqual([{ kind: "busy" }]);
  const [free] = await play(context, [await slotOf("t", { unless: ["over"], follow: true })]);
  // The inactive rule starts nothing.
  expect(free).toEqual({ kind: "accepted", runs: [expect.stringMatching(/^[0-9a-f]{32}$/)] });
  expect((await play(context, [await slotOf("t")]))[0]).toEqual({ kind: "accepted" });
});

it("looks first whether a slot of long ago was fired then", async () => {
  const context = new SlotContext();
  const [known, lost] = await Promise.all([slotOf("t", {}, NOW - 13 * HOUR), slotOf("t", {}, NOW - 14 * HOUR)]);
  context.running.add(known.id);
  expect((await play(context, [known, lost])).map((each) => each.kind)).toEqual(["accepted", "accepted"]);
  expect(context.fired).toEqual([lost.id]);
});

it("gives a slot the same id whenever it is asked for, with its own time and shard, and another slot another", async () => {
  const id = await slotActivationId("s", { slot: 1_800_000_000_000, shard: 3 });
  expect(id).toBe(await slotActivationId("s", { slot: 1_800_000_000_000, shard: 3 }));
  expect([Number.parseInt(id.slice(0, 12), 16), id.slice(12, 14)]).toEqual([1_800_000_000_000, "03"]);
  for (const [schedule, slot] of [
    ["s", 1_800_000_001_000],
    ["other", 1_800_000_000_000],
  ] as const) {
    expect((await slotActivationId(schedule, { slot, shard: 3 })).slice(14)).not.toBe(id.slice(14));
  }
});
