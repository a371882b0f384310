// Asking a platform that has just been started: its process may be killed and come back while we ask.

import pRetry from "p-retry";
import type { ApiFailure, ApiReply } from "./api-client.ts";

const MAX_WAIT_MS = 15_000;
const PAUSE_MS = 250;

/** Nobody answers, or the platform says that it cannot now. */
class NotNow extends Error {
  readonly reply: ApiFailure;
  constructor(reply: ApiFailure) {
    super(reply.reason);
    this.reply = reply;
  }
}

/** Asks again while nobody answers, or the platform cannot now. What is asked must be the same asked twice. */
export async function retry<T>(ask: () => Promise<ApiReply<T>>): Promise<ApiReply<T>> {
  try {
    return await pRetry(
      async () => {
        const reply = await ask();
        if (!reply.ok && (reply.status === 0 || reply.status >= 500)) throw new NotNow(reply);
        return reply;
      },
      {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: PAUSE_MS,
        factor: 1,
        maxRetryTime: MAX_WAIT_MS,
        shouldRetry: ({ error }) => error instanceof NotNow,
      },
    );
  } catch (error) {
    if (error instanceof NotNow) return error.reply;
    throw error;
  }
}
