import { describe, expect, it } from "vitest";
import { healthMessage, stuck } from "../../../runtime-host/runs/health.ts";

const sources = (outbox: string | null, ailing: string | null, containers: string | null) => ({
  outbox: { blocked: () => outbox },
  ailing: () => ailing,
  containers: { unhealthy: () => containers, impaired: () => null },
});

describe("why a host takes nothing", () => {
  it("is the first of outbox, machine and engine, since what cannot be kept must not be run", () => {
    expect(stuck(sources("outbox full", "disk full", "engine gone"))).toBe("outbox full");
    expect(stuck(sources(null, "disk full", "engine gone"))).toBe("disk full");
    expect(stuck(sources(null, null, "engine gone"))).toBe("engine gone");
    expect(stuck(sources(null, null, null))).toBeNull();
  });

  it("is told with what is impaired, and neither where all is well", () => {
    const containers = { unhealthy: () => null, impaired: () => "no pulls" as string | null };
    const all = healthMessage({ memory: 512, containers }, "draining");
    expect(all).toEqual({ t: "health", memory: 512, unhealthy: "draining", impaired: "no pulls" });
    containers.impaired = () => null;
    expect(healthMessage({ memory: 512, containers }, null)).toEqual({ t: "health", memory: 512 });
  });
});
