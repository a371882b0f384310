// SQL with its values apart: a template whose `${…}` become bound parameters, or other pieces with theirs. No value is
// ever written into the text.

/** A database as the stores use it. A batch is one transaction. */
export type SqlDatabase = Pick<D1Database, "prepare" | "batch">;

/** What may be bound to a `?`. */
export type StatementValue = string | number | null;

/** A piece of SQL, and the values of its `?` in order. */
export interface SqlPiece {
  readonly text: string;
  readonly values: readonly StatementValue[];
}

/** Makes a piece of SQL: each `${…}` becomes a bound parameter, or is another piece. */
export function sql(texts: TemplateStringsArray, ...parts: (StatementValue | SqlPiece)[]): SqlPiece {
  let text = texts[0] ?? "";
  const values: StatementValue[] = [];
  for (const [at, part] of parts.entries()) {
    if (part !== null && typeof part === "object") {
      text += part.text;
      values.push(...part.values);
    } else {
      text += "?";
      values.push(part);
    }
    text += texts[at + 1] ?? "";
  }
  return { text, values };
}

/** All of these conditions; of none, true. */
export function allOf(conditions: readonly SqlPiece[]): SqlPiece {
  return conditions.reduce((before, each) => sql`${before} AND ${each}`, sql`1`);
}

/** Ready to run, alone or in a batch, which is one transaction. */
export function prepared(database: SqlDatabase, { text, values }: SqlPiece): D1PreparedStatement {
  return database.prepare(text).bind(...values);
}

/** Runs the piece alone and returns its rows. Rejects with D1's own error. */
export async function rowsOf<T>(database: SqlDatabase, piece: SqlPiece): Promise<T[]> {
  return (await prepared(database, piece).all<T>()).results;
}
