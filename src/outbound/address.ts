// Which addresses are public. IPv4 and IPv6 as numbers; a v6 address that stands for a v4 one counts as that one. Pure.

export interface IpAddress {
  /** 4 or 6. */
  family: 4 | 6;
  value: bigint;
}

export interface IpRange extends IpAddress {
  /** Bits that count. */
  prefix: number;
}

const NOT_PUBLIC_V4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4"],
].map((text) => known(text));
/** Of the rest of v6 nothing is public. */
const GLOBAL_V6 = known("2000::/3");
const NOT_PUBLIC_V6 = ["2001::/23", "2001:db8::/32", "3fff::/20"].map((text) => known(text));
/** Prefixes behind which 32 bits of v4 stand: mapped, compatible, translated, 6to4. */
const EMBEDDING: readonly { range: IpRange; shift: bigint }[] = [
  { range: known("::ffff:0:0/96"), shift: 0n },
  { range: known("::/96"), shift: 0n },
  { range: known("64:ff9b::/96"), shift: 0n },
  { range: known("2002::/16"), shift: 80n },
];

/** `allowed`: ranges that are reached though they are not public. */
export function isReachable(address: IpAddress, allowed: readonly IpRange[]): boolean {
  const plain = embeddedIn(address) ?? address;
  if (allowed.some((range) => isIn(plain, range) || isIn(address, range))) return true;
  if (plain.family === 4) return !NOT_PUBLIC_V4.some((range) => isIn(plain, range));
  return isIn(plain, GLOBAL_V6) && !NOT_PUBLIC_V6.some((range) => isIn(plain, range));
}

/** Of what URL.hostname shows: `1.2.3.4`, or `[…]`. Null where it is a name. */
export function readHost(hostname: string): IpAddress | null {
  if (hostname.startsWith("[") && hostname.endsWith("]")) return readAddress(hostname.slice(1, -1));
  return readV4(hostname);
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. Null where it is none. */
export function readRange(text: string): IpRange | null {
  const [base = "", bits, ...more] = text.split("/");
  const address = readAddress(base);
  if (address === null || more.length > 0) return null;
  const most = address.family === 4 ? 32 : 128;
  if (bits === undefined) return { ...address, prefix: most };
  const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  return prefix >= 0 && prefix <= most ? { ...address, prefix } : null;
}

function readAddress(text: string): IpAddress | null {
  return text.includes(":") ? readV6(text) : readV4(text);
}

function readV4(text: string): IpAddress | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return { family: 4, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
}

function readV6(text: string): IpAddress | null {
  const tail = /^(.*:)([^:]*\.[^:]*)$/.exec(text);
  const v4 = tail === null ? null : readV4(tail[2] ?? "");
  if (tail !== null && v4 === null) return null;
  const low = v4 === null ? [] : [(v4.value >> 16n).toString(16), (v4.value & 0xffffn).toString(16)];
  const halves = (v4 === null ? text : `${tail?.[1]}${low.join(":")}`).split("::");
  if (halves.length > 2) return null;
  const [front = [], back = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - front.length - back.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...front, ...Array.from({ length: halves.length === 1 ? 0 : missing }, () => "0"), ...back];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}

function embeddedIn(address: IpAddress): IpAddress | null {
  const found = EMBEDDING.find(({ range }) => isIn(address, range));
  return found === undefined ? null : { family: 4, value: (address.value >> found.shift) & 0xffffffffn };
}

function isIn(address: IpAddress, range: IpRange): boolean {
  if (address.family !== range.family) return false;
  const rest = BigInt((address.family === 4 ? 32 : 128) - range.prefix);
  return address.value >> rest === range.value >> rest;
}

function known(text: string): IpRange {
  const range = readRange(text);
  if (range === null) throw new Error(`${text} is no range`);
  return range;
}
