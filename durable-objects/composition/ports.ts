// What the core of a Composition object needs of the world. The object implements these over the platform, the
// simulator runs the object itself.

import type { StepReply, StepRequest } from "../../src/protocol/composition.ts";
import type { ActivationStoreRpc } from "../../src/protocol/rpc.ts";
import type { BlobStore } from "../../src/storage/blob-store.ts";
import type { AlarmPorts } from "../shared/ports.ts";

export interface CompositionPorts extends AlarmPorts {
  /** Throws if nobody knows what came of it. */
  step(request: StepRequest): Promise<StepReply>;
  /** The store that keeps the records of these runs and their steps: it has this object's name. */
  store(): Pick<ActivationStoreRpc, "await" | "complete">;
  blobs: Pick<BlobStore, "text" | "put" | "delete">;
  /** ms an action may run at most. */
  longest: number;
}
