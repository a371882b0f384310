// What containers may reach, as iptables rules. Pure: what stands there against what must stand there.
//
// The chain hangs in mangle/PREROUTING, before addresses are translated and before it is decided whether a packet is
// for this machine or passed on: one place sees everything a container sends, published ports of others included, and
// no one else's rules for input and forwarding come first.

import { PRIVATE } from "../networks.ts";

export interface BridgeNetwork {
  /** The bridge's name as a network interface. */
  readonly bridge: string;
  readonly gateway: string;
  /** In CIDR notation. */
  readonly subnet: string;
}

/** What containers may reach beside the forwarder and the internet. All hosts on one bridge say the same. */
export interface Openings {
  /** Addresses of name servers, for port 53 only. */
  readonly names: readonly string[];
  /** The platform itself, where containers are told its own address. */
  readonly api: readonly { readonly address: string; readonly port: number }[];
  /** Private networks, as parseNetwork writes them. */
  readonly networks: readonly string[];
  /** The kernel can count a container's connections. */
  readonly counted: boolean;
}

export const NOTHING: Openings = { names: [], api: [], networks: [], counted: false };

/** Services that clouds run for their machines only: instance metadata and credentials. Nobody may open them. */
const CLOUD = ["169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32"];
/** How many ports of hosts that have ended are removed at once. */
const MAX_PORTS = 64;

export function chainOf(bridge: string): string {
  return `EDGEWHISK-${bridge}`;
}

/** Whether what containers send is held to this host's forwarder on `port`: true, or why not. `listing` is what
 * `iptables -t mangle -S` prints. */
export function rulesHold(
  listing: string,
  bridgeNetwork: BridgeNetwork,
  { port, openings }: { port: number; openings: Openings },
): true | string {
  const chain = chainOf(bridgeNetwork.bridge);
  const lines = listing.split("\n").map((line) => line.trim());
  const before = lines.filter((line) => line.startsWith("-A PREROUTING "));
  const jump = before.indexOf(jumpTo(bridgeNetwork));
  if (jump < 0) return `${chain} is not asked in PREROUTING`;
  if (before.slice(0, jump).some((line) => / -j (ACCEPT|RETURN)$/.test(line)))
    return `rules before ${chain} let packets pass`;
  const rules = rulesIn(lines, chain);
  const allowRules = rules.filter((rule) => portOf(rule, bridgeNetwork) !== null);
  const rest = rules.filter((rule) => portOf(rule, bridgeNetwork) === null);
  if (rest.join("\n") !== fixedRules(bridgeNetwork, openings).join("\n"))
    return `${chain} holds other rules than it should`;
  if (rules[0] !== rest[0] || rules[allowRules.length + 1] !== rest[1])
    return `${chain} holds its rules in another order`;
  return allowRules.includes(allowRule(bridgeNetwork, port)) ? true : `${chain} does not let containers reach the API`;
}

/** What `iptables-restore --noflush` must be told so that the rules hold, or null where they do. Other hosts on the
 * same bridge keep their ports, as long as `alive` knows them. */
export function changesFor(
  listing: string,
  bridgeNetwork: BridgeNetwork,
  { port, openings, alive }: { port: number; openings: Openings; alive: (port: number) => boolean },
): string | null {
  const chain = chainOf(bridgeNetwork.bridge);
  const lines = listing.split("\n").map((line) => line.trim());
  const ports = rulesIn(lines, chain).flatMap((rule) => portOf(rule, bridgeNetwork) ?? []);
  const dead = ports.filter((each) => each !== port && !alive(each)).slice(0, MAX_PORTS);
  const known = ports.find((each) => !dead.includes(each));
  // Only what differs is told, so that hosts which start at once do not undo each other's rules.
  if (known !== undefined && rulesHold(listing, bridgeNetwork, { port: known, openings }) === true) {
    const changes = dead.map((each) => allowRule(bridgeNetwork, each).replace("-A", "-D"));
    if (!ports.includes(port)) changes.push(allowRule(bridgeNetwork, port).replace(`-A ${chain}`, `-I ${chain} 2`));
    return changes.length === 0 ? null : table(changes);
  }
  const [first = "", ...rest] = fixedRules(bridgeNetwork, openings);
  const kept = [...new Set([...ports.filter((each) => !dead.includes(each)), port])];
  const jump = jumpTo(bridgeNetwork);
  return table([
    `:${chain} - [0:0]`,
    ...lines.filter((line) => line === jump).map((line) => line.replace("-A", "-D")),
    first,
    ...kept.map((each) => allowRule(bridgeNetwork, each)),
    ...rest,
    jump.replace("-A PREROUTING", "-I PREROUTING 1"),
  ]);
}

