// In which database the records of a namespace are kept: chosen when it was made, and the same for good.

const OF = `SELECT records FROM namespaces WHERE id = ?1
  UNION ALL SELECT records FROM namespaces WHERE EXISTS (SELECT 1 FROM json_each(former) WHERE value = ?1) LIMIT 1`;

/** By the permanent id or a former one. 0 where nobody knows the namespace: it is older than the numbers. */
export async function recordsNumberOf(db: D1Database, namespaceId: string): Promise<number> {
  const row = await db.prepare(OF).bind(namespaceId).first<{ records: number }>();
  return row?.records ?? 0;
}
