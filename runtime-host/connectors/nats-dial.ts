// THE adapter to what the NATS client keeps for itself: its transport, so that the address which was checked is the one
// that is dialled, and the certificate is still that of the name which was given. Pinned versions; the tests with a
// real server are its canary.

import type { ConnectionOptions, NatsConnection } from "@nats-io/transport-node";
import { NatsConnectionImpl, setTransportFactory } from "@nats-io/transport-node";
import { NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";
import { type AllowList, addressOf } from "./addresses.ts";

type Server = Parameters<NodeTransport["connect"]>[0];

/** Rejects with AddressRefused where the server's address may not be dialled. */
export function dialNats(options: ConnectionOptions, allowed: AllowList): Promise<NatsConnection> {
  class CheckedTransport extends NodeTransport {
    override async connect(server: Server, given: ConnectionOptions): Promise<void> {
      const { hostname } = server;
      const address = await addressOf(hostname, allowed);
      return super.connect({ ...server, hostname: address, tlsName: hostname }, given);
    }
  }
  setTransportFactory({ factory: () => new CheckedTransport() });
  return NatsConnectionImpl.connect(options);
}
