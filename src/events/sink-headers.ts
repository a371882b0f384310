// Secret headers that its owner gives a sink, such as Authorization: parsed from the arguments of a call. Pure.

import * as z from "zod";
import { fail, ok, type Result } from "../errors.ts";

const MAX_HEADERS = 10;
/** What an event is told by: nobody else says it. */
const OWN = /^(content-|ce-)/;

const Given = z.record(z.string(), z.string());

/** By lower-case names; null: none are given. Fails with `bad-request`, and tells no value. */
export function secretHeadersOf(given: unknown): Result<Record<string, string> | null> {
  if (given === undefined || given === null) return ok(null);
  const parsed = Given.safeParse(given);
  if (!parsed.success) return fail("bad-request", "The parameter 'headers' must be an object of texts by their names.");
  const all = Object.entries(parsed.data).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (all.length === 0) return ok(null);
  if (all.length > MAX_HEADERS) return fail("bad-request", `The parameter 'headers' has more than ${MAX_HEADERS}.`);
  const headers = Object.fromEntries(all);
  if (Object.keys(headers).length < all.length) {
    return fail("bad-request", "The parameter 'headers' names one twice: capitals make no other.");
  }
  const own = all.find(([name]) => OWN.test(name));
  return own === undefined
    ? ok(headers)
    : fail("bad-request", `The parameter 'headers' names '${own[0].slice(0, 64)}', which is the event's own.`);
}
