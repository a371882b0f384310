// Records that are brought to where the mode in force has them, after it was changed: what an ActivationStore is asked.

import type { ActivationStoreMode } from "../entities/activation-store-mode.ts";

/** How far an object is with bringing its older records to where `to` has them. */
export interface MoveProgress {
  to: ActivationStoreMode;
  /** waiting: it goes on by itself when `reason` is over. stopped: the mode was changed meanwhile. */
  state: "moving" | "waiting" | "done" | "stopped";
  reason?: string;
  /** Records that were written to, or taken from, a place. */
  moved: number;
  /** Segments that are left as they are, since not all of their records can be read. */
  damaged: number;
  /** Segments there are. */
  segments: number;
  /** Epoch ms: of the start of the record that it has come to; 0 at the beginning. */
  reached: number;
  /** Epoch ms. */
  began: number;
  ended?: number;
}

/** Of an ActivationStore. */
export interface MoveRpc {
  /** Begins to bring older records to where `to` has them, which is the mode in force; goes on with it where it has
   * begun, and looks anew where it was done. Null only asks. It goes on by itself, whatever dies. */
  move(to: ActivationStoreMode | null): Promise<MoveProgress | null>;
}
