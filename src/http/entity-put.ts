// What every PUT of an entity asks: whether it may replace what is there, where, and what it is to be.

import { MAX_ENTITY } from "../entities/limits.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { ok, type Result } from "../errors.ts";
import { putBodyOf } from "./body.ts";
import type { AppContext } from "./context.ts";
import { flag } from "./query.ts";

/** They are looked at in this order: nobody's body is read who may not write there. */
export async function entityPutOf<K, P>(
  c: AppContext,
  read: { key(c: AppContext): Result<K>; put(text: RawJson, key: K): Result<P> },
): Promise<Result<{ key: K; put: P; overwrite: boolean }>> {
  const overwrite = flag(c, "overwrite");
  if (!overwrite.ok) return overwrite;
  const key = read.key(c);
  if (!key.ok) return key;
  const body = await putBodyOf(c, MAX_ENTITY);
  if (!body.ok) return body;
  const put = read.put(body.value, key.value);
  if (!put.ok) return put;
  return ok({ key: key.value, put: put.value, overwrite: overwrite.value });
}
