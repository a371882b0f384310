// What the functions of built-in packages may ask of the platform, beside what they are called with.

import type { AlarmSettings } from "../entities/schedule.ts";
import type { ScheduleDirectory } from "../schedules/directory.ts";
import type { EntityStore } from "../storage/entity-store.ts";

/** The Worker provides it over its bindings, tests over their own. */
export interface SystemPorts {
  entities: Pick<EntityStore, "get">;
  alarms: {
    settings: AlarmSettings;
    /** Activation stores of a namespace. */
    shards: number;
    schedules(namespaceId: string): ScheduleDirectory;
  };
}
