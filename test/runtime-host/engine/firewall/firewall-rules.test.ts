// The rules as text: what holds, what is changed, and that hosts which share a bridge leave each other's doors open.
import { describe, expect, it } from "vitest";
import {
  type BridgeNetwork,
  changesFor as changesForAny,
  NOTHING,
  type Openings,
  removalOf,
  rulesHold as rulesHoldFor,
} from "../../../../runtime-host/engine/firewall/firewall-rules.ts";

const bridgeNetwork: BridgeNetwork = { bridge: "br-edgewhisk", gateway: "172.18.0.1", subnet: "172.18.0.0/16" };
const EMPTY = "-P PREROUTING ACCEPT\n-P INPUT ACCEPT\n";
const everybody = { alive: () => true };
const rulesHold = (listing: string, on: BridgeNetwork, port: number) =>
  rulesHoldFor(listing, on, { port, openings: NOTHING });
const changesFor = (listing: string, on: BridgeNetwork, options: { port: number; alive: (port: number) => boolean }) =>
  changesForAny(listing, on, { openings: NOTHING, ...options });

/** What iptables would list after being told `text`. */
function told(listing: string, text: string | null): string {
  const lines = listing.split("\n").filter((line) => line !== "");
  for (const line of (text ?? "").split("\n")) {
    const [, verb = "", rest = ""] = /^(:|-A |-D |-F |-X |-I )(.*)$/.exec(line) ?? [];
    if (verb === ":") {
      const chain = rest.split(" ")[0];
      for (let at = lines.length - 1; at >= 0; at--)
        if (lines[at] === `-N ${chain}` || lines[at]?.startsWith(`-A ${chain} `)) lines.splice(at, 1);
      lines.push(`-N ${chain}`);
    } else if (verb === "-A ") lines.push(line);
    else if (verb === "-D ") {
      const at = lines.indexOf(`-A ${rest}`);
      expect(at, line).toBeGreaterThanOrEqual(0);
      lines.splice(at, 1);
    } else if (verb === "-I ") {
      const [, chain = "", place = "", rule = ""] = /^(\S+) (\d+) (.*)$/.exec(rest) ?? [];
      const first = lines.findIndex((each) => each.startsWith(`-A ${chain} `));
      lines.splice(first < 0 ? lines.length : first + Number(place) - 1, 0, `-A ${chain} ${rule}`);
    } else if (verb === "-F ")
      for (let at = lines.length - 1; at >= 0; at--) {
        if (lines[at]?.startsWith(`-A ${rest} `)) lines.splice(at, 1);
      }
    else if (verb === "-X ") lines.splice(lines.indexOf(`-N ${rest}`), 1);
  }
  return `${lines.join("\n")}\n`;
}

const raised = told(EMPTY, changesFor(EMPTY, bridgeNetwork, { port: 4000, ...everybody }));

