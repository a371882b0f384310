// The upkeep of one D1 database of activation records.

import type { ActivationId } from "../../entities/activation-id.ts";
import type { KeptRecord } from "../../entities/kept-record.ts";
import type { RecordUpkeep } from "../record-upkeep.ts";

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
}
