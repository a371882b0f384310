// What the scheduler's core needs of the world. The object implements these over the platform, the simulator over its
// event queue.

import type { SecurityLevel } from "../../src/entities/security-level.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { Proofs } from "../../src/protocol/proofs.ts";
import type { ActivationStoreRpc, RosterEntry, SchedulerName, StoreName } from "../../src/protocol/rpc.ts";
import type { ObjectPorts } from "../shared/ports.ts";

/** One socket of a host. */
export interface Connection {
  send(frame: string): void;
  close(code: number, reason: string): void;
  /** Epoch ms of the last ping the platform answered for us; 0 if none yet. */
  pinged(): number;
}

/** What outlives an incarnation. Writing is synchronous; nothing leaves the object before it is durable. */
export interface SchedulerMemory {
  /** `provenSince`: epoch ms from which on leases are proofs; absent until it has been settled. */
  load(): { epoch: number; draining: boolean; provenSince?: number };
  saveEpoch(epoch: number): void;
  saveProvenSince(at: number): void;
  saveDraining(on: boolean): void;
}

export type StoreLink = Pick<ActivationStoreRpc, "accept" | "complete" | "pull" | "declined">;

export interface SchedulerPorts extends ObjectPorts {
  /** The least security level a host must have. */
  securityFloor?: SecurityLevel | undefined;
  memory: SchedulerMemory;
  store(name: StoreName): StoreLink;
  /** Roster.report. */
  report(entry: RosterEntry): Promise<StoreName[] | null>;
  /** The text for __OW_API_KEY; valid until `expiresAt` (epoch ms) where it is a minted one. */
  credential(invocation: Invocation, expiresAt: number): Promise<string>;
  /** Throws where the platform's secret is missing. */
  proofs(): Proofs;
  /** Whether the host's process is known to live: it is silent because it gets no processor. Absent where nobody can
   * tell. */
  hostIsGoing?(): Promise<boolean>;
  /** A run has ended: to be counted. */
  acked?(how: Acknowledgement): void;
}

/** How its end came to be known: by its host's word, given up, or by its host's word after that. */
export type Acknowledgement = "regular" | "forced" | "regularAfterForced";

export interface SchedulerIdentity {
  name: SchedulerName;
}
