import { describe, expect, it } from "vitest";
import { HostReporter } from "../../runtime-host/host-report.ts";
import type { RuntimeReport } from "../../src/protocol/messages.ts";

const NODE: RuntimeReport = { kind: "nodejs:24", image: "edgewhisk/action-nodejs-24:dev", digest: "sha256:1" };

function reporterOf(labels: string[] = []) {
  const containers = {
    engine: "docker",
    blackbox: true,
    kinds: [NODE],
    why: null as string | null,
    runtimes: () => containers.kinds,
    impaired: () => containers.why,
  };
  const config = { name: "h1", build: "1.0.0+abc", labels };
  return { containers, reporter: new HostReporter(config, { boot: "b1", memory: 512, containers }) };
}

describe("what a host says of itself", () => {
  it("names process, shard, build and runtimes, and nothing that is not so", () => {
    const { reporter } = reporterOf();
    const report = reporter.report(2, { epoch: 7, unhealthy: null });
    expect(report).toMatchObject({ host: "h1", boot: "b1", shard: 2, epoch: 7, build: "1.0.0+abc", memory: 512 });
    expect(report.runtimes).toEqual([NODE]);
    for (const absent of ["labels", "unhealthy", "impaired", "security"]) expect(report).not.toHaveProperty(absent);
  });

  it("tells labels, why it takes nothing, and what does not work though the rest does", () => {
    const { containers, reporter } = reporterOf(["gpu"]);
    containers.why = "registry.example: no route";
    expect(reporter.report(0, { epoch: 0, unhealthy: "draining" })).toMatchObject({
      labels: ["gpu"],
      unhealthy: "draining",
      impaired: "registry.example: no route",
    });
  });

  it("is outdated until it is said, and again when the runtimes are others", () => {
    const { containers, reporter } = reporterOf();
    expect(reporter.outdated()).toBe(true);
    reporter.report(0, { epoch: 0, unhealthy: null });
    expect(reporter.outdated()).toBe(false);
    containers.why = "registry.example: no route";
    expect(reporter.outdated()).toBe(false);
    containers.kinds = [{ ...NODE, digest: "sha256:2" }];
    expect(reporter.outdated()).toBe(true);
    reporter.report(1, { epoch: 0, unhealthy: null });
    expect(reporter.outdated()).toBe(false);
  });
});
