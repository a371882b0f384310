// How a command ends: 0, or a failure whose code tells a script what kind it is.

import type { ApiFailure } from "../../client/api-client.ts";

export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, notAllowed: 4 } as const;

export type CommandOutcome = { ok: true } | CommandFailure;

export interface CommandFailure {
  ok: false;
  exit: Exclude<(typeof EXIT)[keyof typeof EXIT], 0>;
  /** One sentence for a person, without a full stop; null where what was printed says it. */
  reason: string | null;
}

export const DONE: CommandOutcome = { ok: true };

export function failed(reason: string | null): CommandFailure {
  return { ok: false, exit: EXIT.failed, reason };
}

/** What was given makes no sense, or something is not given. */
export function misused(reason: string): CommandFailure {
  return { ok: false, exit: EXIT.usage, reason };
}

export function notFound(reason: string): CommandFailure {
  return { ok: false, exit: EXIT.notFound, reason };
}

/** What the platform has refused, or did not answer. `reason`: in place of its own words. */
export function refused({ status, reason }: ApiFailure, instead: string = reason): CommandFailure {
  return { ok: false, exit: exitOf(status), reason: instead };
}

/** `status`: of HTTP; 0 where nobody answered. */
export function exitOf(status: number): CommandFailure["exit"] {
  if (status === 401 || status === 403) return EXIT.notAllowed;
  return status === 404 ? EXIT.notFound : EXIT.failed;
}
