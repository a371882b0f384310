// The rules on this machine's kernel, for a bridge that does not exist: hosts that share it,
// and others who rewrite rules.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { countsConnections, Firewall } from "../../../../runtime-host/engine/firewall/firewall.ts";
import {
  type BridgeNetwork,
  chainOf,
  NOTHING,
  rulesHold,
} from "../../../../runtime-host/engine/firewall/firewall-rules.ts";
import { silent } from "../../support.ts";

const bridgeNetwork: BridgeNetwork = { bridge: `ewt${process.pid}`, gateway: "127.0.0.99", subnet: "127.0.99.0/24" };
const iptables = (...args: string[]) =>
  execFileSync("iptables", ["-w", "5", "-t", "mangle", ...args], { encoding: "utf8", stdio: "pipe" });
const missing = ((): string | null => {
  try {
    iptables("-S");
    return null;
  } catch (error) {
    return (error as Error).message.split("\n").at(-1) ?? "no iptables";
  }
})();
if (missing !== null) console.log(`not run: firewall rules on this machine's kernel: ${missing}`);

const counted = missing === null && (await countsConnections());

describe.skipIf(missing !== null)("the firewall", () => {
  const forwarders: Server[] = [];
  const ports: number[] = [];
  const raised: Firewall[] = [];
  let changes = 0;
  const raise = async (port: number, every = 100) => {
    const wall = await Firewall.raise(bridgeNetwork, {
      port,
      openings: async () => NOTHING,
      log: silent,
      every,
      changed: () => changes++,
    });
    raised.push(wall);
    return wall;
  };
  const holds = (port: number) => rulesHold(iptables("-S"), bridgeNetwork, { port, openings: { ...NOTHING, counted } });

  beforeAll(async () => {
    for (let n = 0; n < 4; n++) {
      const forwarder = createServer();
      await new Promise<void>((resolve) => forwarder.listen(0, bridgeNetwork.gateway, resolve));
      forwarders.push(forwarder);
      ports.push((forwarder.address() as { port: number }).port);
    }
  });
  afterEach(async () => {
    for (const wall of raised.splice(0)) await wall.close();
    expect(iptables("-S")).not.toContain(chainOf(bridgeNetwork.bridge));
    expect(iptables("-S")).not.toContain(`EDGEWHISK-try-${process.pid}`);
  });
  afterAll(() => {
    for (const forwarder of forwarders) forwarder.close();
  });

  it("is raised by hosts that start at once, and each keeps its door", async () => {
    const walls = await Promise.all(ports.map((port) => raise(port)));
    expect(walls.map((wall) => wall.state)).toEqual(ports.map(() => true));
    // A last look may still have to mend what two wrote at once.
    for (const port of ports) await expect.poll(() => holds(port)).toBe(true);
    const [first, ...others] = walls;
    await first?.close();
    await expect.poll(() => ports.map((port) => holds(port) === true)).toEqual([false, true, true, true]);
    expect(others.map((wall) => wall.state)).toEqual([true, true, true]);
  });

  it("comes back after somebody has emptied the tables", async () => {
    const [port = 0] = ports;
    const wall = await raise(port);
    iptables("-D", "PREROUTING", "-i", bridgeNetwork.bridge, "-j", chainOf(bridgeNetwork.bridge));
    iptables("-F", chainOf(bridgeNetwork.bridge));
    expect(holds(port)).not.toBe(true);
    await expect.poll(() => holds(port)).toBe(true);
    await expect.poll(() => wall.state).toBe(true);
  });

  it("is raised later where it could not be at first", async () => {
    const [port = 0] = ports;
    const folder = mkdtempSync(join(tmpdir(), "iptables-"));
    const { PATH = "" } = process.env;
    const broken = join(folder, "iptables");
    writeFileSync(broken, "#!/bin/sh\necho 'Another app is currently holding the xtables lock' >&2\nexit 4\n", {
      mode: 0o755,
    });
    process.env.PATH = `${folder}:${PATH}`;
    try {
      const wall = await raise(port);
      expect(wall.state).toMatch(/xtables lock/);
      rmSync(broken);
      const before = changes;
      await expect.poll(() => wall.state).toBe(true);
      expect(holds(port)).toBe(true);
      expect(changes).toBe(before + 1);
    } finally {
      process.env.PATH = PATH;
      rmSync(folder, { recursive: true });
    }
  });

  it("closes the forwarder of a host that was killed", async () => {
    const [, port = 0, dead = 0] = ports;
    await raise(dead, 1e9);
    forwarders[2]?.close();
    await expect.poll(() => forwarders[2]?.listening ?? true).toBe(false);
    // It ended without taking its forwarder along.
    raised.splice(0);
    await raise(port);
    await expect.poll(() => iptables("-S")).not.toContain(`--dport ${dead} `);
    expect(holds(port)).toBe(true);
  });
});
