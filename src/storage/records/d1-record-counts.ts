// Counts of records in D1 that need not look at each: what lies further back is counted once, in pieces of time, and a
// piece holds until a record in it comes or goes (triggers of the table see to that). A count adds up pieces, and looks
// at what lies between.

import type { RecordFilter } from "../../entities/kept-record.ts";

/** `whole`: records of one piece: so many are looked at in a few ms. `few`:
 * so many between two pieces are looked at each time. */
const SIZES = { whole: 10_000, few: 1_000 };
/** A piece ends so long ago (ms) that hardly a record still comes into it. */
const SETTLED = 600_000;
/** Pieces made with one count, so that it takes not much longer. */
const MAX_MADE = 20;
const MAX_TIME = 9e15;

/** As much of D1 as is needed here. */
export interface CountedDatabase {
  prepare(query: string): CountStatement;
  batch<T>(statements: CountStatement[]): Promise<{ results: T[] }[]>;
}

interface CountStatement {
  bind(...values: (string | number)[]): CountStatement;
  all<T>(): Promise<{ results: T[] }>;
  first<T>(): Promise<T | null>;
}

interface Range {
  /** Epoch ms, both inclusive. */
  first: number;
  last: number;
}

interface Counted extends Range {
  count: number;
}

/** Whose records, of which name; "" = of all. */
interface Whose {
  namespaceId: string;
  name: string;
}

const PIECES = `SELECT first, last, count FROM record_counts
  WHERE namespace_id = ? AND list_name = ? AND first >= ? AND last <= ? ORDER BY last`;

/** How many there are. `now`: epoch ms. */
export async function countRecords(
  db: CountedDatabase,
  namespaceId: string,
  { filter, now, sizes = SIZES }: { filter: Omit<RecordFilter, "after">; now: number; sizes?: typeof SIZES },
): Promise<number> {
  const { name = "", since = 0, upto = MAX_TIME } = filter;
  const whose = { namespaceId, name };
  const asked = db.prepare(PIECES).bind(namespaceId, name, since, upto);
  const { results: pieces } = await asked.all<{ first: number; last: number; count: number }>();
  const gaps = gapsOf(pieces, { first: since, last: upto });
  const counts = await countEach(db, whose, gaps);
  const between = gaps.map((gap, at) => ({ ...gap, count: counts[at] ?? 0 }));
  const isAll = filter.since === undefined && filter.upto === undefined;
  // What a count of some time leaves over is no piece: another one begins a little later, and has no use for it.
  await makePieces(db, whose, { between, now, sizes: isAll ? sizes : { ...sizes, few: sizes.whole } });
  return [...pieces, ...between].reduce((sum, { count }) => sum + count, 0);
}

/** What of the range no piece covers. `pieces` in order. */
export function gapsOf(pieces: readonly Range[], range: Range): Range[] {
  const gaps: Range[] = [];
  let { first } = range;
  for (const piece of pieces) {
    if (piece.first > first) gaps.push({ first, last: piece.first - 1 });
    first = piece.last + 1;
  }
  if (first <= range.last) gaps.push({ first, last: range.last });
  return gaps;
}

async function countEach(
  db: CountedDatabase,
  { namespaceId, name }: Whose,
  ranges: readonly Range[],
): Promise<number[]> {
  if (ranges.length === 0) return [];
  const asked = db.prepare(`SELECT count(*) AS n FROM records WHERE ${condition(name)}`);
  const replies = await db.batch<{ n: number }>(
    ranges.map(({ first, last }) => asked.bind(namespaceId, first, last, name)),
  );
  return replies.map(({ results }) => results[0]?.n ?? 0);
}

/** Pieces of what lies between those that are there: of an open end only where it makes a whole one. */
async function makePieces(
  db: CountedDatabase,
  whose: Whose,
  { between, now, sizes }: { between: readonly Counted[]; now: number; sizes: typeof SIZES },
): Promise<void> {
  const settled = now - SETTLED;
  let made = 0;
  for (const gap of between) {
    let { first, count } = gap;
    while (made < MAX_MADE && count > (gap.last === MAX_TIME ? sizes.whole : sizes.few)) {
      const last =
        count > sizes.whole ? await startAfter(db, whose, { first, last: gap.last, count: sizes.whole }) : gap.last;
      if (last === null || last > settled) break;
      await makePiece(db, whose, { first, last });
      made++;
      first = last + 1;
      count -= sizes.whole;
    }
  }
}

/** Of the records in this time the start of that which makes so many. */
async function startAfter(
  db: CountedDatabase,
  { namespaceId, name }: Whose,
  { first, last, count }: Counted,
): Promise<number | null> {
  const row = await db
    .prepare(`SELECT start FROM records WHERE ${condition(name)} ORDER BY start LIMIT 1 OFFSET ${count - 1}`)
    .bind(namespaceId, first, last, name)
    .first<{ start: number }>();
  return row?.start ?? null;
}

/** Does nothing where another has made one that covers a part of it. */
async function makePiece(db: CountedDatabase, { namespaceId, name }: Whose, { first, last }: Range): Promise<void> {
  await db
    .prepare(
      `INSERT INTO record_counts (namespace_id, list_name, first, last, count)
        SELECT ?1, ?4, ?2, ?3, count(*) FROM records WHERE ${condition(name)} HAVING NOT EXISTS
          (SELECT 1 FROM record_counts WHERE namespace_id = ?1 AND list_name = ?4 AND last >= ?2 AND first <= ?3)`,
    )
    .bind(namespaceId, first, last, name)
    .all();
}

/** Parameters: namespace, first, last, name. */
function condition(name: string): string {
  return `namespace_id = ?1 AND start >= ?2 AND start <= ?3 AND ${name === "" ? "?4 = ''" : "list_name = ?4"}`;
}
