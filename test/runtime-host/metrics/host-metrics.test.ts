// A host's metrics: what is counted of runs and of the engine, and who may ask for it.

import { afterEach, describe, expect, it } from "vitest";
import { parseHostConfig } from "../../../runtime-host/config.ts";
import type { Containers, Job, RunListener } from "../../../runtime-host/container/contract.ts";
import type { Engine, EngineContainer } from "../../../runtime-host/engine/engine.ts";
import { HostMetrics } from "../../../runtime-host/metrics/host-metrics.ts";
import { type MetricsServer, serveMetrics } from "../../../runtime-host/metrics/server.ts";

const ENV = { EDGEWHISK_URL: "http://127.0.0.1:1", EDGEWHISK_TOKEN: `ewh.h.${"a".repeat(43)}` };
let server: MetricsServer | null = null;

afterEach(() => {
  server?.close();
  server = null;
});

const pool = (run: Containers["run"]): Containers => ({
  ...{ engine: "process", blackbox: false, memory: 512, run, runtimes: () => [], unhealthy: () => null },
  stats: () => ({ running: 1, warm: 2, prewarmed: 0, paused: 0, memoryUsed: 256 }),
  stop: async () => undefined,
});

describe("a host's metrics", () => {
  it("count runs by how their container started, and pass everything on", async () => {
    const metrics = new HostMetrics();
    const outcome = { statusCode: 0 as const, result: "{}" };
    const answer = { outcome, duration: 300, timedOut: false, ran: true, endedAt: 0 };
    const counted = metrics.ofPool(
      pool((job, listener) => {
        if (job.id.startsWith("busy")) return listener.refused(job, "busy");
        listener.answered(job, job.id.startsWith("cold") ? { ...answer, initTime: 200 } : answer);
        listener.collected(job, { lines: "[]" });
      }),
    );
    const heard: string[] = [];
    const listener: RunListener = {
      answered: (job) => void heard.push(`answered ${job.id}`),
      collected: (job) => void heard.push(`collected ${job.id}`),
      refused: (job, reason) => void heard.push(`${reason} ${job.id}`),
    };
    for (const id of ["cold", "warm", "busy"]) counted.run({ id } as Job, listener);
    expect(heard).toEqual(["answered cold", "collected cold", "answered warm", "collected warm", "busy busy"]);
    const text = await metrics.registry.metrics();
    expect(text).toContain('counter_invoker_containerStart_counter_total{containerState="cold"} 1\n');
    expect(text).toContain('counter_invoker_containerStart_counter_total{containerState="warmed"} 1\n');
    expect(text).toContain("histogram_invoker_activationInit_finish_seconds_sum 0.2\n");
    expect(text).toContain("histogram_invoker_collectLogs_finish_seconds_count 2\n");
    expect(text).toContain('edgewhisk_host_refused_total{reason="busy"} 1\n');
    expect(text).toContain('edgewhisk_pool_containers{state="warm"} 2\n');
    expect(text).toContain('edgewhisk_pool_memory_bytes{of="all"} 536870912\n');
  });

  it("time the engine's commands, and tell what containers hold by whose they are, bounded", async () => {
    const metrics = new HostMetrics();
    metrics.ofPool(pool(() => undefined));
    let paused = 0;
    const container = {
      id: "none",
      pause: async () => void paused++,
      remove: async () => undefined,
      residentMb: () => 10,
    } as unknown as EngineContainer;
    const engine = metrics.ofEngine({
      name: "docker",
      create: async () => ({ ok: true, container }),
    } as unknown as Engine);
    const owner = (action: string) => ({ namespaceId: "n", namespace: 'n"\n', action, revision: "r" });
    const sink = { output: () => undefined, ended: () => undefined };
    const makes = Array.from({ length: 250 }, (_, number) =>
      engine.create({ number, kind: "k", memory: 128, owner: owner(`a${number}`) }, sink),
    );
    const [first] = await Promise.all(makes);
    if (first?.ok !== true) throw new Error("it was not made");
    await first.container.pause();
    expect(paused).toBe(1);
    const text = await metrics.registry.metrics();
    expect(text.match(/^edgewhisk_container_memory_bytes\{/gm)).toHaveLength(201);
    expect(text).toContain('edgewhisk_container_memory_bytes{namespace="n\\"\\n",action="a0"} 10485760\n');
    expect(text).toContain('edgewhisk_container_memory_bytes{namespace="other",action="other"} 524288000\n');
    expect(text).toContain('edgewhisk_engine_seconds_count{command="create",result="ok"} 250\n');
    await first.container.remove();
    expect(await metrics.registry.metrics()).not.toContain('action="a0"} 10485760');
  });

  it("are told to who has the token", async () => {
    const { registry } = new HostMetrics();
    server = await serveMetrics({ address: "127.0.0.1", port: 0, token: "secret" }, registry);
    const url = `http://127.0.0.1:${server.port}/metrics`;
    const ask = async (authorization?: string) =>
      (await fetch(url, authorization === undefined ? {} : { headers: { authorization } })).status;
    expect(await ask()).toBe(401);
    expect(await ask("Bearer wrong")).toBe(401);
    expect(await ask("Bearer secret")).toBe(200);
    expect(await (await fetch(`http://127.0.0.1:${server.port}/ping`)).text()).toBe("pong");
    expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404);
    await expect(serveMetrics({ address: "127.0.0.1", port: server.port, token: null }, registry)).rejects.toThrow(
      /^The metrics cannot be served: .*EADDRINUSE/,
    );
  });

  it.each([
    ["127.0.0.1:9464", {}, { address: "127.0.0.1", port: 9464, token: null }],
    ["[::1]:9464", {}, { address: "::1", port: 9464, token: null }],
    ["0.0.0.0:9464", { EDGEWHISK_METRICS_TOKEN: "t" }, { address: "0.0.0.0", port: 9464, token: "t" }],
    ["0.0.0.0:9464", {}, /takes EDGEWHISK_METRICS_TOKEN/],
    ["9464", {}, /expected an address and a port/],
    ["127.0.0.1:99999", {}, /expected an address and a port/],
    ["localhost:1", {}, /expected an address and a port/],
  ])("at %s with %o: %o", (listen, env, expected) => {
    const parsed = parseHostConfig(["--metrics", listen], { ...ENV, ...env });
    if (parsed.kind === "config") expect(parsed.config.metrics).toEqual(expected);
    else expect(parsed).toEqual({ kind: "error", message: expect.stringMatching(expected as RegExp) });
  });
});
