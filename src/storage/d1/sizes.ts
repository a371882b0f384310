// How large the databases are, as each says with any answer.

import type { StoreSize } from "../store-size.ts";

/** Rejects with D1's own error. */
export async function sizesOf(databases: readonly { name: string; database: D1Database }[]): Promise<StoreSize[]> {
  return Promise.all(
    databases.map(async ({ name, database }) => {
      const { meta } = await database.prepare("SELECT 1").run();
      return { name, bytes: (meta.size_after as number | undefined) ?? null };
    }),
  );
}
