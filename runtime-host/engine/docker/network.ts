// The bridge that action containers share: they reach the API through its gateway and do not reach each other. Its
// firewall is one for all, so that only hosts share a bridge which may set rules alike and want the same ones.

import { createHash } from "node:crypto";
import type Docker from "dockerode";
import type { BridgeNetwork } from "../firewall/firewall-rules.ts";

const NAME = "edgewhisk";

/** What decides the rules of a bridge. */
export interface Policy {
  /** The host's user: who may set no rules does not share a bridge with who does. */
  readonly uid: number;
  /** Private networks that are open, sorted. */
  readonly allow: readonly string[];
  /** Origin that containers reach directly, or null. */
  readonly apiHost: string | null;
}

export const PLAIN: Policy = { uid: process.getuid?.() ?? 0, allow: [], apiHost: null };

/** Names of network and interface. */
export function namesFor(policy: Policy): { network: string; bridge: string } {
  if (policy.uid === 0 && policy.allow.length === 0 && policy.apiHost === null)
    return { network: NAME, bridge: `br-${NAME}` };
  const text = JSON.stringify([policy.uid, policy.allow, policy.apiHost]);
  const mark = createHash("sha256").update(text).digest("hex").slice(0, 8);
  return { network: `${NAME}-${mark}`, bridge: `br-ew-${mark}` };
}

/** Made once per engine and policy; hosts of the same share it. */
export async function ensureNetwork(
  docker: Docker,
  names: { network: string; bridge: string },
): Promise<BridgeNetwork> {
  const known = await bridgeNetworkOf(docker, names.network);
  if (known !== null) return known;
  try {
    await docker.createNetwork({
      Name: names.network,
      Driver: "bridge",
      CheckDuplicate: true,
      EnableIPv6: false,
      Options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.name": names.bridge },
      Labels: { "io.edgewhisk.network": "actions" },
    });
  } catch (error) {
    // Another host was faster.
    if ((error as { statusCode?: number }).statusCode !== 409) throw error;
  }
  const made = await bridgeNetworkOf(docker, names.network);
  if (made === null) throw new Error(`the network ${names.network} has no gateway`);
  return made;
}

async function bridgeNetworkOf(docker: Docker, name: string): Promise<BridgeNetwork | null> {
  try {
    const network: Docker.NetworkInspectInfo = await docker.getNetwork(name).inspect();
    const { Gateway: gateway = "", Subnet: subnet = "" } = network.IPAM?.Config?.[0] ?? {};
    const bridge = network.Options?.["com.docker.network.bridge.name"] ?? `br-${network.Id.slice(0, 12)}`;
    return gateway === "" || subnet === "" ? null : { bridge, gateway, subnet };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return null;
    throw error;
  }
}
