// Results and logs that a host put into the blob store and whose record came too late: no record names them,
// and none will.

import type { Finished, SchedulerName } from "../../src/protocol/rpc.ts";
import type { Sql } from "../shared/schema.ts";
import type { Records } from "./records.ts";

/** Of the blobs these words of a host name those that nobody will read. To be asked when what could be taken has been.
 * What the platform itself ran may be the result of others as well: of that none is. */
export function orphansOf(
  finished: readonly Finished[],
  from: SchedulerName,
  stored: { sql: Sql; records: Records },
): string[] {
  if (!from.includes("/")) return [];
  return finished.flatMap((word) => {
    const keys = keysOf(word);
    if (keys.length === 0) return [];
    const named = stored.records.named(word.id, keys);
    if (named !== null) return keys.filter((key) => !named.includes(key));
    const [row] = stored.sql.exec<{ attempt: number }>("SELECT attempt FROM rows WHERE id = ?", word.id).toArray();
    // A row takes its own attempt only, and attempts only grow. Another host may be at the same one.
    if (row !== undefined) return word.attempt < row.attempt ? keys : [];
    // Too old to be adopted. What nobody vouches for may be another's, whose record is still on its way.
    return word.unproven === true ? [] : keys;
  });
}

/** The blobs of this very run: a record may name those of others. */
function keysOf({ id, attempt, completion }: Finished): string[] {
  const own = new Set([`results/${id}/${attempt}`, `logs/${id}/${attempt}`]);
  const payloads = completion.logs === undefined ? [completion.result] : [completion.result, completion.logs];
  return payloads.flatMap((payload) => ("blob" in payload && own.has(payload.blob) ? [payload.blob] : []));
}
