// IPv4 networks as text, and which of them are nobody's on the internet. Pure.

/** What is not reachable over the internet, and so is the operator's own where it answers at all. What nobody may open
 * stands in firewall-rules.ts. */
export const PRIVATE: readonly string[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "240.0.0.0/4",
];

/** Address and length, the host's bits cleared, as iptables lists it; null where it is none, or all there is. A bare
 * address is a network of one. */
export function parseNetwork(text: string): string | null {
  const [, address = "", length = "32"] = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?$/.exec(text.trim()) ?? [];
  const bits = numberOf(address);
  const size = Number(length);
  if (bits === null || size < 1 || size > 32) return null;
  return `${textOf((bits & (-1 << (32 - size))) >>> 0)}/${size}`;
}

/** Comma-separated; null where one of them is no network. Sorted, each once. */
export function parseNetworks(text: string): string[] | null {
  const found = text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map(parseNetwork);
  return found.includes(null) ? null : [...new Set(found as string[])].sort();
}

export function isPrivate(address: string): boolean {
  return [...PRIVATE, "169.254.0.0/16"].some((network) => contains(network, address));
}

export function contains(network: string, address: string): boolean {
  const size = network.split("/")[1] ?? "32";
  return parseNetwork(`${address}/${size}`) === network;
}

function numberOf(address: string): number | null {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part <= 255))) return null;
  return parts.reduce((all, part) => all * 256 + part, 0) | 0;
}

function textOf(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");
}
