// Hooks as rows of D1, each with its secrets in a row of their own: to where records are forwarded, or user events.

import type { RecordHook, RecordHookSecrets } from "../../entities/record-hook.ts";
import type { MasterSecret } from "../../entities/sealing.ts";
import type { OpenHook, RecordHookBook, RecordHookEntry } from "../record-hook-book.ts";
import { insertOf, opened } from "./secrets.ts";
import { prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

/** A table of hooks, and what its secrets are sealed for. */
export const RECORD_HOOKS = { table: "record_hooks", purpose: "record-hook" } as const;
export const EVENT_HOOKS = { table: "event_hooks", purpose: "event-hook" } as const;
type Kind = typeof RECORD_HOOKS | typeof EVENT_HOOKS;

const COLUMNS = { text: "namespace_id AS namespaceId, settings, revision, told, changed", values: [] };

interface Row extends Omit<RecordHookEntry, "on"> {
  settings: string;
}

/** Each change is one transaction with its secrets. */
export class D1RecordHookBook implements RecordHookBook {
  readonly #database: SqlDatabase;
  readonly #secret: MasterSecret;
  readonly #purpose: Kind["purpose"];
  readonly #table: SqlPiece;

  constructor(database: SqlDatabase, secret: MasterSecret, kind: Kind) {
    this.#purpose = kind.purpose;
    this.#table = { text: kind.table, values: [] };
    this.#database = database;
    this.#secret = secret;
  }

  async open(namespaceId: string): Promise<OpenHook | null> {
    const [row] = await rowsOf<Row & { sealed: string | null }>(
      this.#database,
      sql`SELECT ${COLUMNS}, (SELECT sealed FROM secrets WHERE secrets.id = secret) AS sealed FROM ${this.#table}
        WHERE namespace_id = ${namespaceId} AND settings <> ''`,
    );
    if (row === undefined) return null;
    const { sealed, settings } = row;
    if (sealed === null) throw new Error("the secret of a forwarding hook is gone: set the hook anew");
    const secrets = JSON.parse(await opened(this.#secret, { sealed, purpose: this.#purpose })) as RecordHookSecrets;
    return { ...entryOf(row), hook: JSON.parse(settings) as RecordHook, secrets };
  }

  async isAdministrators(namespaceId: string): Promise<boolean> {
    const [row] = await rowsOf<Pick<Row, "settings">>(
      this.#database,
      sql`SELECT settings FROM ${this.#table} WHERE namespace_id = ${namespaceId} AND settings <> ''`,
    );
    return row !== undefined && (JSON.parse(row.settings) as RecordHook).setBy === "administrator";
  }

  async set(
    namespaceId: string,
    { hook, secrets }: { hook: RecordHook; secrets: RecordHookSecrets },
    now: number,
  ): Promise<RecordHookEntry> {
    const id = crypto.randomUUID();
    const settings = JSON.stringify(hook);
    const text = JSON.stringify(secrets);
    const rows = await this.#batch([
      await insertOf(this.#secret, { id, namespaceId, purpose: this.#purpose, text, now }),
      sql`DELETE FROM secrets WHERE id = (SELECT secret FROM ${this.#table} WHERE namespace_id = ${namespaceId})`,
      sql`INSERT INTO ${this.#table} (namespace_id, settings, secret, revision, told, changed)
        VALUES (${namespaceId}, ${settings}, ${id}, ${now}, 0, ${now}) ON CONFLICT (namespace_id) DO UPDATE SET
        settings = excluded.settings, secret = excluded.secret, told = 0, changed = excluded.changed,
        revision = max(revision + 1, excluded.revision)
        RETURNING ${COLUMNS}`,
    ]);
    const [row] = rows;
    if (row === undefined) throw new Error("a forwarding hook that was set is not there");
    return entryOf(row);
  }

  async remove(namespaceId: string, now: number): Promise<RecordHookEntry | null> {
    const [row] = await this.#batch([
      sql`DELETE FROM secrets WHERE id = (SELECT secret FROM ${this.#table} WHERE namespace_id = ${namespaceId})`,
      sql`UPDATE ${this.#table} SET settings = '', secret = NULL, told = 0, changed = ${now},
        revision = max(revision + 1, ${now}) WHERE namespace_id = ${namespaceId} AND settings <> ''
        RETURNING ${COLUMNS}`,
    ]);
    return row === undefined ? null : entryOf(row);
  }

  async untold(shards: number, limit: number): Promise<RecordHookEntry[]> {
    const rows = await rowsOf<Row>(
      this.#database,
      sql`SELECT ${COLUMNS} FROM ${this.#table} WHERE told < ${shards} ORDER BY told LIMIT ${limit}`,
    );
    return rows.map(entryOf);
  }

  async told({ namespaceId, revision }: RecordHookEntry, shards: number): Promise<void> {
    const which = sql`namespace_id = ${namespaceId} AND revision = ${revision}`;
    await this.#batch([
      sql`UPDATE ${this.#table} SET told = max(told, ${shards}) WHERE ${which}`,
      sql`DELETE FROM ${this.#table} WHERE ${which} AND settings = ''`,
    ]);
  }

  /** What the last one returns. */
  async #batch(pieces: readonly SqlPiece[]): Promise<Row[]> {
    const results = await this.#database.batch<Row>(pieces.map((each) => prepared(this.#database, each)));
    return results.at(-1)?.results ?? [];
  }
}

function entryOf({ namespaceId, settings, revision, told, changed }: Row): RecordHookEntry {
  return { namespaceId, revision, told, changed, on: settings !== "" };
}
