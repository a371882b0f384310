// The upkeep of one D1 database of activation records.

import type { ActivationId } from "../../entities/activation-id.ts";
import type { KeptRecord } from "../../entities/kept-record.ts";
import type { OldRecord } from "../../entities/retention.ts";
import type { ExpiredRow, RecordUpkeep } from "../record-upkeep.ts";
import { REMOVE } from "./d1-record-table.ts";
import { BYTES, countUp, DISCOUNT, usageOf } from "./d1-record-usage.ts";

const BLOB = (part: string) => `iif(json_valid(record), record ->> '$.${part}.blob', NULL)`;
/** Steps of counting before an answer: what is left then is read for it. */
const MAX_STEPS = 100;

/** By plain SQL over the same rows as D1RecordTable, each statement bounded. */
export class D1RecordUpkeep implements RecordUpkeep {
  readonly binding: string;
  readonly #db: D1Database;

  constructor(db: D1Database, binding: string) {
    this.#db = db;
    this.binding = binding;
  }

  async fill(): Promise<{ bytes: number; pruned: number }> {
    const { results, meta } = await this.#db
      .prepare("SELECT coalesce(sum(records), 0) AS pruned FROM pruned")
      .all<{ pruned: number }>();
    return { bytes: meta.size_after ?? 0, pruned: results[0]?.pruned ?? 0 };
  }

  async find(id: ActivationId): ReturnType<RecordUpkeep["find"]> {
    const row = await this.#db
      .prepare(
        `SELECT namespace_id AS namespaceId, id, start, list_name AS name, record AS text, checksum AS sum
          FROM records WHERE id = ?`,
      )
      .bind(id)
      .first<KeptRecord & { namespaceId: string }>();
    if (row === null) return null;
    const { namespaceId, ...record } = row;
    return { namespaceId, record };
  }

  async countUp(steps: number): Promise<void> {
    await countUp(this.#db, { steps });
  }

  async usage(namespaceIds: readonly string[]): Promise<{ records: number; bytes: number }> {
    await countUp(this.#db, { steps: MAX_STEPS });
    return usageOf(this.#db, namespaceIds);
  }

  async oldest(namespaceId: string, limit: number): Promise<OldRecord[]> {
    const { results } = await this.#db
      .prepare(`SELECT start, ${BYTES} AS bytes FROM records WHERE namespace_id = ? ORDER BY start LIMIT ?`)
      .bind(namespaceId, limit)
      .all<{ start: number; bytes: number }>();
    return results;
  }

  async expired(namespaceId: string, before: number, limit: number): Promise<ExpiredRow[]> {
    const { results } = await this.#db
      .prepare(
        `SELECT id, ${BYTES} AS bytes, ${BLOB("result")} AS result, ${BLOB("logs")} AS logs
          FROM records WHERE namespace_id = ? AND start < ? ORDER BY start LIMIT ?`,
      )
      .bind(namespaceId, before, limit)
      .all<{ id: string; bytes: number; result: string | null; logs: string | null }>();
    return results.map(({ id, bytes, result, logs }) => {
      const keys = [result, logs].filter((key): key is string => key !== null);
      return { id, bytes, blobs: keys.filter((key) => key.includes(`/${id}/`)) };
    });
  }

  async delete(namespaceId: string, rows: readonly ExpiredRow[]): Promise<void> {
    if (rows.length === 0) return;
    const values = [JSON.stringify(rows.map((row) => row.id)), namespaceId];
    await this.#db.batch([DISCOUNT, REMOVE].map((statement) => this.#db.prepare(statement).bind(...values)));
  }
}
