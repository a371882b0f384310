// All namespaces, as rows of D1.

import type { Namespace } from "../../entities/identity.ts";
import type { NamespaceBook } from "../namespace-book.ts";
import { rowsOf, type SqlPiece, sql } from "./statement.ts";

interface Row {
  name: string;
  id: string;
  former: string;
  records: number;
}

const FROM = sql`SELECT name, id, former, records FROM namespaces WHERE id IS NOT NULL`;

/** Namespaces that have an id: one without has no activations yet. */
export class D1NamespaceBook implements NamespaceBook {
  readonly #database: D1Database;

  constructor(database: D1Database) {
    this.#database = database;
  }

  async byName(name: string): Promise<Namespace | null> {
    return this.#first(sql`${FROM} AND name = ${name}`);
  }

  async byId(id: string): Promise<Namespace | null> {
    const own = await this.#first(sql`${FROM} AND id = ${id}`);
    // Few have former ids, and who asks for one asks seldom.
    const former = sql`${FROM} AND former <> '[]' AND EXISTS (SELECT 1 FROM json_each(former) WHERE value = ${id})`;
    return own ?? this.#first(sql`${former} LIMIT 1`);
  }

  async page(after: string, limit: number): Promise<Namespace[]> {
    const rows = await rowsOf<Row>(this.#database, sql`${FROM} AND name > ${after} ORDER BY name LIMIT ${limit}`);
    return rows.map(namespaceOf);
  }

  async #first(piece: SqlPiece): Promise<Namespace | null> {
    const [row] = await rowsOf<Row>(this.#database, piece);
    return row === undefined ? null : namespaceOf(row);
  }
}

function namespaceOf({ name, id, former, records }: Row): Namespace {
  const others = JSON.parse(former) as string[];
  return { name, uuid: id, ...(others.length === 0 ? {} : { former: others }), ...(records === 0 ? {} : { records }) };
}
