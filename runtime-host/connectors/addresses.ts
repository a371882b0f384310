// Which addresses connectors may dial: public ones, and those the host's operator allows. A broker's name is looked up
// once for each dial, and the address that was checked is the one that is dialled.

import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

const NOT_PUBLIC: readonly (readonly [string, number, "ipv4" | "ipv6"])[] = [
  ...(
    [
      ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
      ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
      ...["224.0.0.0/4", "240.0.0.0/4"],
    ] as const
  ).map((range) => rangeOf(range, "ipv4")),
  // What lies in 2000::/3 and is not for everybody, and addresses behind which one of IPv4 stands: dialled by that one,
  // or not at all.
  ...["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].map((range) => rangeOf(range, "ipv6")),
];
/** Of the rest of IPv6 nothing is public. */
const GLOBAL = new BlockList();
GLOBAL.addSubnet("2000::", 3, "ipv6");
const PRIVATE = new BlockList();
for (const [base, bits, family] of NOT_PUBLIC) PRIVATE.addSubnet(base, bits, family);

export type AllowList = BlockList;

/** Ranges (CIDR) or addresses with commas between them; null where one of them is neither. */
export function parseAllowList(text: string): AllowList | null {
  const list = new BlockList();
  for (const part of text.split(",").filter((each) => each !== "")) {
    const [base = "", bits, ...more] = part.split("/");
    const family = isIP(base) === 4 ? "ipv4" : "ipv6";
    const most = family === "ipv4" ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (isIP(base) === 0 || more.length > 0 || prefix < 0 || prefix > most) return null;
    list.addSubnet(base, prefix, family);
  }
  return list;
}

/** The broker's address is none that this host may dial. */
export class AddressRefused extends Error {
  constructor(hostname: string) {
    super(
      `this host may not dial ${hostname}: it is no public address; its operator can allow it with --broker-net (EDGEWHISK_BROKER_NET)`,
    );
    this.name = "AddressRefused";
  }
}

export type Lookup = (hostname: string) => Promise<string[]>;

/** An address of `hostname`, as URLs have it, that may be dialled. Rejects with AddressRefused,
 * or because there is no such name. */
export async function addressOf(hostname: string, allowed: AllowList, look: Lookup = allAddresses): Promise<string> {
  const bare = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  const addresses = isIP(bare) === 0 ? await look(bare) : [bare];
  const good = addresses.find((address) => isReachable(address, allowed));
  if (good === undefined) throw new AddressRefused(hostname);
  return good;
}

export function isReachable(address: string, allowed: AllowList): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes("%")) return false;
  const kind = family === 4 ? "ipv4" : "ipv6";
  if (allowed.check(address, kind)) return true;
  // An address of IPv4 within one of IPv6 is checked as what it stands for, by both lists.
  if (PRIVATE.check(address, kind)) return false;
  return family === 4 || GLOBAL.check(address, kind);
}

async function allAddresses(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

function rangeOf(text: string, family: "ipv4" | "ipv6"): readonly [string, number, "ipv4" | "ipv6"] {
  const [base = "", bits = ""] = text.split("/");
  return [base, Number(bits), family];
}
