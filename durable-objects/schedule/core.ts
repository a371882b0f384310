// The schedules of one object: written, read, and fired when they are due. An incarnation of the object is one
// ScheduleCore; all that matters is in its database. A slot's fire has an id that follows from it, so that firing it
// again changes nothing: nothing is written before a fire, and what became of it afterwards.

import { slotActivationId } from "../../src/entities/activation-id.ts";
import type { ScheduleView, SlotNote } from "../../src/entities/schedule.ts";
import type { FoundSchedule, PutSchedule, PutScheduleReply, SlotFire, SlotFired } from "../../src/protocol/schedule.ts";
import {
  begun,
  decide,
  endingAgain,
  paused,
  resumed,
  revised,
  type SlotOutcome,
  settle,
} from "../../src/schedules/machine.ts";
import { comingSlots, jitterOf } from "../../src/schedules/slots.ts";
import { Alarm } from "../shared/alarm.ts";
import { ANSWER_WITHIN_MS, within } from "../shared/deadline.ts";
import type { Database } from "../shared/schema.ts";
import { LookAhead } from "./look-ahead.ts";
import type { SchedulePorts } from "./ports.ts";
import { type KeptSchedule, ScheduleRows } from "./schedule-rows.ts";

/** Schedules the first object of a namespace keeps before others take some, and those any object keeps at most. */
export const FIRST_HOLDS = 500;
export const MAX_HELD = 2_000;
/** Questions to the Worker under way. */
const WIDTH = 32;
/** Up to so many slots are asked for each by itself; of more, so many in one question,
 * and characters of their payloads. */
const MAX_ALONE = 16;
const MAX_BATCH = 128;
/** Questions that many slots are spread over: each of them reads what all of its slots need once. */
const SPREAD = 8;
const MAX_BATCH_CHARACTERS = 4 * 1024 * 1024;
/** Due schedules looked at in one go. */
const MAX_LOOK = SPREAD * MAX_BATCH;
/** ms after which fires under way are looked after, should their answers be lost with the incarnation. */
const LOOK_AGAIN_MS = 10_000;
/** The longest an alarm is set ahead (ms). */
const MAX_AHEAD_MS = 30 * 86_400_000;
const NEXT_SHOWN = 5;

/** A slot on its way. */
interface Flight {
  schedule: KeptSchedule;
  slot: number;
  fire: SlotFire;
}

export class ScheduleCore {
  readonly #name: string;
  readonly #ports: SchedulePorts;
  readonly #rows: ScheduleRows;
  readonly #alarm: Alarm;
  readonly #ahead: LookAhead;
  /** Names of schedules whose slot is on its way. */
  readonly #flying = new Set<string>();
  /** Names of those whose last fire did not come through in time: they go by themselves,
   * so that others do not wait for them. */
  readonly #slow = new Set<string>();
  #batches = 0;

  /** `name`: of the object; its part behind the colon is 00 for the first one of a namespace. `aheadMs`: ms before a
   * slot in which its containers are prepared; 0: none are. */
  constructor(name: string, options: { database: Database; ports: SchedulePorts; aheadMs: number }) {
    const { ports, aheadMs } = options;
    this.#name = name;
    this.#ports = ports;
    this.#rows = new ScheduleRows(options.database);
    this.#ahead = new LookAhead(ports, { rows: this.#rows, aheadMs, answered: () => this.#arm() });
    this.#alarm = new Alarm(ports, async () => this.#round(), { slackMs: 0 });
    // The alarm an earlier incarnation set may be lost.
    this.#arm();
  }

