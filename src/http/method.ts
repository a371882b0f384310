// The answer to a verb that a path does not know: registered after those it knows.

import { fail } from "../errors.ts";
import type { AppContext } from "./context.ts";
import { respond } from "./errors.ts";

export function methodNotAllowed(allowed: string): (c: AppContext) => Response {
  return (c) => respond(c, fail("method-not-allowed", allowed));
}
