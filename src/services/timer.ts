// The platform's timer, as the story of a call asks for it.

import type { CancelTimer } from "../invocation/ports.ts";

/** Calls `run` once after `ms`, unless cancelled. */
export function after(ms: number, run: () => void): CancelTimer {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
