// Which facts make which level, and how a host says that it is not enough.

import { expect, it } from "vitest";
import {
  type EngineFacts,
  falls,
  LEVELS,
  PROCESS_SECURITY,
  securityOf,
} from "../../../runtime-host/engine/security-level.ts";

const ALL: EngineFacts = {
  engine: "docker 28",
  cgroup: 2,
  limits: true,
  seccomp: true,
  firewall: true,
  userNamespaces: true,
  diskQuota: true,
};

it("is the highest level of which nothing is missing, nor of those below", () => {
  const level = (changes: Partial<EngineFacts>) => securityOf({ ...ALL, ...changes }).level;
  expect(level({})).toBe("strict");
  expect(level({ cgroup: 1 })).toBe("confined");
  expect(level({ userNamespaces: "no" })).toBe("confined");
  expect(level({ diskQuota: "no" })).toBe("confined");
  expect(level({ firewall: "no" })).toBe("containers");
  expect(level({ seccomp: "no" })).toBe("containers");
  expect(level({ limits: "no" })).toBe("none");
});

it("names what is missing, for each level", () => {
  const report = securityOf({ ...ALL, cgroup: 1, firewall: "iptables is not there" });
  expect(report).toMatchObject({ level: "containers", firewall: false, seccomp: true, diskQuota: true });
  expect(report.lacks).toEqual([
    "confined: firewall (iptables is not there)",
    "strict: cgroup v2 (the engine uses cgroup v1)",
  ]);
});

it("is refused in one sentence that names what is missing up to the level asked for", () => {
  const report = securityOf({ ...ALL, cgroup: 1, firewall: "iptables is not there" });
  for (const enough of ["none", "containers"] as const) expect(falls(report, enough)).toBeNull();
  expect(falls(report, "confined")).toBe(
    'This host reaches security level "containers", and --require-level asks for "confined"; it lacks firewall (iptables is not there).',
  );
  expect(falls(report, "strict")).toContain("it lacks firewall (iptables is not there), cgroup v2 (");
  for (const level of LEVELS.slice(1)) expect(falls(PROCESS_SECURITY, level)).toContain("an engine that isolates");
});
