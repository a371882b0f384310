// The platform's timer, as the story of a call asks for it.

import type { Cancel } from "../invocation/ports.ts";

/** Calls `run` once after `ms`, unless cancelled. */
export function after(ms: number, run: () => void): Cancel {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
