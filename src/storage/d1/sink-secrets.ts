// Secret headers of sinks as rows of D1's secrets.

import type { MasterSecret } from "../../entities/sealing.ts";
import type { SecretHeaders, SinkSecrets } from "../sink-secrets.ts";
import { insertOf, opened } from "./secrets.ts";
import { prepared, rowsOf, type SqlDatabase, sql } from "./statement.ts";

const PURPOSE = "sink-headers";

/** A set of headers is one secret, and is never changed. */
export class D1SinkSecrets implements SinkSecrets {
  readonly #database: SqlDatabase;
  readonly #secret: MasterSecret;

  constructor(database: SqlDatabase, secret: MasterSecret) {
    this.#database = database;
    this.#secret = secret;
  }

  async keep(namespaceId: string, headers: SecretHeaders): Promise<string> {
    const id = crypto.randomUUID();
    const text = JSON.stringify(headers);
    const insert = await insertOf(this.#secret, { id, namespaceId, purpose: PURPOSE, text, now: Date.now() });
    await prepared(this.#database, insert).run();
    return id;
  }

  async open(namespaceId: string, id: string): Promise<SecretHeaders> {
    const [row] = await rowsOf<{ sealed: string }>(
      this.#database,
      sql`SELECT sealed FROM secrets WHERE id = ${id} AND namespace_id = ${namespaceId} AND purpose = ${PURPOSE}`,
    );
    if (row === undefined) throw new Error("the secret headers of the sink are gone: set it anew");
    return JSON.parse(await opened(this.#secret, { sealed: row.sealed, purpose: PURPOSE })) as SecretHeaders;
  }

  async forget(namespaceId: string, id: string): Promise<void> {
    const gone = sql`DELETE FROM secrets WHERE id = ${id} AND namespace_id = ${namespaceId} AND purpose = ${PURPOSE}`;
    await prepared(this.#database, gone).run();
  }

  async keptBefore(
    before: number,
    { after, namespaces }: { after: string; namespaces: number },
  ): Promise<{ namespaceId: string; ids: string[] }[]> {
    const rows = await rowsOf<{ namespaceId: string; ids: string }>(
      this.#database,
      sql`SELECT namespace_id AS namespaceId, json_group_array(id) AS ids FROM secrets
        WHERE namespace_id > ${after} AND purpose = ${PURPOSE} AND created < ${before}
        GROUP BY namespace_id ORDER BY namespace_id LIMIT ${namespaces}`,
    );
    return rows.map(({ namespaceId, ids }) => ({ namespaceId, ids: JSON.parse(ids) as string[] }));
  }
}
