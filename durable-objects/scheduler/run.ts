// One run as its scheduler knows it: what was granted, how far it has come, and who waits for it.

import type { ActivationMeta, Completion } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { argsKey } from "../../src/entities/blob-keys.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { Lease } from "../../src/protocol/messages.ts";
import type { Finished, InvokeReply, StoreName } from "../../src/protocol/rpc.ts";
import type { Cancel } from "../shared/ports.ts";
import type { Weight } from "./capacity.ts";

export interface RunWaiter {
  answer(reply: InvokeReply): void;
  cancel: Cancel;
}

/** What changes of it is changed by the run table alone. */
export interface TrackedRun {
  readonly id: ActivationId;
  readonly attempt: number;
  readonly lease: Lease;
  readonly about: ActivationMeta;
  readonly weight: Weight;
  readonly store: StoreName;
  /** Who answers for it if it never starts: its caller, its store; or found at the host after a change of incarnation.
   * What its host names and nobody vouches for is "claimed": it takes its memory, and its outcome is nobody's. */
  readonly origin: "fast" | "durable" | "adopted" | "claimed";
  /** Absent on adopted runs. */
  readonly invocation?: Invocation;
  /** "granted": not sent yet; "running": sent; "recording": `result` has come, `record` has not. */
  readonly phase: "granted" | "running" | "recording";
  /** Whether its memory is counted. */
  readonly counted: boolean;
  /** Its outcome was given up and told to the store; what is left of it is the memory it may still use. */
  readonly ended: boolean;
  /** Epoch ms at which it is given up. */
  readonly deadline: number;
  /** Its credential, for sending it again. */
  readonly key?: string;
  /** What `result` said. */
  readonly completion?: Completion;
  /** Epoch ms at which it ended, as its caller was told. */
  readonly endedAt?: number;
  readonly waiters: readonly RunWaiter[];
}

/** What names an attempt under the lease it was granted. */
export type RunName = Pick<TrackedRun, "id" | "attempt" | "lease">;

/** What its store is told of its end. */
export function finishedOf(run: TrackedRun, completion: Completion): Finished {
  const { id, attempt, lease, about, invocation, endedAt } = run;
  const { args } = invocation ?? {};
  // Of a run an earlier incarnation started nobody here knows whether its arguments were large.
  const argsBlob = args === undefined ? argsKey(about.namespaceId, id) : "blob" in args ? args.blob : undefined;
  return {
    id,
    attempt,
    lease,
    about,
    completion,
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(argsBlob === undefined ? {} : { spent: argsBlob }),
  };
}
