// `after` and `limit` of lists of keys, and of all lists of the admin API:
// each page says in `next` where the one after it begins.

import { ok, type Result } from "../errors.ts";
import type { PageWish } from "../storage/registry-store.ts";
import type { AppContext } from "./context.ts";
import { malformed } from "./query.ts";

const STD_LIMIT = 100;
const MAX_LIMIT = 1_000;
/** Characters of `after`: longer than any name. */
const MAX_AFTER = 512;

export function pageWishOf(c: AppContext): Result<PageWish> {
  const { limit = String(STD_LIMIT), after = "" } = c.req.query();
  const most = Number(limit);
  if (!/^\d{1,4}$/.test(limit) || most < 1 || most > MAX_LIMIT) {
    return malformed("limit", `It must be a number from 1 to ${MAX_LIMIT}.`);
  }
  if (after.length > MAX_AFTER) return malformed("after", "It is what 'next' was in the page before.");
  return ok({ after, limit: most });
}
