// The least security level a host must have on this platform, whatever it asks of itself. Pure.

import { SECURITY_LEVELS, type SecurityLevel } from "../../src/entities/security-level.ts";
import type { HostReport } from "../../src/protocol/messages.ts";

/** Why the host takes nothing: what it says itself, else that it is below the floor; undefined: nothing. */
export function illnessOf(report: HostReport | undefined, floor: SecurityLevel | undefined): string | undefined {
  if (report === undefined || report.unhealthy !== undefined) return report?.unhealthy;
  const level = report.security?.level ?? "none";
  if (floor === undefined || SECURITY_LEVELS.indexOf(level) >= SECURITY_LEVELS.indexOf(floor)) return undefined;
  const lacks = report.security?.lacks[0];
  const how = lacks === undefined ? "" : `; it lacks: ${lacks}`;
  return `its security level is "${level}", and this platform asks for "${floor}" (HOST_SECURITY_FLOOR)${how}`;
}
