// How much an object holds, and what of it is oldest: for whoever decides from which start on records are kept.
// Reads only.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Amount, LedgerHoldings, SegmentHolding } from "../../src/protocol/upkeep.ts";
import type { Sql } from "../shared/schema.ts";

/** Records and segments told one by one. */
const MAX_OLDEST = 2_000;
const MAX_SEGMENTS = 8;
/** Records whose bytes are added up; those of more are taken to be like these. */
const MAX_MEASURED = 20_000;

/** With what lies beside it in the blob store. */
const SEGMENT = "key, min_start AS minStart, max_start AS maxStart, count, bytes + held AS bytes";
const BYTES = `length(record) + iif(instr(record, '"blob":') > 0 AND json_valid(record),
  coalesce(record ->> '$.result.size', 0) + coalesce(record ->> '$.logs.size', 0), 0)`;

export function holdingsOf(
  sql: Sql,
  { from, moving }: { from: number; moving: readonly ActivationId[] },
): LedgerHoldings {
  const segments = sql
    .exec<{ twin: string; records: number; bytes: number }>(
      `SELECT iif(twin = 'none', 'none', 'all') AS twin, total(count) AS records, total(bytes + held) AS bytes
        FROM segments WHERE min_start >= ? GROUP BY 1`,
      from,
    )
    .toArray();
  const sumOf = (twin: string): Amount => {
    const { records = 0, bytes = 0 } = segments.find((each) => each.twin === twin) ?? {};
    return { records, bytes };
  };
  const mixed = sql
    .exec<Row>(`SELECT ${SEGMENT} FROM segments WHERE min_start < ?1 AND max_start >= ?1 AND twin = 'none'`, from)
    .toArray();
  const ahead = sql
    .exec<Row>(
      `SELECT ${SEGMENT} FROM segments WHERE max_start >= ? AND twin = 'none' ORDER BY min_start LIMIT ${MAX_SEGMENTS + 1}`,
      from,
    )
    .toArray();
  const own = `kept = 1 AND places & 1 = 0 AND start >= ${from} AND id NOT IN (SELECT value FROM json_each(?))`;
  const ids = JSON.stringify(moving);
  const items = sql
    .exec<{ start: number; bytes: number }>(
      `SELECT start, ${BYTES} AS bytes FROM records WHERE ${own} ORDER BY start LIMIT ${MAX_OLDEST}`,
      ids,
    )
    .toArray();
  return {
    from,
    here: amountOf(sql, { where: `kept = 1 AND start >= ${from}`, bindings: [] }),
    own: amountOf(sql, { where: own, bindings: [ids] }),
    ...{ twins: sumOf("all"), shelved: sumOf("none"), mixed },
    oldest: { items, more: items.length === MAX_OLDEST },
    oldestSegments: ahead.slice(0, MAX_SEGMENTS),
    nextSegment: ahead[MAX_SEGMENTS]?.minStart ?? null,
  };
}

type Row = { [N in keyof SegmentHolding]: SegmentHolding[N] };

function amountOf(sql: Sql, { where, bindings }: { where: string; bindings: string[] }): Amount {
  const { records } = sql
    .exec<{ records: number }>(`SELECT count(*) AS records FROM records WHERE ${where}`, ...bindings)
    .one();
  const { measured, bytes } = sql
    .exec<{ measured: number; bytes: number }>(
      `SELECT count(*) AS measured, total(size) AS bytes FROM
        (SELECT ${BYTES} AS size FROM records WHERE ${where} ORDER BY start LIMIT ${MAX_MEASURED})`,
      ...bindings,
    )
    .one();
  return { records, bytes: measured === 0 ? 0 : Math.round((bytes * records) / measured) };
}
