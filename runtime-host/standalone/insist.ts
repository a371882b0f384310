// Asking a platform that has just been started: its process may be killed and come back while we ask.

import { setTimeout as sleep } from "node:timers/promises";
import type { AdminReply } from "../cli/admin-client.ts";

const PATIENCE = 15_000;
const PAUSE = 250;

/** Asks again while nobody answers, or the platform says that it cannot now. What is asked must be the same asked twice. */
export async function insist<T>(ask: () => Promise<AdminReply<T>>): Promise<AdminReply<T>> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    const reply = await ask();
    if (reply.ok || (reply.status !== 0 && reply.status < 500) || performance.now() > until) return reply;
    await sleep(PAUSE);
  }
}
