// Whether a run can be given to this host at all, and what it needs there. Pure.

import type { About } from "../../src/entities/activation.ts";
import { BLACKBOX, perContainer } from "../../src/entities/runtimes.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { HostReport } from "../../src/protocol/messages.ts";
import type { Need } from "./capacity.ts";

export function needOf(invocation: Invocation): Need {
  return need(invocation.about, invocation.revision);
}

/** Of a run found at the host: its revision is not known, so it shares no container with new ones. */
export function needFound(about: About, memory: number): Need {
  return { ...need(about, `found:${about.version}`), memory };
}

/** Why this host cannot take it whatever its load, or undefined. */
export function unsuited(report: HostReport, kind: string): string | undefined {
  if (report.unhealthy !== undefined) return `the host is unhealthy: ${report.unhealthy}`;
  if (kind === BLACKBOX) return report.blackbox ? undefined : "the host takes no black box images";
  for (const runtime of report.runtimes) if (runtime.kind === kind) return undefined;
  return `the host has no runtime for ${kind}`;
}

function need(about: About, revision: string): Need {
  const { memory } = about.limits;
  return { pool: `${about.namespaceId} ${about.path} ${revision}`, memory, concurrency: perContainer(about) };
}
