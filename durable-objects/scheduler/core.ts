// The scheduler of one host shard: admission, leases, results. Everything is soft but the epoch; nothing here writes in
// steady state. An incarnation of the object is one SchedulerCore.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { HostReport } from "../../src/protocol/messages.ts";
import type {
  HoldsReply,
  InvokeReply,
  Offer,
  OfferReply,
  SchedulerName,
  SchedulerStatus,
  StoreName,
} from "../../src/protocol/rpc.ts";
import type { Connection, SchedulerPorts } from "./ports.ts";

export class SchedulerCore {
  constructor(name: SchedulerName, ports: SchedulerPorts) {
    throw new Error(`not written: ${name} ${typeof ports}`);
  }

  // RPC, as in src/protocol/rpc.ts.
  invoke(_invocation: Invocation, _options: { waitMs: number }): Promise<InvokeReply> {
    throw new Error("not written");
  }
  offer(_store: StoreName, _offers: Offer[]): OfferReply {
    throw new Error("not written");
  }
  holds(_ids: ActivationId[]): HoldsReply {
    throw new Error("not written");
  }
  status(): SchedulerStatus {
    throw new Error("not written");
  }
  drain(_on: boolean): void {
    throw new Error("not written");
  }

  /** A host's new socket; older ones are closed. The host speaks first (`hello`). */
  connect(_connection: Connection): void {
    throw new Error("not written");
  }
  /** A new incarnation finds a socket that was open before; `report` is what that host said. Takes an epoch, says welcome. */
  resume(_connection: Connection, _known: { report: HostReport; acceptedAt: number }): void {
    throw new Error("not written");
  }
  /** A frame. Returns the report if the host's report changed, for the socket's attachment. */
  message(_connection: Connection, _frame: unknown): HostReport | undefined {
    throw new Error("not written");
  }
  disconnected(_connection: Connection): void {
    throw new Error("not written");
  }
}
