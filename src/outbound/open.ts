// The door as the platform gives it.

import { readRange } from "./address.ts";
import { Outbound, type OutboundOptions } from "./outbound.ts";

/** `network`: the way to public addresses, where there is one of its own; else the platform's fetch. `allow`: ranges as
 * text; what is none allows nothing. */
export function openOutbound({
  network,
  allow,
  own,
}: {
  network: { fetch: OutboundOptions["fetch"] } | undefined;
  allow: readonly string[];
  own: readonly string[];
}): Outbound {
  return new Outbound({
    allowed: allowedIn(allow),
    own,
    fetch: (url, init) => (network === undefined ? fetch(url, init) : network.fetch(url, init)),
  });
}

export function allowedIn(ranges: readonly string[]): OutboundOptions["allowed"] {
  return ranges.flatMap((text) => readRange(text) ?? []);
}
