// Stands for `node:timers/promises`.

import { setTimeout as after, clearTimeout } from "../machine/ambient.ts";

export function setTimeout<T>(ms: number, value?: T, { signal }: { signal?: AbortSignal; ref?: boolean } = {}) {
  return new Promise<T | undefined>((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = after(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
