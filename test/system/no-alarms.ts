// Ports of system functions for which no alarm matters.

import type { SystemPorts } from "../../src/system/ports.ts";

export const NO_ALARMS: SystemPorts["alarms"] = {
  settings: { limitCronFields: false, delayLimit: 0, defaultStrict: false },
  shards: 4,
  schedules: () => {
    throw new Error("no alarm is asked for here");
  },
};
