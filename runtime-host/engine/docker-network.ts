// The bridge that action containers share: they reach the API through its gateway and do not reach each other.

import type Docker from "dockerode";
import type { Ground } from "./firewall-rules.ts";

export const NETWORK = "edgewhisk";

/** Made once per engine; all hosts on it share it. */
export async function ensureNetwork(docker: Docker): Promise<Ground> {
  const known = await groundOf(docker);
  if (known !== null) return known;
  try {
    await docker.createNetwork({
      Name: NETWORK,
      Driver: "bridge",
      CheckDuplicate: true,
      EnableIPv6: false,
      Options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.name": "br-edgewhisk" },
      Labels: { "io.edgewhisk.network": "actions" },
    });
  } catch (error) {
    // Another host was faster.
    if ((error as { statusCode?: number }).statusCode !== 409) throw error;
  }
  const made = await groundOf(docker);
  if (made === null) throw new Error(`the network ${NETWORK} has no gateway`);
  return made;
}

async function groundOf(docker: Docker): Promise<Ground | null> {
  try {
    const network: Docker.NetworkInspectInfo = await docker.getNetwork(NETWORK).inspect();
    const { Gateway: gateway = "", Subnet: subnet = "" } = network.IPAM?.Config?.[0] ?? {};
    const bridge = network.Options?.["com.docker.network.bridge.name"] ?? `br-${network.Id.slice(0, 12)}`;
    return gateway === "" || subnet === "" ? null : { bridge, gateway, subnet };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return null;
    throw error;
  }
}
