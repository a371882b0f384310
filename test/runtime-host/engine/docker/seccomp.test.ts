import { describe, expect, it } from "vitest";
import { SECCOMP } from "../../../../runtime-host/engine/docker/seccomp.ts";

interface Rule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo?: number; op: string }[];
}

const { defaultAction, syscalls } = JSON.parse(SECCOMP.slice("seccomp=".length)) as {
  defaultAction: string;
  syscalls: Rule[];
};
const rulesOf = (name: string) => syscalls.filter((each) => each.names.includes(name));

describe("the system calls of a container", () => {
  it("are refused unless they are listed, and each is listed once", () => {
    expect(defaultAction).toBe("SCMP_ACT_ERRNO");
    const free = syscalls.filter((each) => each.args === undefined).flatMap((each) => each.names);
    expect(free.length).toBeGreaterThan(300);
    expect(free.filter((name, at) => free.indexOf(name) !== at)).toEqual([]);
    expect(free.filter((name) => !/^[a-z_][a-z0-9_]*$/.test(name))).toEqual([]);
  });

  it.each([
    "io_uring_setup",
    "unshare",
    "setns",
    "mount",
    "bpf",
    "perf_event_open",
    "keyctl",
    "kexec_load",
    "socketcall",
  ])("do not hold %s", (name) => expect(rulesOf(name)).toEqual([]));

  it("open no socket to the hypervisor, and no namespace", () => {
    expect(rulesOf("socket")).toMatchObject([{ args: [{ index: 0, value: 40, op: "SCMP_CMP_NE" }] }]);
    const [clone] = rulesOf("clone");
    const mask = clone?.args?.[0]?.value ?? 0;
    // CLONE_NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWCGROUP
    for (const flag of [0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x2000000]) {
      expect(mask & flag, flag.toString(16)).toBe(flag);
    }
    expect(clone?.args?.[0]).toMatchObject({ valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" });
    expect(rulesOf("clone3"), "its callers must go on with clone").toMatchObject([{ errnoRet: 38 }]);
  });
});
