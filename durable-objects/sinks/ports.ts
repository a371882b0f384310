// What the core of a Sinks object needs of the world.

import type { FollowRpc, SinkHelpRpc } from "../../src/protocol/sinks.ts";
import type { AlarmPorts } from "../shared/ports.ts";

export interface SinksPorts extends AlarmPorts {
  worker: SinkHelpRpc;
  /** A store of the namespace's activations. */
  store(namespaceId: string, shard: number): FollowRpc;
}
