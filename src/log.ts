// The log of Worker and objects: JSON lines on the console, at the level that LOG_LEVEL says. Which request a line
// belongs to is known without being handed on.

import { AsyncLocalStorage } from "node:async_hooks";
import { type LineFields, logLevelOf, type PlatformLogLevel, platformLine, reaches } from "./entities/log-level.ts";

/** What of the environment says how much is logged, and what never is. */
export interface LogEnvironment {
  LOG_LEVEL?: string | undefined;
  ADMIN_TOKEN?: string | undefined;
  METRICS_TOKEN?: string | undefined;
  MASTER_SECRET?: string | undefined;
  MASTER_SECRET_PREVIOUS?: string | undefined;
  USER_EVENTS_SECRET?: string | undefined;
  USER_EVENTS_TOKEN?: string | undefined;
}

const transactions = new AsyncLocalStorage<string>();
/** Of the isolate, which has one environment. */
let least: PlatformLogLevel = "warn";
let secrets: readonly string[] = [];
let known: LogEnvironment | null = null;

/** To be called by whoever is there first in an isolate; costs nothing when it is called again. */
export function logAs(env: LogEnvironment): void {
  if (env === known) return;
  known = env;
  least = logLevelOf(env.LOG_LEVEL);
  const { ADMIN_TOKEN, METRICS_TOKEN, MASTER_SECRET, MASTER_SECRET_PREVIOUS, USER_EVENTS_SECRET, USER_EVENTS_TOKEN } =
    env;
  const all = [
    ADMIN_TOKEN,
    METRICS_TOKEN,
    MASTER_SECRET,
    MASTER_SECRET_PREVIOUS,
    USER_EVENTS_SECRET,
    USER_EVENTS_TOKEN,
  ];
  secrets = all.filter((each) => typeof each === "string");
}

/** What `work` logs, now or later, has this transaction id. */
export function inTransaction<T>(transactionId: string, work: () => T): T {
  return transactions.run(transactionId, work);
}

/** `event`: what has happened, in words with hyphens between them. */
type Write = (event: string, fields?: LineFields) => void;

function at(level: PlatformLogLevel): Write {
  return (event, fields = {}) => {
    if (!reaches(level, least)) return;
    const transactionId = transactions.getStore();
    const own = transactionId === undefined ? fields : { transactionId, ...fields };
    console[level](platformLine({ level, event, at: Date.now() }, own, secrets));
  };
}

export const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } as const;

/** For where making the fields costs something. */
export function isLogged(level: PlatformLogLevel): boolean {
  return reaches(level, least);
}
