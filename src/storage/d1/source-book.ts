// Grants of sources, and the feeds that read them, as rows of D1.

import type { SourceName } from "../../entities/source.ts";
import type { SourceBook, SourceGrant } from "../source-book.ts";
import { prepared, rowsOf, type SqlDatabase, sql } from "./statement.ts";

/** Two small tables; how a feed stands is not here. */
export class D1SourceBook implements SourceBook {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  grants(): Promise<SourceGrant[]> {
    return rowsOf<SourceGrant>(
      this.#database,
      sql`SELECT kind, name, namespace, namespace_id AS namespaceId, created FROM source_grants
        ORDER BY kind, name, namespace`,
    );
  }

  async isGranted({ kind, name }: SourceName, namespaceId: string): Promise<boolean> {
    const found = sql`SELECT 1 FROM source_grants
      WHERE kind = ${kind} AND name = ${name} AND namespace_id = ${namespaceId}`;
    return (await rowsOf(this.#database, found)).length > 0;
  }

  async grant({ kind, name, namespace, namespaceId, created }: SourceGrant): Promise<void> {
    await this.#run(
      sql`INSERT INTO source_grants (kind, name, namespace_id, namespace, created)
        VALUES (${kind}, ${name}, ${namespaceId}, ${namespace}, ${created}) ON CONFLICT DO NOTHING`,
    );
  }

  async revoke({ kind, name }: SourceName, namespaceId: string): Promise<boolean> {
    const changes = await this.#run(
      sql`DELETE FROM source_grants WHERE kind = ${kind} AND name = ${name} AND namespace_id = ${namespaceId}`,
    );
    return changes > 0;
  }

  async addFeed({ namespaceId, trigger, source }: Parameters<SourceBook["addFeed"]>[0]): Promise<void> {
    await this.#run(
      sql`INSERT INTO source_feeds (namespace_id, trigger_name, kind, source)
        VALUES (${namespaceId}, ${trigger}, ${source.kind}, ${source.name})
        ON CONFLICT (namespace_id, trigger_name) DO UPDATE SET kind = excluded.kind, source = excluded.source`,
    );
  }

  async removeFeed(namespaceId: string, trigger: string): Promise<void> {
    await this.#run(sql`DELETE FROM source_feeds WHERE namespace_id = ${namespaceId} AND trigger_name = ${trigger}`);
  }

  async readers({ kind, name }: SourceName): Promise<string[]> {
    const rows = await rowsOf<{ id: string }>(
      this.#database,
      sql`SELECT DISTINCT source_feeds.namespace_id AS id FROM source_feeds JOIN source_grants
        ON source_grants.kind = source_feeds.kind AND source_grants.name = source_feeds.source
          AND source_grants.namespace_id = source_feeds.namespace_id
        WHERE source_feeds.kind = ${kind} AND source_feeds.source = ${name}`,
    );
    return rows.map(({ id }) => id);
  }

  async some(turn: number, max: number): Promise<string[]> {
    const counted = sql`SELECT count(DISTINCT namespace_id) AS n FROM source_feeds`;
    const count = (await rowsOf<{ n: number }>(this.#database, counted))[0]?.n ?? 0;
    if (count === 0) return [];
    const skip = (turn % Math.ceil(count / max)) * max;
    const rows = await rowsOf<{ id: string }>(
      this.#database,
      sql`SELECT DISTINCT namespace_id AS id FROM source_feeds ORDER BY namespace_id LIMIT ${max} OFFSET ${skip}`,
    );
    return rows.map(({ id }) => id);
  }

  async #run(piece: ReturnType<typeof sql>): Promise<number> {
    const [result] = await this.#database.batch([prepared(this.#database, piece)]);
    return result?.meta.changes ?? 0;
  }
}
