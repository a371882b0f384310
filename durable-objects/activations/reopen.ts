// A row that was opened for a run on the fast path, and whose scheduler then refused the run: nobody has started it,
// and it can wait for another host like any other call.

import type { Invocation } from "../../src/protocol/invocation.ts";
import { needOf, needText } from "../../src/protocol/matching.ts";
import type { SchedulerName } from "../../src/protocol/rpc.ts";
import type { Sql } from "../shared/schema.ts";
import { OPEN, WAITING } from "./schema.ts";

/** Under a new attempt: its scheduler may have been asked about this one and have said that it will never start it. */
const REOPEN = `UPDATE rows SET state = ${WAITING}, attempt = attempt + 1, urgent = ?3, expires = ?4, reason = ?5, spent = ?6,
  need = ?7, invocation = ?8, about = '', deadline = 0, scheduler = '', epoch = 0, boot = ''
  WHERE id = ?1 AND state = ${OPEN} AND scheduler = ?2 RETURNING 1 AS done`;

/** `maxQueue`: ms it may wait if it does not say. */
export interface Reopening {
  refusedBy: SchedulerName;
  maxQueue: number;
  now: number;
}

/** False if there is no such row: it was never opened, waits already or has ended. */
export function reopen(sql: Sql, invocation: Invocation, { refusedBy, maxQueue, now }: Reopening): boolean {
  const { id, args, blocking } = invocation;
  const spent = "blob" in args ? args.blob : "";
  const expires = now + (invocation.maxQueue ?? maxQueue);
  const texts = ["the host declined", spent, needText(needOf(invocation)), JSON.stringify(invocation)];
  return sql.exec(REOPEN, id, refusedBy, blocking ? 1 : 0, expires, ...texts).toArray().length > 0;
}
