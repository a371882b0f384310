// Deletions of namespaces in D1, and what of a namespace lies there.

import type { Namespace } from "../../entities/identity.ts";
import type { Deletion, DeletionCounts, DeletionStage, DeletionStore } from "../deletion-store.ts";
import { prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

const COLUMNS = "id, name, former, records, began, pass, stage, cursor, gone, ended";

interface DeletionRow {
  id: string;
  name: string;
  former: string;
  records: number;
  began: number;
  pass: 1 | 2;
  stage: DeletionStage;
  cursor: number;
  gone: string;
  ended: number | null;
}

export class D1DeletionStore implements DeletionStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async begin(name: string, now: number): Promise<Deletion | null> {
    const here = sql`name = ${name} AND id IS NOT NULL AND state <> 'deleting'`;
    const [inserted] = await this.#batch([
      sql`INSERT INTO deletions (id, name, former, records, began, pass, stage, cursor, gone, busy_until)
        SELECT id, name, former, records, ${now}, 1, 'entities', 0, json_object('keys',
          (SELECT count(*) FROM identities WHERE identities.namespace = namespaces.name),
          'entities', 0, 'objects', 0, 'records', 0), 0 FROM namespaces WHERE ${here} ON CONFLICT DO NOTHING`,
      sql`DELETE FROM webhook_addresses WHERE webhook IN
        (SELECT id FROM webhooks WHERE namespace_id IN (SELECT id FROM namespaces WHERE ${here}))`,
      sql`DELETE FROM webhooks WHERE namespace_id IN (SELECT id FROM namespaces WHERE ${here})`,
      sql`DELETE FROM subscriptions WHERE namespace_id IN (SELECT id FROM namespaces WHERE ${here})`,
      sql`DELETE FROM source_grants WHERE namespace_id IN (SELECT id FROM namespaces WHERE ${here})`,
      sql`DELETE FROM source_feeds WHERE namespace_id IN (SELECT id FROM namespaces WHERE ${here})`,
      sql`DELETE FROM record_hooks WHERE namespace_id IN (SELECT id FROM namespaces WHERE ${here})`,
      sql`DELETE FROM event_hooks WHERE namespace_id IN (SELECT id FROM namespaces WHERE ${here})`,
      sql`DELETE FROM secrets WHERE namespace_id IN (SELECT id FROM namespaces WHERE ${here})`,
      sql`DELETE FROM identities WHERE namespace = ${name} AND EXISTS (SELECT 1 FROM namespaces WHERE ${here})`,
      sql`UPDATE namespaces SET state = 'deleting', limits = '{}' WHERE ${here}`,
    ]);
    return inserted?.meta.changes === 0 ? null : this.find(name);
  }

  async find(name: string): Promise<Deletion | null> {
    const [row] = await this.#rows(sql`name = ${name} ORDER BY began DESC LIMIT 1`);
    return row === undefined ? null : deletionOf(row);
  }

  async take({ now, until, id }: { now: number; until: number; id?: string }): Promise<Deletion | null> {
    const which = id === undefined ? sql`1` : sql`id = ${id}`;
    const [row] = await rowsOf<DeletionRow>(this.#database, {
      ...sql`UPDATE deletions SET busy_until = ${until} WHERE id = (SELECT id FROM deletions
        WHERE ended IS NULL AND busy_until <= ${now} AND ${which} ORDER BY began LIMIT 1)
        RETURNING id, name, former, records, began, pass, stage, cursor, gone, ended`,
    });
    return row === undefined ? null : deletionOf(row);
  }

  async save({ namespace, pass, stage, cursor, gone }: Deletion): Promise<void> {
    await this.#batch([
      sql`UPDATE deletions SET pass = ${pass}, stage = ${stage}, cursor = ${cursor}, gone = ${JSON.stringify(gone)}
        WHERE id = ${namespace.uuid}`,
    ]);
  }

  async leave(id: string): Promise<void> {
    await this.#batch([sql`UPDATE deletions SET busy_until = 0 WHERE id = ${id}`]);
  }

  async dropEntities(name: string, max: number): Promise<number> {
    const some = sql`SELECT rowid FROM entities WHERE namespace = ${name} ORDER BY type, updated, rowid LIMIT ${max}`;
    const [, gone] = await this.#batch([
      sql`INSERT INTO garbage (blob, since)
        SELECT owned.value, ${Date.now()} FROM entities, json_each(entities.blobs) AS owned
        WHERE entities.rowid IN (${some}) ON CONFLICT DO NOTHING`,
      sql`DELETE FROM entities WHERE rowid IN (${some})`,
    ]);
    return gone?.meta.changes ?? 0;
  }

  async end({ namespace }: Deletion, now: number): Promise<void> {
    await this.#batch([
      sql`DELETE FROM namespaces WHERE id = ${namespace.uuid} AND state = 'deleting'`,
      sql`DELETE FROM retention WHERE namespace_id = ${namespace.uuid}`,
      sql`UPDATE deletions SET stage = 'done', ended = ${now} WHERE id = ${namespace.uuid}`,
    ]);
  }

  async contents({
    name,
    uuid,
  }: Namespace): Promise<{ keys: number; entities: Record<string, number>; schedules: number }> {
    const [types, counts] = await Promise.all([
      rowsOf<{ type: string; n: number }>(
        this.#database,
        sql`SELECT type, count(*) AS n FROM entities WHERE namespace = ${name} GROUP BY type`,
      ),
      rowsOf<{ keys: number; schedules: number }>(
        this.#database,
        sql`SELECT (SELECT count(*) FROM identities WHERE namespace = ${name}) AS keys,
          (SELECT count(*) FROM schedule_objects WHERE name >= ${`${uuid}:`} AND name < ${`${uuid};`}) AS schedules`,
      ),
    ]);
    const entities = Object.fromEntries(types.map(({ type, n }) => [type, n]));
    return { keys: counts[0]?.keys ?? 0, entities, schedules: counts[0]?.schedules ?? 0 };
  }

  #rows(where: SqlPiece): Promise<DeletionRow[]> {
    return rowsOf<DeletionRow>(this.#database, {
      text: `SELECT ${COLUMNS} FROM deletions WHERE ${where.text}`,
      values: where.values,
    });
  }

  #batch(pieces: readonly SqlPiece[]): Promise<D1Result[]> {
    return this.#database.batch(pieces.map((each) => prepared(this.#database, each)));
  }
}

function deletionOf({ id, name, former, records, gone, ...rest }: DeletionRow): Deletion {
  const others = JSON.parse(former) as string[];
  const namespace = { name, uuid: id, ...(others.length === 0 ? {} : { former: others }), records };
  return { ...rest, namespace, gone: JSON.parse(gone) as DeletionCounts };
}
