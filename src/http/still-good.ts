// Keys that are taken away while a request goes on: what was let in may have been let in long ago when its body has
// come, and a stream goes on for an hour.

import type { Failure } from "../errors.ts";
import type { AppContext } from "./context.ts";

/** ms for which a key that was good counts as good: as long as a lease. */
export const GOOD_FOR_MS = 1_000;
/** ms an epoch's object keeps the question whether anything has changed. */
const WATCH_MS = 30_000;
/** ms after which an object or a store that could not be asked is asked again. */
const RETRY_MS = 1_000;

/** Why a request whose body began to be read at `began` (epoch ms) is refused after all, or null. */
export async function lateRefusal(c: AppContext, began: number): Promise<Failure | null> {
  if (Date.now() - began < GOOD_FOR_MS) return null;
  const refusedNow = c.get("refusedNow") as (() => Promise<Failure | null>) | undefined;
  // Doors without a caller's key have none.
  return refusedNow === undefined ? null : refusedNow();
}

export interface Guard {
  /** Resolves when the caller's key is not good any more, or may no more read this, if ever. */
  refused: Promise<void>;
  stop(): void;
}

/** Looks whenever something of the caller's namespace has changed, and now and then: a credential expires by itself. */
export function guarding(c: AppContext): Guard {
  let stopped = false;
  const entityEpoch = c.get("services").entityEpoch(c.get("identity").namespace.name);
  const refusedNow = c.get("refusedNow");
  const watch = async (): Promise<void> => {
    let epoch = c.get("epoch");
    while (!stopped) {
      try {
        epoch = await entityEpoch.watch(epoch, WATCH_MS);
        if (!stopped && (await refusedNow()) !== null) return;
      } catch {
        // Nobody can say whether the key is good: asked again, whatever the epoch is then.
        epoch = -1;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    // Nobody waits for it any more.
    await new Promise(() => undefined);
  };
  return {
    refused: watch(),
    stop() {
      stopped = true;
    },
  };
}
