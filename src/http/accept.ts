// Whether a caller takes an answer of this media type, by his Accept header.

import type { Context } from "hono";
import { accepts as chosenOf } from "hono/accepts";

const ANY = "*/*";
const NONE = "";

/** `type`: of the answer, e.g. "application/json"; parameters count for nothing. Who says nothing takes anything. One
 * range that holds the type is enough: we have one form to send, so that it does not matter what he likes better. */
export function accepts(c: Context, type: string): boolean {
  // Most callers say this, or nothing, so that nothing is taken apart for them.
  if (c.req.header("Accept") === ANY) return true;
  const [wanted = ""] = type.split(";", 1);
  const exact = wanted.trim().toLowerCase();
  const family = `${exact.slice(0, exact.indexOf("/"))}/*`;
  const chosen = chosenOf(c, {
    header: "Accept",
    supports: [exact],
    // Where there is no header.
    default: exact,
    match(ranges) {
      const holds = ranges.some((range) => range.q > 0 && [ANY, family, exact].includes(range.type.toLowerCase()));
      return holds ? exact : NONE;
    },
  });
  return chosen === exact;
}
