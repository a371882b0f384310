// The bridge that action containers share: they reach the API through its gateway and do not reach each other.

import type Docker from "dockerode";

export const NETWORK = "edgewhisk";

/** Made once per engine; all hosts on it share it. */
export async function ensureNetwork(docker: Docker): Promise<{ gateway: string }> {
  const known = await gatewayOf(docker);
  if (known !== null) return { gateway: known };
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
  const gateway = await gatewayOf(docker);
  if (gateway === null) throw new Error(`the network ${NETWORK} has no gateway`);
  return { gateway };
}

async function gatewayOf(docker: Docker): Promise<string | null> {
  try {
    const network: Docker.NetworkInspectInfo = await docker.getNetwork(NETWORK).inspect();
    const gateway = network.IPAM?.Config?.[0]?.Gateway;
    return gateway === undefined || gateway === "" ? null : gateway;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return null;
    throw error;
  }
}
