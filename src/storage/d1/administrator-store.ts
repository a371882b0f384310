// Administrators in D1.

import type { AdminRole } from "../../entities/administrator.ts";
import type { AdministratorChanged, AdministratorStore, NamedAdministrator } from "../administrator-store.ts";
import type { PageWish, RegistryPage } from "../registry-store.ts";
import { prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

const COLUMNS = sql`name, role, created, ends FROM administrators`;
const OTHERS = sql`EXISTS (SELECT 1 FROM administrators AS other
  WHERE other.name <> administrators.name AND other.role = 'admin' AND other.ends IS NULL)`;

export class D1AdministratorStore implements AdministratorStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async byDigest(digest: string): Promise<NamedAdministrator | null> {
    return (await this.#rows(sql`digest = ${digest}`))[0] ?? null;
  }

  async byName(name: string): Promise<NamedAdministrator | null> {
    return (await this.#rows(sql`name = ${name}`))[0] ?? null;
  }

  async list({ after, limit }: PageWish): Promise<RegistryPage<NamedAdministrator>> {
    const rows = await this.#rows(sql`name > ${after} ORDER BY name LIMIT ${limit + 1}`);
    const items = rows.slice(0, limit);
    return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
  }

  async create({ name, role, created, ends }: NamedAdministrator, digest: string): Promise<boolean> {
    const made = sql`INSERT INTO administrators (name, role, digest, created, ends)
      VALUES (${name}, ${role}, ${digest}, ${created}, ${ends}) ON CONFLICT DO NOTHING`;
    return (await this.#run(made)) > 0;
  }

  async change(
    name: string,
    { role, ends }: { role?: AdminRole | undefined; ends?: number | null | undefined },
    { keepOne }: { keepOne: boolean },
  ): Promise<AdministratorChanged> {
    const newRole = sql`coalesce(${role ?? null}, role)`;
    const newEnd = ends === undefined ? sql`ends` : sql`${ends}`;
    return this.#changed(
      name,
      sql`UPDATE administrators SET role = ${newRole}, ends = ${newEnd} WHERE name = ${name}
        AND (${keepOne ? 0 : 1} OR ${newRole} = 'admin' AND ${newEnd} IS NULL OR ${OTHERS})`,
    );
  }

  async remove(name: string, { keepOne }: { keepOne: boolean }): Promise<AdministratorChanged> {
    return this.#changed(
      name,
      sql`DELETE FROM administrators WHERE name = ${name} AND (${keepOne ? 0 : 1} OR ${OTHERS})`,
    );
  }

  async renew(name: string, digest: string): Promise<boolean> {
    return (await this.#run(sql`UPDATE administrators SET digest = ${digest} WHERE name = ${name}`)) > 0;
  }

  async #changed(name: string, piece: SqlPiece): Promise<AdministratorChanged> {
    if ((await this.#run(piece)) > 0) return "changed";
    return (await this.byName(name)) === null ? "missing" : "last";
  }

  #rows(where: SqlPiece): Promise<NamedAdministrator[]> {
    return rowsOf<NamedAdministrator>(this.#database, sql`SELECT ${COLUMNS} WHERE ${where}`);
  }

  /** A batch, so that who makes the change may be known. */
  async #run(piece: SqlPiece): Promise<number> {
    const [result] = await this.#database.batch([prepared(this.#database, piece)]);
    return result?.meta.changes ?? 0;
  }
}
