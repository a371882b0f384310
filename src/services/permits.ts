// The shares of namespaces' limits that this isolate has, over the platform.

import { PermitLeases } from "../invocation/permit-leases.ts";
import { log } from "../log.ts";
import type { Handles } from "./handles.ts";

export function permitLeases(handles: Pick<Handles, "throttle">, holder: string): PermitLeases {
  const ports = {
    throttle: (namespaceId: string) => handles.throttle(namespaceId),
    now: () => Date.now(),
    sleep: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
    warn: (text: string) => log.warn("permits", { text }),
  };
  return new PermitLeases(ports, holder);
}
