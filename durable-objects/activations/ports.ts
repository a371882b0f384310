// What the activation store's core needs of the world. The object implements these over the platform, the simulator
// over its event queue.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Meter } from "../../src/metrics/meter.ts";
import type { ResumeRpc } from "../../src/protocol/fire.ts";
import type { InvokerSchedulerRpc, RosterRpc, SchedulerName } from "../../src/protocol/rpc.ts";
import type { SinksRpc } from "../../src/protocol/sinks.ts";
import type { RecordHookBook } from "../../src/storage/record-hook-book.ts";
import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import type { AlarmPorts } from "../shared/ports.ts";
import type { HookReply } from "./forward-batch.ts";
import type { MovingTurns } from "./moving-turns.ts";

/** Of an owner, by the permanent id of its namespace. */
export interface HookPort {
  /** Null: there is none any more. */
  open: RecordHookBook["open"];
  /** Posts it. Never rejects. */
  send(
    owner: string,
    call: { url: string; headers: Record<string, string>; body: Uint8Array<ArrayBuffer> },
  ): Promise<HookReply>;
  /** What lies in the blob store. Null: it is not there. */
  text(key: string): Promise<string | null>;
}

/** Of user events. */
export interface EventHooks {
  namespace: Pick<HookPort, "open" | "send">;
  platform: Pick<HookPort, "open" | "send">;
  /** Whether the platform has a receiver. */
  isPlatforms: boolean;
}

export type SchedulerPort = Pick<InvokerSchedulerRpc, "offer" | "holds">;

export interface StorePorts extends AlarmPorts {
  /** Counts what ends here and how records are handed over; absent: nobody does. */
  readonly meter?: Meter;
  /** Where records go. */
  readonly shelves: RecordShelves;
  /** Of all objects of the isolate: when each may move records. */
  readonly turns: MovingTurns;
  /** ms a row may wait for a host, where its call does not say. */
  readonly maxQueue: number;
  scheduler(name: SchedulerName): SchedulerPort;
  /** The Worker does the fan-out of a fire. */
  resume: ResumeRpc["resume"];
  roster: Pick<RosterRpc, "schedulers" | "waiting" | "full">;
  /** Why the machine's disk takes no more records that wait for their shelf, or null. Never rejects. */
  ledgerFault(): Promise<string | null>;
  /** The namespace's sinks. A handle for each use. */
  sinks(): Pick<SinksRpc, "take" | "wake">;
  /** Gives back the permits of activations that ended. Best effort; called after the write, must not throw. */
  leave(namespaceId: string, ids: ActivationId[]): void;
  /** To where records are forwarded. */
  hook: HookPort;
  /** To where user events go; absent: none are made. */
  readonly events?: EventHooks;
  /** Blobs nobody needs any more. Best effort, must not throw. */
  forget(keys: string[]): void;
}
