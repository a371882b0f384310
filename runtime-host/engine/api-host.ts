// Which address actions are told as the API's (`__OW_API_HOST`). It should be one that they can hand to the outside, so
// that whoever is called back from there finds it: the platform's own, unless nobody but this machine can use that.

import { lookup } from "node:dns/promises";
import { isIPv4, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { isPrivate } from "./networks.ts";

/** An origin; or "gateway": the forwarder on the containers' bridge, at the same address after each start. Pure. */
export function apiHostOf({ apiUrl, apiHost }: { apiUrl: string; apiHost: string }): string | "gateway" {
  if (apiHost !== "") return apiHost;
  const { hostname, origin } = new URL(apiUrl);
  return /^(localhost|.*\.localhost|127\.[\d.]+|0\.0\.0\.0|\[.*\])$/.test(hostname) ? "gateway" : origin;
}

export interface ApiPlace {
  readonly hostname: string;
  readonly port: number;
  /** What containers would not reach by themselves: addresses of this machine and of private networks. */
  readonly closed: readonly string[];
}

/** Rejects where the name is not known. */
export async function placeOf(origin: string): Promise<ApiPlace> {
  const { hostname, port, protocol } = new URL(origin);
  const found = isIPv4(hostname)
    ? [hostname]
    : isIPv6(hostname.replace(/^\[|\]$/g, ""))
      ? []
      : (await lookup(hostname, { all: true, family: 4 })).map((each) => each.address);
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((each) => each?.map((address) => address.address) ?? []),
  );
  return {
    hostname,
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
    closed: [...new Set(found.filter((each) => isPrivate(each) || own.has(each)))].sort(),
  };
}
