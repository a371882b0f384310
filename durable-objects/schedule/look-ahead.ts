// Containers ahead of fires: some seconds before schedules are due, the Worker is asked to have those prepared that
// their rules need. It owns which slots have been looked ahead to: soft, another incarnation asks once more, which
// changes nothing. Nobody waits for it.

import type { Shortage, SlotNote } from "../../src/entities/schedule.ts";
import type { SchedulePorts } from "./ports.ts";
import type { KeptSchedule, ScheduleRows } from "./schedule-rows.ts";

/** What fired, or was prepared for, so many ms before a slot has a container still. */
const STILL_WARM_MS = 60_000;
/** Schedules asked for at once; what is beyond finds its containers as it fires. */
const MAX_ASKED = 128;
/** Questions under way: an answer may take as long as a container. */
const MAX_ASKING = 4;

export class LookAhead {
  readonly #ports: Pick<SchedulePorts, "now" | "warn" | "worker" | "unprepared" | "counting">;
  readonly #rows: ScheduleRows;
  readonly #aheadMs: number;
  readonly #answered: () => void;
  /** Names of schedules, and the epoch ms of the last slot of each that need not be looked ahead to any more. */
  readonly #seen = new Map<string, number>();
  #asking = 0;

  /** `aheadMs`: 0, nothing is ever prepared. `answered`: there may be something to look at again. */
  constructor(
    ports: Pick<SchedulePorts, "now" | "warn" | "worker" | "unprepared" | "counting">,
    { rows, aheadMs, answered }: { rows: ScheduleRows; aheadMs: number; answered: () => void },
  ) {
    this.#ports = ports;
    this.#rows = rows;
    this.#aheadMs = aheadMs;
    this.#answered = answered;
  }

  /** Epoch ms at which the next slot is to be looked ahead to, or Infinity. */
  next(busy: readonly string[]): number {
    if (this.#aheadMs === 0 || this.#asking >= MAX_ASKING) return Number.POSITIVE_INFINITY;
    const now = this.#ports.now();
    const seen = [...this.#seen].flatMap(([name, due]) => (due > now ? [name] : []));
    return Math.max(now, this.#rows.next([...busy, ...seen]) - this.#aheadMs);
  }

  /** Asks for what comes within the time ahead. */
  look(busy: readonly string[]): void {
    if (this.#aheadMs === 0 || this.#asking >= MAX_ASKING) return;
    const now = this.#ports.now();
    const wanted: { name: string; due: number }[] = [];
    for (const { name, due } of this.#rows.coming(now, { until: now + this.#aheadMs, busy })) {
      const seen = this.#seen.get(name);
      if (seen !== undefined && seen >= due) continue;
      this.#seen.set(name, due);
      if (seen === undefined || due - seen >= STILL_WARM_MS) wanted.push({ name, due });
    }
    if (wanted.length === 0) return;
    this.#asking++;
    this.#ask(wanted.slice(0, MAX_ASKED))
      .finally(() => {
        this.#asking--;
        this.#answered();
      })
      .catch((error: unknown) => this.#ports.warn(`nothing was prepared: ${String(error)}`));
  }

  /** A schedule is no more, or another. */
  forget(name: string): void {
    this.#seen.delete(name);
  }

  async #ask(wanted: readonly { name: string; due: number }[]): Promise<void> {
    const { worker, now, unprepared, counting } = this.#ports;
    const kept = new Map(wanted.map(({ name }) => [name, this.#rows.get(name)?.id]));
    const namespace = this.#rows.get(wanted[0]?.name ?? "")?.namespace;
    if (namespace === undefined) return;
    const short = await worker.prepareSlots(
      namespace,
      wanted.map(({ name }) => name),
    );
    const changes: { schedule: KeptSchedule; notes: SlotNote[] }[] = [];
    for (const [at, { name, due }] of wanted.entries()) {
      const shortages = short[at] ?? [];
      const schedule = this.#rows.get(name);
      if (shortages.length === 0 || schedule === null || schedule.id !== kept.get(name)) continue;
      for (const shortage of shortages) unprepared({ trigger: name, slot: due, ...shortage });
      counting?.meter.count("edgewhisk_schedule_unprepared_total", [], shortages.length);
      changes.push({ schedule, notes: shortages.map((shortage) => noteOf(shortage, { due, at: now() })) });
    }
    if (changes.length === 0) return;
    this.#rows.save(changes);
    counting?.touch();
  }
}

function noteOf(shortage: Shortage, { due, at }: { due: number; at: number }): SlotNote {
  return { slot: due, at, outcome: "unprepared", text: shortage.reason, shortage };
}
