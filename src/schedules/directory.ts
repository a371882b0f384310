// Where the schedules of a namespace are: in its first object, and beyond some number in others, by the trigger's name.

import type { ScheduleView } from "../entities/schedule.ts";
import {
  type FoundSchedule,
  overflowShardOf,
  type PutSchedule,
  type PutScheduleReply,
  type ScheduleRpc,
  scheduleObjectOf,
} from "../protocol/schedule.ts";

/** What of its schedules may be asked for. */
export class ScheduleDirectory {
  readonly #namespaceId: string;
  readonly #open: (name: string) => ScheduleRpc;

  constructor(namespaceId: string, open: (name: string) => ScheduleRpc) {
    this.#namespaceId = namespaceId;
    this.#open = open;
  }

  /** "full" where there is no room anywhere. */
  async put(schedule: PutSchedule): Promise<Exclude<PutScheduleReply, { kind: "elsewhere" }>["kind"]> {
    const first = await this.#object(0).put(schedule);
    if (first.kind !== "elsewhere") return first.kind;
    const other = await this.#object(overflowShardOf(schedule.trigger)).put(schedule);
    return other.kind === "elsewhere" ? "full" : other.kind;
  }

  /** Null if there is none. */
  async find(trigger: string): Promise<ScheduleView | null> {
    const [found] = await this.#locate(trigger);
    return found?.view ?? null;
  }

  async pause(trigger: string, on: boolean): Promise<boolean> {
    const [, object] = await this.#locate(trigger);
    return object !== null && this.#object(object).pause(trigger, on);
  }

  async remove(trigger: string): Promise<boolean> {
    const [, object] = await this.#locate(trigger);
    return object !== null && this.#object(object).remove(trigger);
  }

  async #locate(trigger: string): Promise<[Extract<FoundSchedule, { kind: "found" }>, number] | [null, null]> {
    const first = await this.#object(0).find(trigger);
    if (first.kind === "found") return [first, 0];
    if (!first.spilled) return [null, null];
    const shard = overflowShardOf(trigger);
    const other = await this.#object(shard).find(trigger);
    return other.kind === "found" ? [other, shard] : [null, null];
  }

  #object(shard: number): ScheduleRpc {
    return this.#open(scheduleObjectOf(this.#namespaceId, shard));
  }
}
