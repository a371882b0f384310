// How well an engine holds actions: facts in, level and what it lacks out. Pure. What each level promises: SECURITY.md.

import type { SecurityReport } from "../../src/protocol/messages.ts";

export type Level = SecurityReport["level"];
export const LEVELS: readonly Level[] = ["none", "containers", "confined", "strict"];

/** Each as `true`, or as the reason why not. */
export interface EngineFacts {
  /** Name and version. */
  engine: string;
  cgroup: number;
  limits: true | string;
  seccomp: true | string;
  firewall: true | string;
  userNamespaces: true | string;
  diskQuota: true | string;
}

const NEEDS: Record<Exclude<Level, "none">, (facts: EngineFacts) => [string, true | string][]> = {
  containers: (facts) => [["limits", facts.limits]],
  confined: (facts) => [
    ["seccomp", facts.seccomp],
    ["firewall", facts.firewall],
  ],
  strict: (facts) => [
    ["user namespaces", facts.userNamespaces],
    ["cgroup v2", facts.cgroup === 2 ? true : `the engine uses cgroup v${facts.cgroup}`],
    ["disk quota", facts.diskQuota],
  ],
};

export function securityOf(facts: EngineFacts): SecurityReport {
  let level: Level = "none";
  const lacks: string[] = [];
  for (const next of ["containers", "confined", "strict"] as const) {
    for (const [what, state] of NEEDS[next](facts)) if (state !== true) lacks.push(`${next}: ${what} (${state})`);
    if (lacks.length === 0) level = next;
  }
  return {
    level,
    engine: facts.engine,
    cgroup: facts.cgroup,
    seccomp: facts.seccomp === true,
    firewall: facts.firewall === true,
    userNamespaces: facts.userNamespaces === true,
    diskQuota: facts.diskQuota === true,
    lacks: lacks.map((each) => each.slice(0, 300)),
  };
}

export const PROCESS_SECURITY: SecurityReport = {
  level: "none",
  engine: "process",
  cgroup: 0,
  seccomp: false,
  firewall: false,
  userNamespaces: false,
  diskQuota: false,
  lacks: ["containers: an engine that isolates (actions are child processes of the host)"],
};

/** Null if the level is reached; else why not, as one sentence. */
export function falls(report: SecurityReport, wanted: Level): string | null {
  if (LEVELS.indexOf(report.level) >= LEVELS.indexOf(wanted)) return null;
  const upTo = LEVELS.slice(1, LEVELS.indexOf(wanted) + 1);
  const lacks = report.lacks.filter((each) => upTo.some((level) => each.startsWith(`${level}: `)));
  const reasons = lacks.map((each) => each.replace(/^\w+: /, "")).join(", ");
  return `This host reaches security level "${report.level}", and --require-level asks for "${wanted}"; it lacks ${reasons}.`;
}
