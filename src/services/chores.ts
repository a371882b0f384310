// What the cron trigger has done each minute: each piece by itself,
// so that one which fails neither ends nor hides another.

import { log } from "../log.ts";
import type { SinksRpc } from "../protocol/sinks.ts";
import { type databasesOf, warningOf } from "../records/databases.ts";
import type { SinkSecrets } from "../storage/sink-secrets.ts";
import { sweepSinkSecrets } from "../system/sink-secrets.ts";

/** Between two looks at how full the databases of records are. */
const LOOK_EVERY_MINUTES = 10;

/** Each by what it is called in the log. */
export type Chores = Readonly<Record<string, () => unknown>>;

/** Side by side. `tell` hears of each that failed, when all are over; never rejects. */
export async function doAll(chores: Chores, tell: (text: string) => void): Promise<void> {
  const names = Object.keys(chores);
  const done = await Promise.allSettled(Object.values(chores).map(async (chore) => chore()));
  for (const [at, each] of done.entries()) {
    if (each.status === "rejected") tell(`the cron trigger did not do all: ${names[at]}: ${reasonOf(each.reason)}`);
  }
}

/** Says when one is nearly full; not each minute. */
export async function lookAtDatabases(databases: () => ReturnType<typeof databasesOf>): Promise<void> {
  if (new Date().getUTCMinutes() % LOOK_EVERY_MINUTES !== 0) return;
  const warning = warningOf((await databases()).databases);
  if (warning !== null) log.warn("record-databases", { text: warning });
}

interface SweptSecrets {
  handles: { sinks(namespaceId: string): Pick<SinksRpc, "views"> };
  stores: { sinkSecrets: Pick<SinkSecrets, "keptBefore" | "forget"> };
}

/** Secret headers of sinks, of a few namespaces. */
export async function sweepSecrets({ handles, stores }: SweptSecrets): Promise<void> {
  const of = (namespaceId: string) => handles.sinks(namespaceId);
  await sweepSinkSecrets(stores.sinkSecrets, { of, now: Date.now(), place: crypto.randomUUID() });
}

function reasonOf(reason: unknown): string {
  const inner = reason instanceof AggregateError ? ` (${reason.errors.map(String).join("; ")})` : "";
  return `${String(reason)}${inner}`;
}
