// The ports of the cores over the platform: its clock, its one alarm, its log, its database.

import { type LogEnvironment, log, logAs } from "../../src/log.ts";
import type { AlarmPorts } from "./ports.ts";
import type { Database } from "./schema.ts";

/** `object`: which one says so in the log. `env`: what says how much is logged. */
export function platformPorts(
  { storage }: { storage: Pick<DurableObjectStorage, "setAlarm"> },
  object: string,
  env: LogEnvironment,
): AlarmPorts {
  logAs(env);
  return {
    now: () => Date.now(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    setAlarm: (at) => {
      void storage.setAlarm(at);
    },
    warn: (text, transactionId) => log.warn("object", { object, text, ...(transactionId && { transactionId }) }),
  };
}

export function databaseOf(storage: DurableObjectStorage): Database {
  return { sql: storage.sql, transaction: (run) => storage.transactionSync(run) };
}
