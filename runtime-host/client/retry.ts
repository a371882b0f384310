// Asking a platform that has just been started: its process may be killed and come back while we ask.

import { setTimeout as sleep } from "node:timers/promises";
import type { ApiReply } from "./api-client.ts";

const MAX_WAIT_MS = 15_000;
const PAUSE_MS = 250;

export interface RetryClock {
  /** ms, never going back. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

const CLOCK: RetryClock = { now: () => performance.now(), sleep: (ms) => sleep(ms) };

/** Asks again while nobody answers, or the platform says that it cannot now. What is asked must be the same asked twice. */
export async function retry<T>(ask: () => Promise<ApiReply<T>>, clock: RetryClock = CLOCK): Promise<ApiReply<T>> {
  const until = clock.now() + MAX_WAIT_MS;
  for (;;) {
    const reply = await ask();
    if (reply.ok || (reply.status !== 0 && reply.status < 500) || clock.now() > until) return reply;
    await clock.sleep(PAUSE_MS);
  }
}
