// What the core of a Schedule object needs of the world. The object implements these over the platform, the simulator
// runs the object itself.

import type { Shortage } from "../../src/entities/schedule.ts";
import type { MetricsSender } from "../../src/metrics/sender.ts";
import type { ScheduleHelpRpc } from "../../src/protocol/schedule.ts";
import type { AlarmPorts } from "../shared/ports.ts";

export interface SchedulePorts extends AlarmPorts {
  /** Counts how late slots are fired; absent: nobody does. */
  readonly counting?: MetricsSender;
  worker: ScheduleHelpRpc;
  /** A name that was never used before. */
  fresh(): string;
  /** An event for the log: no container was made ahead of this slot (epoch ms). */
  unprepared(event: { trigger: string; slot: number } & Shortage): void;
}
