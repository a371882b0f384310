// The ports of the cores over the platform: its clock, its one alarm, its log, its database.

import type { AlarmPorts } from "./ports.ts";
import type { Database } from "./schema.ts";

/** `label` opens each line of the log: which object says so. */
export function platformPorts(storage: Pick<DurableObjectStorage, "setAlarm">, label: string): AlarmPorts {
  return {
    now: () => Date.now(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    setAlarm: (at) => {
      void storage.setAlarm(at);
    },
    warn: (text) => console.warn(`${label}: ${text}`),
  };
}

export function databaseOf(storage: DurableObjectStorage): Database {
  return { sql: storage.sql, transaction: (run) => storage.transactionSync(run) };
}
