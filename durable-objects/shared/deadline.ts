// A question to another object that may never answer: after a while it counts as not answered.

import type { ClockPorts } from "./ports.ts";

/** ms that another object, or the Worker, may take for what takes it no longer by nature. */
export const ANSWER_WITHIN_MS = 60_000;

/** Rejects if `work` takes longer than `ms`; what it brings later is dropped. */
export function within<T>(after: ClockPorts["after"], ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = after(ms, () => reject(new Error(`no answer within ${ms} ms`)));
    work.finally(cancel).then(resolve, reject);
  });
}
