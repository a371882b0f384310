// What is asked of a scheduler before calls come: containers that are there already.

import type { Invocation } from "./invocation.ts";

/** What became of a container that was to be made ahead of a call. "absent": `have`, MB that were free for it. */
export type PrepareReply = { kind: "there" } | { kind: "absent"; have: number; reason: string };

/** Of an InvokerScheduler. */
export interface PrepareRpc {
  /** A call like this one is about to come: its host makes a container and gives it the action, if nobody uses the
   * room. Nothing runs. Answers within about `waitMs`. */
  prepare(invocation: Invocation, options: { waitMs: number }): Promise<PrepareReply>;
}
