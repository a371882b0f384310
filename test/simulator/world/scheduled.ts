// One Schedule object in a world of its own: incarnations that die, or live on beside the next one, alarms that are
// lost, clocks that jump, fires whose answer is lost or slow; and the judge of it: each slot is fired under one id,
// none is left out, none is made up.

import { ScheduleCore } from "../../../durable-objects/schedule/core.ts";
import type { SchedulePlan, Shortage, Timing } from "../../../src/entities/schedule.ts";
import type { SlotFire, SlotFired } from "../../../src/protocol/schedule.ts";
import { nextSlot } from "../../../src/schedules/slots.ts";
import type { Owner } from "../machine/kernel.ts";
import { type Incarnation, type LoneOutcome, LoneWorld, runLone, SWEEP_MS } from "./lone.ts";

const LENGTH_MS = 300_000;
/** From here on nothing goes wrong any more. */
const CALM_MS = 200_000;
/** A machine's clock is wrong by less than this (ms). */
const MAX_SKEW_MS = 15_000;
const NAMESPACE = { name: "ns", uuid: "uuid" };

interface Kept {
  trigger: string;
  plan: SchedulePlan;
  /** ms after the beginning at which its owner stopped it. */
  stopped?: number;
}

/** A fire as the store of activations has it. */
interface Fired {
  trigger: string;
  slot: number;
  id: string;
  /** ms after the beginning. */
  at: number;
}

class ScheduleWorld extends LoneWorld<ScheduleCore> {
  readonly kept: Kept[] = [];
  readonly store = new Map<string, Fired>();
  #names = 0;

  constructor(seed: number) {
    super(seed, { calmMs: CALM_MS });
  }

  async run(): Promise<LoneOutcome> {
    const { kernel, random } = this;
    for (const plan of this.#plans()) this.later(random.ms(0, 20_000), () => this.#create(plan));
    this.sweep();
    this.later(random.ms(5_000, 30_000), () => this.#fault());
    await kernel.run(LENGTH_MS);
    this.#judge();
    this.outcome.fires = this.store.size;
    return this.outcome;
  }

  #plans(): SchedulePlan[] {
    const base = { payload: "{}", maxTriggers: -1, misfire: "all" as const };
    const now = this.kernel.now;
    return [
      { ...base, timing: { kind: "alarm", cron: "* * * * * *" }, maxTriggers: 30 },
      { ...base, timing: { kind: "alarm", cron: "*/10 * * * * *" } },
      { ...base, timing: { kind: "alarm", cron: "* * * * *" }, jitter: 5 },
      { ...base, timing: { kind: "interval", minutes: 1, startDate: now + 31_000 } },
      { ...base, timing: { kind: "once", date: now + this.random.int(60_000, 150_000) }, misfire: "once" },
      { ...base, timing: { kind: "alarm", cron: "*/5 * * * * *" }, misfire: "once" },
    ];
  }

  #create(plan: SchedulePlan): void {
    const trigger = `t${this.#names++}`;
    const asked = { trigger, plan, namespace: NAMESPACE, apiHost: "", shards: 4 };
    this.live()
      .core.put(asked)
      .then(
        () => this.#created({ trigger, plan }),
        () => this.later(1_000, () => this.#create(plan)),
      );
  }

  #created(kept: Kept): void {
    this.kept.push(kept);
    if (kept.plan.timing.kind === "once" || !this.random.chance(0.3)) return;
    this.later(this.random.ms(60_000, 150_000), () => this.#stop(kept));
  }

  #stop(kept: Kept): void {
    const { core } = this.live();
    if (this.random.chance(0.5)) core.remove(kept.trigger);
    else core.pause(kept.trigger, true);
    kept.stopped = this.kernel.elapsed;
  }

  #fault(): void {
    if (this.calm) return;
    const { random } = this;
    const { object } = this;
    if (object !== null) {
      if (random.chance(0.4)) {
        this.die();
        this.outcome.deaths++;
      } else if (random.chance(0.5)) this.supersede();
      else object.skew = random.int(-MAX_SKEW_MS, MAX_SKEW_MS);
    }
    this.later(random.ms(1_000, 40_000), () => this.#fault());
  }

  protected skew(): number {
    return this.random.int(-2_000, 2_000);
  }

