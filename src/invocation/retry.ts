// For what may be repeated: asking an object that may be away for a moment.

import type { ActivationId } from "../entities/activation-id.ts";
import { type Failure, fail } from "../errors.ts";
import type { SubmitPorts } from "./ports.ts";

type Ports = Pick<SubmitPorts, "after" | "warn">;

const MAX_CAUSE = 200;
/** Pauses between tries to reach a store (ms). */
export const PAUSES = [50, 250, 1_000] as const;

/** Tries a few times to do this with the store of `id`; undefined if it never worked. */
export async function retry<T>(
  { ports, id }: { ports: Ports; id: ActivationId },
  work: () => Promise<T>,
): Promise<T | undefined> {
  for (let at = 0; ; at++) {
    try {
      return await work();
    } catch (cause) {
      report(ports, id, { asking: "its store", cause });
      const ms = PAUSES[at];
      if (ms === undefined) return undefined;
      await pause(ports, ms);
    }
  }
}

/** What a caller is told whose object could not be reached: the reason, where the machine knows one. */
export async function outOfReach(ports: Pick<SubmitPorts, "ailing">): Promise<Failure> {
  const reason = (await ports.ailing?.()) ?? null;
  return reason === null ? fail("internal") : fail("storage-ailing", reason);
}

export function report(ports: Ports, id: ActivationId, { asking, cause }: { asking: string; cause: unknown }): void {
  ports.warn?.(`activation ${id}: asking ${asking} failed: ${String(cause).slice(0, MAX_CAUSE)}`);
}

export function pause(ports: Ports, ms: number): Promise<void> {
  return new Promise((resolve) => {
    ports.after(ms, resolve);
  });
}