  async put(asked: PutSchedule): Promise<PutScheduleReply> {
    const { trigger, plan, namespace, apiHost, revision } = asked;
    const rows = this.#rows;
    if (rows.get(trigger) === null) {
      if (this.#name.endsWith(":00") && (rows.facts().spilled || rows.count >= FIRST_HOLDS)) {
        rows.setSpilled();
        return { kind: "elsewhere" };
      }
      if (rows.count >= MAX_HELD) return { kind: "full" };
    }
    if (!rows.facts().listed) {
      await this.#answered(this.#ports.worker.scheduleObject(this.#name));
      rows.setListed(true);
    }
    const old = rows.get(trigger);
    if (revision !== undefined && old?.revision !== revision) return { kind: "changed" };
    const now = this.#ports.now();
    const id = old !== null && revision !== undefined ? old.id : this.#ports.fresh();
    const state = old !== null && revision !== undefined ? revised(old, plan, now) : begun(plan, now);
    const shard = old?.shard ?? Number.parseInt(id.slice(0, 4), 16) % asked.shards;
    this.#ahead.forget(trigger);
    rows.put({ name: trigger, id, revision: this.#ports.fresh(), plan, namespace, apiHost, shard, state });
    this.#arm();
    return { kind: "put" };
  }

  find(trigger: string): FoundSchedule {
    const found = this.#rows.get(trigger);
    if (found === null) return { kind: "absent", spilled: this.#rows.facts().spilled };
    return { kind: "found", view: this.#viewOf(found) };
  }

  pause(trigger: string, on: boolean): boolean {
    const schedule = this.#rows.get(trigger);
    if (schedule === null) return false;
    const now = this.#ports.now();
    const { plan, state } = schedule;
    this.#rows.put({
      ...schedule,
      revision: this.#ports.fresh(),
      state: on ? paused(state, now) : state.active ? state : resumed(plan, state, now),
    });
    this.#arm();
    return true;
  }

  remove(trigger: string): boolean {
    this.#slow.delete(trigger);
    this.#ahead.forget(trigger);
    return this.#rows.remove(trigger);
  }

  /** Whoever looks after lost alarms asks. */
  wake(): boolean {
    if (this.#rows.count === 0) {
      this.#rows.setListed(false);
      return false;
    }
    this.#round();
    return true;
  }

  /** The object's alarm. Safe to run at any time and twice. */
  async alarm(): Promise<void> {
    await this.#alarm.run();
  }

  #viewOf(schedule: KeptSchedule): ScheduleView {
    const { id, plan, state, revision } = schedule;
    const from = Math.max(state.cursor, this.#ports.now());
    const count = state.left === -1 ? NEXT_SHOWN : Math.min(NEXT_SHOWN, state.left);
    const next = state.active ? comingSlots(plan.timing, from, count) : [];
    return {
      ...{ plan, state, revision },
      notes: this.#rows.notes(id),
      next: next.map((slot) => slot + jitterOf(plan, id, slot)),
    };
  }

  /** For the earliest that has something to do, of those whose slot is not on its way. */
  #arm(): void {
    const now = this.#ports.now();
    const flying = [...this.#flying];
    const next = this.#rows.next(flying);
    // What is due while all ways are taken has its turn when one comes back.
    const due = this.#batches >= WIDTH ? Math.max(next, now + LOOK_AGAIN_MS) : next;
    const look = this.#flying.size === 0 ? Number.POSITIVE_INFINITY : now + LOOK_AGAIN_MS;
    const ahead = this.#ahead.next(flying);
    this.#alarm.wakeAt(Math.min(due, look, ahead, due === Number.POSITIVE_INFINITY ? due : now + MAX_AHEAD_MS));
  }

  #round(): void {
    const now = this.#ports.now();
    const flights: Omit<Flight, "fire">[] = [];
    const asleep: { schedule: KeptSchedule; notes: SlotNote[] }[] = [];
    const free = this.#batches < WIDTH;
    const due = free ? this.#rows.due(now, { busy: [...this.#flying], max: MAX_LOOK }) : [];
    for (const schedule of due) {
      const decision = decide(schedule, now);
      const next = { ...schedule, state: decision.state };
      if (decision.kind === "sleep" || decision.notes.length > 0)
        asleep.push({ schedule: next, notes: decision.notes });
      if (decision.kind === "sleep") continue;
      this.#flying.add(schedule.name);
      if (decision.kind === "fire") flights.push({ schedule: next, slot: decision.slot });
      else
        this.#end(next, decision.rules).catch((error: unknown) => this.#ports.warn(`a round failed: ${String(error)}`));
    }
    if (asleep.length > 0) this.#rows.save(asleep);
    this.#ahead.look([...this.#flying]);
    this.#arm();
    const alone = flights.filter(({ schedule }) => this.#slow.has(schedule.name));
    const others = flights.filter(({ schedule }) => !this.#slow.has(schedule.name));
    for (const batch of [...batches(alone), ...batches(others)]) {
      this.#fly(batch).catch((error: unknown) => this.#ports.warn(`a round failed: ${String(error)}`));
    }
  }

  async #fly(batch: readonly Omit<Flight, "fire">[]): Promise<void> {
    this.#batches++;
    const names = batch.map(({ schedule }) => schedule.name);
    try {
      const flights = await Promise.all(batch.map(async (each) => ({ ...each, fire: await fireOf(each) })));
      const outcomes = await this.#ask(flights);
      this.#landed(flights, outcomes);
    } finally {
      this.#batches--;
      for (const name of names) this.#flying.delete(name);
      this.#round();
    }
  }

  #answered<T>(asked: Promise<T>): Promise<T> {
    return within(this.#ports.after, ANSWER_WITHIN_MS, asked);
  }

  async #ask(flights: readonly Flight[]): Promise<SlotFired[]> {
    const [first] = flights;
    if (first === undefined) return [];
    try {
      const fires = flights.map(({ fire }) => fire);
      return await this.#answered(this.#ports.worker.fireSlots(first.schedule.namespace, fires));
    } catch (error) {
      return flights.map(() => ({ kind: "unknown", text: `The platform could not be asked: ${String(error)}` }));
    }
  }

  #landed(flights: readonly Flight[], outcomes: readonly SlotFired[]): void {
    const now = this.#ports.now();
    const changes = flights.flatMap(({ schedule, slot, fire }, at) => {
      const kept = this.#rows.get(schedule.name);
      const fired = outcomes[at];
      // Deleted meanwhile, and perhaps made anew.
      if (kept === null || kept.id !== schedule.id || fired === undefined) return [];
      if (fired.kind === "unknown") this.#slow.add(schedule.name);
      else this.#slow.delete(schedule.name);
      this.#count(schedule, { slot, fired, now });
      const outcome: SlotOutcome = fired.kind === "accepted" ? { ...fired, id: fire.id } : fired;
      const { state, notes } = settle(kept, { slot, outcome, now });
      return [{ schedule: { ...kept, state }, notes }];
    });
    this.#rows.save(changes);
  }