  protected coreOf(
    owner: Incarnation<ScheduleCore>,
    { database, ports }: Parameters<LoneWorld<ScheduleCore>["coreOf"]>[1],
  ): ScheduleCore {
    return new ScheduleCore("uuid:00", {
      database,
      ports: {
        ...ports,
        unprepared: (event) => this.kernel.trace(JSON.stringify(event)),
        fresh: () => `${this.random.int(1_000, 9_999)}-${this.#names++}`,
        worker: {
          fireSlots: (_, slots) => this.#fireSlots(owner, slots),
          prepareSlots: (_, triggers) => this.#prepareSlots(owner, triggers),
          endTrigger: async () => undefined,
          scheduleObject: async () => undefined,
        },
      },
      aheadMs: 5_000,
    });
  }

  /** What happens to one happens to all of them here: the answer is lost, or nothing came through. */
  #fireSlots(owner: Owner, slots: readonly SlotFire[]): Promise<SlotFired[]> {
    const { kernel, random } = this;
    const fate = this.calm ? 1 : random.next();
    const delay = random.chance(0.05) && !this.calm ? random.ms(1_000, 8_000) : random.ms(1, 30);
    const reply = Promise.withResolvers<SlotFired[]>();
    const unknown = () => slots.map((): SlotFired => ({ kind: "unknown", text: "lost" }));
    kernel.after(delay / 2, this.outside, () => {
      if (fate >= 0.1) for (const slot of slots) this.#accept(slot);
    });
    kernel.after(delay, owner, () => {
      if (fate >= 0.2) reply.resolve(slots.map(() => ({ kind: "accepted" })));
      else {
        this.outcome.lostAnswers++;
        if (fate < 0.05) reply.reject(new Error("lost"));
        else reply.resolve(unknown());
      }
    });
    return reply.promise;
  }

  /** Fires do not depend on it: it is slow, fails, finds no room, or answers never. */
  #prepareSlots(owner: Owner, triggers: readonly string[]): Promise<Shortage[][]> {
    const { kernel, random } = this;
    const reply = Promise.withResolvers<Shortage[][]>();
    const none = { function: "ns/a", wanted: 256, have: 0, reason: "no room" };
    const fate = random.next();
    kernel.after(random.ms(1, 20_000), owner, () => {
      if (fate < 0.2) reply.reject(new Error("lost"));
      else if (fate < 0.9) reply.resolve(triggers.map(() => (random.chance(0.5) ? [none] : [])));
    });
    return reply.promise;
  }

  /** The store takes an id once. */
  #accept({ id, slot, trigger }: SlotFire): void {
    if (this.store.has(id)) return;
    this.store.set(id, { id, slot, trigger, at: this.kernel.elapsed });
  }

  #judge(): void {
    for (const kept of this.kept) this.#judgeOne(kept);
  }

  #judgeOne({ trigger, plan, stopped }: Kept): void {
    const violate = (text: string) =>
      this.outcome.violations.push(`${trigger} ${JSON.stringify(plan.timing)}: ${text}`);
    const fires = [...this.store.values()].filter((each) => each.trigger === trigger);
    const slots = fires.map((each) => each.slot).sort((one, other) => one - other);
    if (new Set(slots).size < slots.length) violate("a slot was fired under two ids");
    const [first, last] = [slots[0], slots.at(-1)];
    const late = stopped === undefined ? [] : fires.filter((each) => each.at > stopped + 10_000);
    if (late.length > 0) violate(`${late.length} fires after its owner had stopped it`);
    const { maxTriggers, timing } = plan;
    if (maxTriggers !== -1 && slots.length > maxTriggers) violate(`${slots.length} fires of ${maxTriggers}`);
    if (first === undefined || last === undefined) {
      if (stopped === undefined) violate("it never fired");
      return;
    }
    const all = slotsUpTo(timing, first, last);
    if (slots.some((slot) => !all.has(slot))) violate("what is no slot was fired");
    if (timing.kind !== "once" && plan.misfire === "all" && all.size > new Set(slots).size) {
      violate(`${all.size - slots.length} slots were left out`);
    }
    if (stopped !== undefined || timing.kind === "once") return;
    if (maxTriggers !== -1) {
      if (slots.length < maxTriggers) violate(`only ${slots.length} fires of ${maxTriggers}`);
      return;
    }
    if (last < this.kernel.now - 60_000 - MAX_SKEW_MS - SWEEP_MS) violate("it stopped by itself");
  }
}

function slotsUpTo(timing: Timing, first: number, last: number): Set<number> {
  const slots = new Set<number>();
  for (let slot: number | null = first; slot !== null && slot <= last; slot = nextSlot(timing, slot)) slots.add(slot);
  return slots;
}

/** The world of this seed. */
export function runScheduleSeed(seed: number): Promise<LoneOutcome> {
  return runLone(new ScheduleWorld(seed));
}
