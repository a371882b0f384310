// What is told of a host's containers when somebody looks at it: those that run something,
// and those that wait for a call.

import type { ActivationId } from "../entities/activation-id.ts";
import type { IdleContainers } from "./messages.ts";

/** Equal containers of a host that run something. */
export interface BusyContainers {
  /** Who called. */
  namespace: string;
  /** `ns/name` or `ns/package/name`, and its version. */
  action: string;
  version: string;
  kind: string;
  /** MB of one. */
  memory: number;
  containers: number;
  running: number;
  /** Epoch ms at which the oldest of its calls was accepted. */
  since: number;
  /** Some of those that run. */
  activations: ActivationId[];
}

/** Containers of a host that run something, and those that run nothing; `more`: there are others. */
export interface ContainersReply {
  items: BusyContainers[];
  more: boolean;
  /** Absent where the host was not asked, cannot say, or did not answer in time. */
  idle?: { items: IdleContainers[]; more: boolean };
}
