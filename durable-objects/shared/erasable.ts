// Objects that keep what is a namespace's: all of it can be taken away at once.

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../src/env.ts";
import type { ErasableRpc } from "../../src/protocol/rpc.ts";

/** What the caller of `erase` gets in place of an answer. */
const ERASED = "this object was erased";

export abstract class ErasableObject extends DurableObject<Env> implements ErasableRpc {
  /** What it keeps goes as a whole, and its incarnation with it: what that remembers must not come back.
   * Never answers. */
  async erase(): Promise<void> {
    const { storage } = this.ctx;
    await storage.deleteAlarm();
    await storage.deleteAll();
    await storage.sync();
    this.ctx.abort(ERASED);
  }
}
