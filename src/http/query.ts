// Query parameters, parsed once at the door.

import type { Page } from "../catalog/list.ts";
import { MAX_WAIT } from "../entities/limits.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";

const TRUE = new Set(["true", "yes", "on", "1"]);
const FALSE = new Set(["false", "no", "off", "0"]);
export const INTEGER = /^[+-]?\d{1,15}$/;

/** A request as far as its query goes. */
export interface Query {
  req: { query(name: string): string | undefined };
}

export interface CallWish {
  /** ms the caller waits; 0 = not at all. */
  waitMs: number;
  /** He wants to see the result alone. */
  resultOnly: boolean;
}

const MAX_LIMIT = 200;
const STD_LIMIT = 30;

/** `std`: where it is not given. */
export function flag(c: Query, name: string, std = false): Result<boolean> {
  const given = c.req.query(name);
  if (given === undefined) return ok(std);
  const text = given.toLowerCase();
  if (TRUE.has(text)) return ok(true);
  if (FALSE.has(text)) return ok(false);
  return malformed(name, `'${printable(given)}' is not a valid Boolean value.`);
}

/** `limit`, `skip` and `count` of a list of `collection`; a limit of 0 means all that one page may hold. */
export function paging(c: Query, collection: string): Result<Page> {
  const limit = integer(c, "limit", { std: STD_LIMIT, collection });
  if (!limit.ok) return limit;
  if (limit.value < 0 || limit.value > MAX_LIMIT) {
    return malformed("limit", `The value '${limit.value}' is not in the range of 0 to ${MAX_LIMIT} for ${collection}.`);
  }
  const skip = integer(c, "skip", { std: 0, collection });
  if (!skip.ok) return skip;
  if (skip.value < 0) {
    return malformed("skip", `The value '${skip.value}' is not greater than or equal to 0 for ${collection}.`);
  }
  const count = flag(c, "count");
  if (!count.ok) return count;
  return ok({ limit: limit.value === 0 ? MAX_LIMIT : limit.value, skip: skip.value, count: count.value });
}

/** How the caller of an action wants his answer. */
export function callWishOf(c: Query): Result<CallWish> {
  const blocking = flag(c, "blocking");
  if (!blocking.ok) return blocking;
  const result = flag(c, "result");
  if (!result.ok) return result;
  const timeout = c.req.query("timeout");
  const waitMs = timeout === undefined ? MAX_WAIT : Number(timeout);
  if (timeout !== undefined && (!/^\d{1,5}$/.test(timeout) || waitMs < 1 || waitMs > MAX_WAIT)) {
    return malformed("timeout", `Timeout must be number of milliseconds up to ${MAX_WAIT}.`);
  }
  return ok({ waitMs: blocking.value ? waitMs : 0, resultOnly: result.value });
}

export function malformed(name: string, reason: string): Failure {
  return { ...fail("malformed-query"), text: `The query parameter '${name}' was malformed:\n${reason}` };
}

/** A caller's text as it may stand in an error. */
export function printable(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function integer(c: Query, name: string, options: { std: number; collection: string }): Result<number> {
  const given = c.req.query(name);
  if (given === undefined) return ok(options.std);
  if (INTEGER.test(given)) return ok(Number(given));
  return malformed(name, `The value '${printable(given)}' is not an integer for ${options.collection}.`);
}
