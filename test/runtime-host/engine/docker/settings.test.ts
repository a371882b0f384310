import { describe, expect, it } from "vitest";
import { SECCOMP } from "../../../../runtime-host/engine/docker/seccomp.ts";
import { type ContainerSettings, createOptions } from "../../../../runtime-host/engine/docker/settings.ts";
import type { ContainerSpec } from "../../../../runtime-host/engine/engine.ts";

const SPEC: ContainerSpec = { number: 1, kind: "nodejs:24", memory: 256 };
const SETTINGS: ContainerSettings = {
  ...{
    host: { name: "host-x", boot: "boot-y" },
    image: "sha256:1",
    own: true,
    network: "edgewhisk",
    apiHost: "http://api",
  },
  ...{ pids: 100, cpuShares: 0, seccomp: true, names: null, hosts: ["gateway:10.0.0.1"] },
};
const made = (settings: Partial<ContainerSettings> = {}, spec: Partial<ContainerSpec> = {}) =>
  createOptions({ ...SPEC, ...spec }, { ...SETTINGS, ...settings });

describe("what a container may do and use", () => {
  it("has no privilege to use, and less than Docker's set where the image is not ours", () => {
    const { HostConfig: own } = made();
    expect(own?.CapDrop).toEqual(["ALL"]);
    expect(own?.SecurityOpt).toEqual(["no-new-privileges", SECCOMP]);
    expect(own).not.toHaveProperty("CapAdd");
    expect(own).not.toHaveProperty("Privileged");
    expect(made({ own: false }).HostConfig?.CapDrop).toEqual(["NET_RAW", "NET_ADMIN"]);
    expect(made({ seccomp: false }).HostConfig?.SecurityOpt).toEqual(["no-new-privileges"]);
  });

  it("is bounded in memory without swap, processes, files and logs", () => {
    const { HostConfig } = made();
    expect(HostConfig).toMatchObject({ Memory: 256 << 20, MemorySwap: 256 << 20, PidsLimit: 100 });
    expect(HostConfig?.Ulimits).toContainEqual({ Name: "nofile", Soft: 1024, Hard: 1024 });
    expect(HostConfig?.Ulimits).toContainEqual({ Name: "core", Soft: 0, Hard: 0 });
    expect(HostConfig?.LogConfig).toMatchObject({ Type: "none" });
  });

  it("is held to its disk by the engine where that has quotas, and in each file in any case", () => {
    const bytes = 512 << 20;
    const { HostConfig } = made({ disk: 512, quota: true });
    expect(HostConfig?.StorageOpt).toEqual({ size: String(bytes) });
    expect(HostConfig?.Ulimits).toContainEqual({ Name: "fsize", Soft: bytes, Hard: bytes });
    expect(made({ disk: 512 }).HostConfig).not.toHaveProperty("StorageOpt");
    expect(made({ disk: 0, quota: true }).HostConfig).not.toHaveProperty("StorageOpt");
  });

  it("has processor shares by its memory, two at least, or the engine's default", () => {
    expect(made({ cpuShares: 100 }).HostConfig?.CpuShares).toBe(200);
    expect(made({ cpuShares: 1 }, { memory: 128 }).HostConfig?.CpuShares).toBe(2);
    expect(made().HostConfig).not.toHaveProperty("CpuShares");
  });

  it("mounts nothing of the host but what it is given: journals to write, name servers and network files to read", () => {
    expect(made().HostConfig).not.toHaveProperty("Mounts");
    const sandbox = {
      ...{ id: "s1", made: 0, address: "10.0.0.9" },
      files: { "/etc/hosts": "/engine/hosts", "/etc/resolv.conf": "/engine/resolv.conf" },
    };
    const { HostConfig, Env } = made({ sandbox, names: "/state/resolv.conf" }, { journals: ["/shm/a", "/shm/b"] });
    const mounts = (HostConfig?.Mounts ?? []).map(({ Source, Target, ReadOnly }) => [
      Source,
      Target,
      ReadOnly === true,
    ]);
    expect(mounts).toEqual([
      ["/shm/a", "/run/edgewhisk-journal-a", false],
      ["/shm/b", "/run/edgewhisk-journal-b", false],
      ["/state/resolv.conf", "/etc/resolv.conf", true],
      ["/engine/hosts", "/etc/hosts", true],
    ]);
    expect(Env).toContain("EDGEWHISK_JOURNALS=/run/edgewhisk-journal-a:/run/edgewhisk-journal-b");
    expect(HostConfig?.NetworkMode).toBe("container:s1");
    expect(HostConfig).not.toHaveProperty("ExtraHosts");
    expect(made().HostConfig).toMatchObject({ NetworkMode: "edgewhisk", ExtraHosts: ["gateway:10.0.0.1"] });
  });

  it("tells nothing by its name", () => {
    const names = [made(), made()].map(({ name }) => name);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).not.toMatch(/host-x|nodejs|boot-y/);
  });
});
