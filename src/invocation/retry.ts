// For what may be repeated: asking an object that may be away for a moment, or never answers.

import type { ActivationId } from "../entities/activation-id.ts";
import { type Failure, fail } from "../errors.ts";
import type { SubmitPorts } from "./ports.ts";

type Ports = Pick<SubmitPorts, "after" | "warn">;

const MAX_CAUSE = 200;
/** Pauses between tries to reach a store (ms). */
export const PAUSES_MS = [50, 250, 1_000] as const;
/** ms one try may take beyond what it was asked to wait. */
export const ANSWER_WITHIN_MS = 10_000;

/** An object was silent for too long: what was asked of it may have been done, may still be, or never will be. */
export class NoAnswer extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = "NoAnswer";
  }
}

/** Rejects with NoAnswer if `work` takes longer than `ms`; what it brings later is dropped. */
export function answered<T>(after: SubmitPorts["after"], ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = after(ms, () => reject(new NoAnswer(ms)));
    work.finally(cancel).then(resolve, reject);
  });
}

/** Tries a few times to do this with the store of `id`; undefined if it never worked, or nobody knows. Each try goes to
 * the same object, which takes an id once: where an earlier one was heard after all, the next finds its work done.
 * `waitMs`: how long the object has been asked to wait. */
export async function retry<T>(
  { ports, id, waitMs = () => 0 }: { ports: Ports; id: ActivationId; waitMs?: () => number },
  work: () => Promise<T>,
): Promise<T | undefined> {
  for (let at = 0; ; at++) {
    try {
      return await answered((ms, run) => ports.after(ms, run), waitMs() + ANSWER_WITHIN_MS, work());
    } catch (cause) {
      report(ports, id, { asking: "its store", cause });
      const ms = PAUSES_MS[at];
      if (ms === undefined) return undefined;
      await pause(ports, ms);
    }
  }
}

/** What a caller is told whose object could not be reached: the reason, where the machine knows one. Nobody else is
 * asked to do it: it may have been accepted. */
export async function outOfReach(ports: Pick<SubmitPorts, "ailing">): Promise<Failure> {
  const reason = (await ports.ailing?.()) ?? null;
  return reason === null ? fail("no-answer", "The store of this activation") : fail("storage-ailing", reason);
}

/** Whether what was to be done may have been done all the same. */
export function isUnknown({ code }: Failure): boolean {
  return code === "no-answer" || code === "storage-ailing" || code === "internal";
}

/** Writes one line: which activation, who was asked, and the cause, cut to a bounded length. */
export function report(ports: Ports, id: ActivationId, { asking, cause }: { asking: string; cause: unknown }): void {
  ports.warn?.(`activation ${id}: asking ${asking} failed: ${String(cause).slice(0, MAX_CAUSE)}`);
}

/** Resolves after `ms` of the ports' clock. */
export function pause(ports: Ports, ms: number): Promise<void> {
  return new Promise((resolve) => {
    ports.after(ms, resolve);
  });
}