  #count({ plan, id }: KeptSchedule, { slot, fired, now }: { slot: number; fired: SlotFired; now: number }): void {
    const { counting } = this.#ports;
    if (counting === undefined) return;
    const late = Math.max(0, now - slot - jitterOf(plan, id, slot)) / 1_000;
    if (fired.kind === "accepted") counting.meter.observe("edgewhisk_schedule_lateness_seconds", [], late);
    else counting.meter.count("edgewhisk_schedule_failures_total", []);
    counting.touch();
  }

  /** Its trigger goes, then it goes itself. */
  async #end(schedule: KeptSchedule, rules: boolean): Promise<void> {
    const { name, id, namespace } = schedule;
    try {
      await this.#answered(this.#ports.worker.endTrigger(namespace, name, { rules }));
      if (this.#rows.get(name)?.id === id) this.remove(name);
    } catch (error) {
      this.#ports.warn(`trigger ${name} has fired for the last time and could not be deleted yet: ${String(error)}`);
      const kept = this.#rows.get(name);
      if (kept !== null && kept.id === id) {
        this.#rows.save([{ schedule: { ...kept, state: endingAgain(kept.state, this.#ports.now()) }, notes: [] }]);
      }
    } finally {
      this.#flying.delete(name);
      this.#round();
    }
  }
}

async function fireOf({ schedule, slot }: Omit<Flight, "fire">): Promise<SlotFire> {
  const { id, name: trigger, plan, state, shard, apiHost } = schedule;
  const { payload, overlap = "allow" } = plan;
  return {
    id: await slotActivationId(id, { slot, shard }),
    ...{ slot, trigger, payload, apiHost },
    follow: overlap !== "allow",
    ...(overlap === "allow" || state.runs === undefined ? {} : { unless: state.runs }),
  };
}

/** Few by themselves, many together. */
function batches(flights: readonly Omit<Flight, "fire">[]): Omit<Flight, "fire">[][] {
  const size = flights.length <= MAX_ALONE ? 1 : Math.min(MAX_BATCH, Math.ceil(flights.length / SPREAD));
  const made: Omit<Flight, "fire">[][] = [];
  let characters = 0;
  for (const flight of flights) {
    const last = made.at(-1);
    const { length } = flight.schedule.plan.payload;
    characters += length;
    if (last === undefined || last.length >= size || characters > MAX_BATCH_CHARACTERS) {
      made.push([flight]);
      characters = length;
    } else last.push(flight);
  }
  return made;
}