describe("rules for containers", () => {
  it("hold once they are set, and then nothing is changed", () => {
    expect(rulesHold(EMPTY, bridgeNetwork, 4000)).toBe("EDGEWHISK-br-edgewhisk is not asked in PREROUTING");
    expect(rulesHold(raised, bridgeNetwork, 4000)).toBe(true);
    expect(changesFor(raised, bridgeNetwork, { port: 4000, ...everybody })).toBeNull();
  });

  it("close the machine's addresses, the bridge and the clouds' metadata, and open one port", () => {
    for (const rule of [
      "-m addrtype --dst-type LOCAL -j DROP",
      "-d 172.18.0.0/16 -j DROP",
      "-d 169.254.0.0/16 -j DROP",
      "-d 172.18.0.1/32 -p tcp -m tcp --dport 4000 -j RETURN",
    ])
      expect(raised).toContain(`-A EDGEWHISK-br-edgewhisk ${rule}\n`);
    expect(raised.match(/RETURN/g)).toHaveLength(2);
  });

  it("close private networks, but for those that are open, name servers and the platform's own address", () => {
    const openings: Openings = {
      names: ["10.0.0.53"],
      api: [{ address: "10.0.0.7", port: 3233 }],
      networks: ["10.1.0.0/16"],
      counted: true,
    };
    const listing = told(EMPTY, changesForAny(EMPTY, bridgeNetwork, { port: 4000, openings, ...everybody }));
    expect(rulesHoldFor(listing, bridgeNetwork, { port: 4000, openings })).toBe(true);
    const rules = listing.split("\n").filter((line) => line.startsWith("-A EDGEWHISK"));
    const at = (rule: string) => rules.indexOf(`-A EDGEWHISK-br-edgewhisk ${rule}`);
    for (const open of [
      "-d 10.0.0.53/32 -p udp -m udp --dport 53 -j RETURN",
      "-d 10.0.0.53/32 -p tcp -m tcp --dport 53 -j RETURN",
      "-d 10.0.0.7/32 -p tcp -m tcp --dport 3233 -j RETURN",
    ]) {
      expect(at(open), open).toBeGreaterThan(0);
      // The machine itself may be the one that is asked.
      expect(at(open), open).toBeLessThan(at("-m addrtype --dst-type LOCAL -j DROP"));
    }
    const allowed = at("-d 10.1.0.0/16 -j RETURN");
    // Metadata, the bridge and the machine cannot be opened, whatever the network.
    for (const shut of [
      "-m addrtype --dst-type LOCAL -j DROP",
      "-d 172.18.0.0/16 -j DROP",
      "-d 169.254.0.0/16 -j DROP",
    ])
      expect(at(shut), shut).toBeLessThan(allowed);
    for (const shut of ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"])
      expect(at(`-d ${shut} -j DROP`), shut).toBeGreaterThan(allowed);
    // What is counted comes before every door.
    expect(rules[0]).toMatch(/--ctstate NEW -m hashlimit --hashlimit-above 100\/sec .* -j DROP$/);
    expect(rules[1]).toMatch(/--dport 4000 -j RETURN$/);
    const both = told(listing, changesForAny(listing, bridgeNetwork, { port: 5000, openings, ...everybody }));
    for (const port of [4000, 5000]) expect(rulesHoldFor(both, bridgeNetwork, { port, openings })).toBe(true);
    // Who wants other ones does not find them there.
    expect(rulesHold(listing, bridgeNetwork, 4000)).toMatch(/other rules/);
  });

  it.each([
    ["the jump is gone", (text: string) => text.replace(/-A PREROUTING.*\n/, ""), /not asked/],
    [
      "somebody accepts before",
      (text: string) => text.replace("-A PREROUTING", "-A PREROUTING -j ACCEPT\n-A PREROUTING"),
      /let packets pass/,
    ],
    ["a rule is gone", (text: string) => text.replace(/-A \S+ -d 169.*\n/, ""), /other rules/],
    [
      "a rule too many opens everything",
      (text: string) => text.replace(/(-A EDGEWHISK\S+) -d 169/, "$1 -j RETURN\n$1 -d 169"),
      /other rules/,
    ],
    ["the doors come last", (text: string) => text.replace(/(-A \S+ -d 172.18.0.1.*\n)([\s\S]*)/, "$2$1"), /order/],
    ["the door is another's", (text: string) => text.replace("4000", "4001"), /does not let containers reach the API/],
  ])("do not hold where %s, and are mended", (_, spoil, reason) => {
    const spoilt = spoil(raised);
    expect(rulesHold(spoilt, bridgeNetwork, 4000)).toMatch(reason);
    const mended = told(spoilt, changesFor(spoilt, bridgeNetwork, { port: 4000, ...everybody }));
    expect(rulesHold(mended, bridgeNetwork, 4000)).toBe(true);
    expect(mended.match(/-A PREROUTING -i/g)).toHaveLength(1);
  });

  it("keep the doors of hosts that live and close those of hosts that died", () => {
    const two = told(raised, changesFor(raised, bridgeNetwork, { port: 5000, ...everybody }));
    expect([rulesHold(two, bridgeNetwork, 4000), rulesHold(two, bridgeNetwork, 5000)]).toEqual([true, true]);
    const later = told(two, changesFor(two, bridgeNetwork, { port: 6000, alive: (port) => port === 5000 }));
    expect([4000, 5000, 6000].map((port) => rulesHold(later, bridgeNetwork, port) === true)).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("leave with the last host, and only then", () => {
    const two = told(raised, changesFor(raised, bridgeNetwork, { port: 5000, ...everybody }));
    const one = told(two, removalOf(two, bridgeNetwork, 4000));
    expect([rulesHold(one, bridgeNetwork, 4000) === true, rulesHold(one, bridgeNetwork, 5000)]).toEqual([false, true]);
    expect(told(one, removalOf(one, bridgeNetwork, 5000))).toBe(EMPTY);
    expect(removalOf(EMPTY, bridgeNetwork, 5000)).toBeNull();
  });
});
