// How many records of a namespace one D1 database holds, and their bytes. Rows are counted some time after they came,
// many at a time, up to a mark; who asks counts what lies behind it.

/** Bytes of a row: of its text, and of result and logs in the blob store. */
export const BYTES = `octet_length(record) + iif(json_valid(record),
  coalesce(record ->> '$.result.size', 0) + coalesce(record ->> '$.logs.size', 0), 0)`;
const MARK = "(SELECT value FROM marks WHERE name = 'counted')";
const NEWEST = "(SELECT coalesce(max(rowid), 0) FROM records)";
const AMONG = "id IN (SELECT value FROM json_each(?1))";
const SUMS = `count(*) AS records, coalesce(sum(${BYTES}), 0) AS bytes`;

/** Before rows of these ids go (?1, JSON), of one namespace (?2) or, where that is null, of all: those that are there
 * still and have been counted, so that what is done twice is counted once. The plusses: by the ids alone they are to be
 * found, not by an index of the namespace or by the mark. */
export const DISCOUNT = `UPDATE counted SET (records, bytes) =
    (SELECT max(0, counted.records - gone.records), max(0, counted.bytes - gone.bytes) FROM
      (SELECT ${SUMS} FROM records
        WHERE +records.namespace_id = counted.namespace_id AND +records.rowid <= ${MARK} AND ${AMONG}) AS gone)
  WHERE namespace_id IN (SELECT namespace_id FROM records WHERE ${AMONG}) AND (?2 IS NULL OR namespace_id = ?2)`;
/** Up to the row ?1. */
const COUNT = `INSERT INTO counted (namespace_id, records, bytes)
  SELECT namespace_id, ${SUMS} FROM records WHERE rowid > ${MARK} AND rowid <= ?1 GROUP BY namespace_id
  ON CONFLICT (namespace_id) DO UPDATE SET records = records + excluded.records, bytes = bytes + excluded.bytes`;
const ADVANCE = `UPDATE marks SET value = min(?1, ${NEWEST}) WHERE name = 'counted' AND value < min(?1, ${NEWEST})`;
/** Rows of one step: on one machine the thread that counts also serves the calls. */
export const STEP = 1_000;

interface Amount {
  records: number;
  bytes: number;
}

/** Counts rows up to the newest, a step at a time, but no more than so many steps.
 * Safe to be done by several at once. */
export async function countUp(db: D1Database, { steps }: { steps: number }): Promise<void> {
  for (let at = 0; at < steps; at++) {
    const state = await db
      .prepare(`SELECT ${MARK} AS mark, ${NEWEST} AS newest`)
      .first<{ mark: number; newest: number }>();
    if (state === null || state.newest - state.mark < STEP) return;
    await db.batch([COUNT, ADVANCE].map((text) => db.prepare(text).bind(state.mark + STEP)));
  }
}

/** Of all these namespaces together; reads each row that has not been counted, and (hence the plus) none besides. */
export async function usageOf(db: D1Database, namespaceIds: readonly string[]): Promise<Amount> {
  const asked = `SELECT coalesce(sum(records), 0) AS records, coalesce(sum(bytes), 0) AS bytes FROM
    (SELECT records, bytes FROM counted WHERE namespace_id IN (SELECT value FROM json_each(?1))
      UNION ALL SELECT ${SUMS} FROM records WHERE rowid > ${MARK} AND +namespace_id IN (SELECT value FROM json_each(?1)))`;
  const row = await db.prepare(asked).bind(JSON.stringify(namespaceIds)).first<Amount>();
  return row ?? { records: 0, bytes: 0 };
}
