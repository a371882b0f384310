// The Durable Object that keeps the schedules of one namespace, or a part of them: takes calls and the alarm, and hands
// them to the core. What its methods return has been written when the reply leaves.

import { type Env, lookAheadMs } from "../../src/env.ts";
import { log } from "../../src/log.ts";
import type {
  FoundSchedule,
  PutSchedule,
  PutScheduleReply,
  ScheduleHelpRpc,
  ScheduleRpc,
} from "../../src/protocol/schedule.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { countingOf } from "../shared/counting.ts";
import { ErasableObject } from "../shared/erasable.ts";
import { databaseOf, platformPorts } from "../shared/platform.ts";
import { ScheduleCore } from "./core.ts";

export class Schedule extends ErasableObject implements ScheduleRpc {
  readonly #core: ScheduleCore;
  readonly #confirm: Confirm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#confirm = confirming(env);
    const { storage } = ctx;
    const name = ctx.id.name;
    if (name === undefined) throw new Error("a schedule object is addressed by its name only");
    const exports = ctx.exports as unknown as { Internal: ScheduleHelpRpc };
    const ports = platformPorts(ctx, `schedules ${name}`, env);
    this.#core = new ScheduleCore(name, {
      database: databaseOf(storage),
      ports: {
        ...ports,
        counting: countingOf(env, `schedules ${name}`, { ports }),
        worker: {
          fireSlots: (namespace, slots) => exports.Internal.fireSlots(namespace, slots),
          prepareSlots: (namespace, triggers) => exports.Internal.prepareSlots(namespace, triggers),
          endTrigger: (namespace, trigger, options) => exports.Internal.endTrigger(namespace, trigger, options),
          scheduleObject: (object) => exports.Internal.scheduleObject(object),
        },
        fresh: () => crypto.randomUUID(),
        unprepared: (event) => log.warn("schedule-unprepared", { object: name, ...event }),
      },
      aheadMs: lookAheadMs(env),
    });
  }

  async put(schedule: PutSchedule): Promise<PutScheduleReply> {
    return this.#confirm(await this.#core.put(schedule));
  }

  async find(trigger: string): Promise<FoundSchedule> {
    return this.#core.find(trigger);
  }

  async pause(trigger: string, on: boolean): Promise<boolean> {
    return this.#confirm(this.#core.pause(trigger, on));
  }

  async remove(trigger: string): Promise<boolean> {
    return this.#confirm(this.#core.remove(trigger));
  }

  async wake(): Promise<boolean> {
    return this.#core.wake();
  }

  override async alarm(): Promise<void> {
    await this.#core.alarm();
  }
}
