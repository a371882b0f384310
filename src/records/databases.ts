// How full the databases of records are.

import type { ActivationStoreMode } from "../entities/activation-store-mode.ts";
import type { DatabaseFill } from "../entities/record-administration.ts";
import type { RecordUpkeep } from "../storage/record-upkeep.ts";

/** Parts of the bound: operators are told; the oldest records leave early. */
const TOLD_AT = 0.8;
const RELIEVED_AT = 0.9;
/** Of counting, in one minute and one database: more records than a minute brings. */
const COUNT_STEPS = 150;

/** `databaseBytes`: where one ends. */
export async function databasesOf(
  tables: readonly Pick<RecordUpkeep, "binding" | "fill">[],
  { mode, databaseBytes }: { mode: ActivationStoreMode; databaseBytes: number },
): Promise<{ mode: ActivationStoreMode; databases: DatabaseFill[] }> {
  const databases = tables.map(async (table): Promise<DatabaseFill> => {
    const { binding } = table;
    try {
      const { bytes, pruned } = await table.fill();
      const part = bytes / databaseBytes;
      const state = part >= RELIEVED_AT ? "full" : part >= TOLD_AT ? "filling" : "well";
      return { binding, state, bytes, bound: databaseBytes, pruned };
    } catch (error) {
      return { binding, state: "unreachable", why: String(error), bytes: 0, bound: databaseBytes, pruned: 0 };
    }
  });
  return { mode, databases: await Promise.all(databases) };
}

/** A sentence for the log, or null where all is well. */
export function warningOf(databases: readonly DatabaseFill[]): string | null {
  const told = databases.filter((each) => each.state !== "well");
  if (told.length === 0) return null;
  const parts = told.map(({ binding, state, bytes, bound, why }) =>
    state === "unreachable"
      ? `${binding} does not answer (${why})`
      : `${binding} is filled to ${Math.floor((bytes / bound) * 100)} % of ${Math.round(bound / 1e6)} MB`,
  );
  return `databases of records: ${parts.join("; ")}; from 90 % on the oldest records leave early`;
}

/** Of every minute: records that came are counted, in each database by itself. Rejects, after all, if one fails. */
export async function countNew(tables: readonly Pick<RecordUpkeep, "countUp">[]): Promise<void> {
  const done = await Promise.allSettled(tables.map((table) => table.countUp(COUNT_STEPS)));
  const reasons = done.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
  if (reasons.length > 0) throw new AggregateError(reasons, "records were not counted");
}
