// Records, and user events, that are forwarded to an address which somebody gave for their namespace: what an
// ActivationStore is told and asked.

import type { LimitEvent } from "../entities/limit-event.ts";
import type { Drops } from "../entities/record-hook.ts";

/** What goes to an address of its own. */
export type Forwarded = "records" | "events";

/** `owner`: permanent id of the namespace whose hook it is. What is told with a lower revision than before is old.
 * `on`: there is one. */
export interface ForwardOrder {
  owner: string;
  revision: number;
  on: boolean;
}

/** How one object stands with it, since it was told of one. */
export interface ForwardState {
  /** Records that wait, and their bytes. */
  waiting: number;
  bytes: number;
  /** Epoch ms at which the oldest of them was made. */
  oldest: number | null;
  /** Records that the receiver has taken. */
  sent: number;
  dropped: Drops;
  /** Epoch ms. */
  lastSent: number | null;
  lastDropped: number | null;
  /** What the last try failed with; null: it did not. */
  error: { text: string; at: number } | null;
}

/** Of an ActivationStore, where it is settled what is forwarded. */
export interface ForwardingOf {
  forward(order: ForwardOrder): Promise<void>;
  forwarding(): Promise<ForwardState | null>;
}

/** Of an ActivationStore. */
export interface ForwardRpc {
  /** From now on records that are made are forwarded, or none are;
   * what waits goes to where the hook points by then. Idempotent. */
  forward(order: ForwardOrder, what?: Forwarded): Promise<void>;
  /** Null: nothing is forwarded. */
  forwarding(what?: Forwarded): Promise<ForwardState | null>;
  /** What the namespace's limits told, to be forwarded as user events; `lost`: how many more there were. Confirmed.
   * False: they are for nobody. */
  limitEvents(events: LimitEvent[], lost: number): Promise<boolean>;
}
