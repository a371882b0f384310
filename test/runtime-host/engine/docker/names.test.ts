// Names, labels, images, settings: what Docker is told.

import { describe, expect, it } from "vitest";
import { imagesByKind, type LocalImage, opaqueName } from "../../../../runtime-host/engine/docker/names.ts";
import { createOptions } from "../../../../runtime-host/engine/docker/settings.ts";

const spec = { number: 7, kind: "nodejs:20", memory: 256 };

it("a container's name is its own, and says nothing", () => {
  const names = Array.from({ length: 100 }, opaqueName);
  expect(new Set(names).size).toBe(100);
  for (const name of names) expect(name).toMatch(/^edgewhisk-[0-9a-f]{16}$/);
});

describe("the image of a kind", () => {
  const image = (id: string, tags: string[], kind?: string, created = 1): LocalImage => ({
    id,
    tags,
    created,
    labels: kind === undefined ? {} : { "io.edgewhisk.kind": kind },
  });
  const wanted = { prefix: "registry.example/edgewhisk/action-", tag: "v1" };

  it("is the configured name, else the newest of its label, else OpenWhisk's own", () => {
    const upstream = image("u", ["openwhisk/action-nodejs-v20:nightly"]);
    const older = image("o", ["registry.example/edgewhisk/action-nodejs-20:aaa"], "nodejs:20", 1);
    const newer = image("n", ["registry.example/edgewhisk/action-nodejs-20:bbb"], "nodejs:20", 2);
    const configured = image("c", ["registry.example/edgewhisk/action-nodejs-20:v1"], "nodejs:20", 0);
    const digest = (list: LocalImage[]) => imagesByKind(list, wanted).get("nodejs:20")?.digest;
    expect(digest([upstream])).toBe("u");
    expect(digest([older, upstream, newer])).toBe("n");
    expect(digest([newer, configured, older])).toBe("c");
    expect(digest([image("x", ["something/else:1"])])).toBeUndefined();
  });

  it("is trusted to need no privilege only if it is ours", () => {
    const kinds = imagesByKind(
      [
        image("u", ["openwhisk/action-python-v3.11:latest"]),
        image("n", ["registry.example/edgewhisk/action-x:b"], "nodejs:24"),
      ],
      wanted,
    );
    expect(kinds.get("python:3.11")).toMatchObject({ own: false, image: "openwhisk/action-python-v3.11:latest" });
    expect(kinds.get("nodejs:24")).toMatchObject({ own: true, image: "registry.example/edgewhisk/action-x:b" });
  });

  it("is never one that merely carries the label: anybody can have such an image pulled", () => {
    const pulled = [image("a", ["evil/nodejs:1"], "nodejs:20", 9), image("b", [], "nodejs:20", 9)];
    expect(imagesByKind(pulled, wanted).get("nodejs:20")).toBeUndefined();
  });
});

it("gives CPU by memory and a quota of disk where they are configured", () => {
  const settings = {
    host: { name: "h", boot: "b" },
    image: "i",
    own: false,
    network: "n",
    apiHost: "http://a",
    pids: 64,
    cpuShares: 0,
    names: null,
    hosts: ["api.example:10.0.0.7"],
    seccomp: true,
  };
  expect(createOptions(spec, settings).HostConfig?.CpuShares).toBeUndefined();
  expect(createOptions(spec, { ...settings, cpuShares: 100 }).HostConfig?.CpuShares).toBe(200);
  expect(createOptions(spec, { ...settings, disk: 64 }).HostConfig?.StorageOpt).toBeUndefined();
  expect(createOptions(spec, { ...settings, disk: 64, quota: true }).HostConfig?.StorageOpt).toEqual({
    size: String(64 * 1024 * 1024),
  });
  expect(createOptions(spec, settings).HostConfig?.ExtraHosts).toEqual(["api.example:10.0.0.7"]);
  expect(createOptions(spec, settings).HostConfig?.CapDrop).toEqual(["NET_RAW", "NET_ADMIN"]);
  expect(createOptions(spec, { ...settings, seccomp: false }).HostConfig?.SecurityOpt).toEqual(["no-new-privileges"]);
});

it("shows a container the name servers it is to ask, also in a sandbox", () => {
  const sandbox = {
    id: "s",
    made: 0,
    address: "172.18.0.2",
    files: { "/etc/resolv.conf": "/engine/resolv", "/etc/hosts": "/h" },
  };
  const base = { host: { name: "h", boot: "b" }, image: "i", own: true, network: "n", apiHost: "http://a", pids: 64 };
  const settings = { ...base, cpuShares: 0, hosts: [], seccomp: true };
  const files = (names: string | null, within: typeof sandbox | null) =>
    createOptions(spec, { ...settings, names, sandbox: within }).HostConfig?.Mounts?.map((each) => [
      each.Target,
      each.Source,
      each.ReadOnly,
    ]);
  const ours = ["/etc/resolv.conf", "/state/resolv.conf", true];
  expect(files("/state/resolv.conf", null)).toEqual([ours]);
  expect(files("/state/resolv.conf", sandbox)).toEqual([ours, ["/etc/hosts", "/h", true]]);
  expect(files(null, sandbox)).toEqual([
    ["/etc/resolv.conf", "/engine/resolv", true],
    ["/etc/hosts", "/h", true],
  ]);
});