/** Takes this host's port away and, with the last one, the chain. Null where there is nothing of it. */
export function removalOf(listing: string, bridgeNetwork: BridgeNetwork, port: number): string | null {
  const chain = chainOf(bridgeNetwork.bridge);
  const lines = listing.split("\n").map((line) => line.trim());
  const ports = rulesIn(lines, chain).flatMap((rule) => portOf(rule, bridgeNetwork) ?? []);
  if (ports.some((each) => each !== port))
    return ports.includes(port) ? table([allowRule(bridgeNetwork, port).replace("-A", "-D")]) : null;
  if (!lines.includes(`-N ${chain}`)) return null;
  const jumps = lines.filter((line) => line === jumpTo(bridgeNetwork)).map((line) => line.replace("-A", "-D"));
  return table([...jumps, `-F ${chain}`, `-X ${chain}`]);
}

function table(changes: readonly string[]): string {
  return ["*mangle", ...changes, "COMMIT", ""].join("\n");
}

function jumpTo({ bridge }: BridgeNetwork): string {
  return `-A PREROUTING -i ${bridge} -j ${chainOf(bridge)}`;
}

function rulesIn(lines: readonly string[], chain: string): string[] {
  return lines.filter((line) => line.startsWith(`-A ${chain} `));
}

/** A container may open 100 connections a second, and 4,000 at once: the kernel remembers each for up to two minutes in
 * a table that is everybody's, and whoever fills it cuts the whole machine off. What is dropped here is not remembered.
 * Counting those that are remembered, instead, takes the kernel a millisecond for each. */
export const COUNT =
  "-m conntrack --ctstate NEW -m hashlimit --hashlimit-above 100/sec --hashlimit-burst 4000 --hashlimit-mode srcip --hashlimit-name edgewhisk -j DROP";

/** In the words in which iptables lists them. Those that allow a host's port stand behind the first: what is counted,
 * or answers to what the host sent. */
function fixedRules({ bridge, subnet }: BridgeNetwork, { names, api, networks, counted }: Openings): string[] {
  const closed = ["LOCAL", "BROADCAST", "MULTICAST"].map((type) => `-m addrtype --dst-type ${type}`);
  const asked = names.flatMap((each) => ["udp", "tcp"].map((how) => `-d ${each}/32 -p ${how} -m ${how} --dport 53`));
  const platform = api.map(({ address, port }) => `-d ${address}/32 -p tcp -m tcp --dport ${port}`);
  return [
    ...(counted ? [COUNT] : []),
    "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
    ...[...asked, ...platform].map((what) => `${what} -j RETURN`),
    ...[...closed, ...[subnet, ...CLOUD].map((net) => `-d ${net}`)].map((what) => `${what} -j DROP`),
    ...networks.map((net) => `-d ${net} -j RETURN`),
    ...PRIVATE.map((net) => `-d ${net} -j DROP`),
  ].map((rule) => `-A ${chainOf(bridge)} ${rule}`);
}

function allowRule({ bridge, gateway }: BridgeNetwork, port: number): string {
  return `-A ${chainOf(bridge)} -d ${gateway}/32 -p tcp -m tcp --dport ${port} -j RETURN`;
}

function portOf(rule: string, bridgeNetwork: BridgeNetwork): number | null {
  const port = Number(/ --dport (\d+) -j RETURN$/.exec(rule)?.[1] ?? Number.NaN);
  return rule === allowRule(bridgeNetwork, port) ? port : null;
}
