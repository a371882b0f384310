// Why a host takes nothing new, and what of it does not work although the rest does, as its schedulers are told.

import type { HostMessage } from "../../src/protocol/messages.ts";
import type { Containers } from "../container/contract.ts";
import type { Outbox } from "../delivery/outbox.ts";

export interface HealthSources {
  containers: Pick<Containers, "unhealthy" | "impaired">;
  outbox: Pick<Outbox, "blocked">;
  /** Another reason why nothing can be started on this machine. */
  ailing?: () => string | null;
}

/** Why nothing can be started here, or null. */
export function stuck({ outbox, containers, ailing }: HealthSources): string | null {
  return outbox.blocked() ?? ailing?.() ?? containers.unhealthy();
}

export function healthMessage(
  { memory, containers }: Pick<HealthSources, "containers"> & { memory: number },
  unhealthy: string | null,
): Extract<HostMessage, { t: "health" }> {
  const impaired = containers.impaired?.() ?? null;
  return {
    t: "health",
    memory,
    ...(unhealthy === null ? {} : { unhealthy }),
    ...(impaired === null ? {} : { impaired }),
  };
}
