// Requests that read or write what is stored, each in its turn among those of its namespace.

import { fail, ok, type Result } from "../errors.ts";
import type { AppContext } from "./context.ts";
import { respond } from "./errors.ts";
import { FairQueue, type TakenTurn } from "./fair-queue.ts";
import type { Needs } from "./needs.ts";

type Handler = (c: AppContext) => Response | Promise<Response>;

/** Requests of one namespace that may wait for their turn, in one isolate. */
const MAX_WAITING = 256;
const WAIT = {
  now: () => Date.now(),
  sleep: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
  maxWaitMs: 30_000,
};
/** What has rights of its own, or takes no time. */
const WITHOUT_TURN: ReadonlySet<Needs["right"]> = new Set(["enter", "invoke", "fire"]);

/** Of one isolate. */
export function queueOfIsolate(): FairQueue {
  return new FairQueue({
    ...{ width: 1, alone: 16, waiting: MAX_WAITING },
    ...{ life: 2_000, memory: 1_000, rest: { min: 2, max: 20 } },
  });
}

/** The handler in its turn. Who follows a log waits for what comes, and has bounds of its own. */
export function inTurn(needs: Needs, handler: Handler): Handler {
  if (WITHOUT_TURN.has(needs.right)) return handler;
  return async (c) => {
    if (c.req.query("follow") !== undefined) return handler(c);
    const taken = await turnOf(c);
    if (!taken.ok) return respond(c, taken);
    try {
      return await handler(c);
    } finally {
      taken.value.leave(Date.now());
    }
  };
}

/** The same items, each few of them in a turn of their own: of a body that flows when its handler has returned. */
export async function* inTurns<T>(c: AppContext, items: AsyncGenerator<T>, each: number): AsyncGenerator<T> {
  let left = each;
  for await (const item of items) {
    yield item;
    if (--left > 0) continue;
    left = each;
    const taken = await turnOf(c);
    // Nobody can be told any more that he has waited in vain.
    if (taken.ok) taken.value.leave(Date.now());
  }
}

async function turnOf(c: AppContext): Promise<Result<TakenTurn>> {
  const turn = await c.get("queue").turn(c.get("identity").namespace.uuid, WAIT);
  return turn === null ? fail("too-many-waiting", String(MAX_WAITING)) : ok(turn);
}
