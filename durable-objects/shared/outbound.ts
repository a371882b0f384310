// The door of an object to addresses that a user gave.

import { type Env, Variables } from "../../src/env.ts";
import { openOutbound } from "../../src/outbound/open.ts";
import type { Outbound } from "../../src/outbound/outbound.ts";

/** Where the variable makes no sense nothing private is reached. */
export function outboundOf({ OUTBOUND, OUTBOUND_ALLOW }: Pick<Env, "OUTBOUND" | "OUTBOUND_ALLOW">): Outbound {
  const allowed = Variables.shape.OUTBOUND_ALLOW.safeParse(OUTBOUND_ALLOW);
  return openOutbound({ network: OUTBOUND, allow: allowed.data ?? [], own: [] });
}
