// Upstream's system metrics: each of its markers is told under its name, or src/metrics/UPSTREAM.md says why not.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HostMetrics } from "../../runtime-host/metrics/host-metrics.ts";
import { PoolState } from "../../runtime-host/pool/pool-state.ts";
import { ActivationCounts } from "../../src/metrics/activations.ts";
import { FAMILIES, type FamilyName } from "../../src/metrics/families.ts";
import { Meter } from "../../src/metrics/meter.ts";
import { SeriesBook } from "../../src/metrics/series-book.ts";
import { ended } from "./ended.ts";

const DOCUMENT = readFileSync(new URL("../../src/metrics/UPSTREAM.md", import.meta.url), "utf8");
/** What upstream has, by its own names. */
const MARKERS = [
  ...["startup", "activation", "blockingActivation", "blockingActivationDatabaseRetrieval"].map(of("controller")),
  ...["loadbalancer", "kafka", "managedInvokerSystemOverload", "blackBoxInvokerSystemOverload"].map(of("controller")),
  ...["activations", "activationsInflight", "memoryManagedInflight", "memoryBlackboxInflight", "invokerState"].map(
    of("loadbalancer"),
  ),
  ...["regular", "forced", "healthcheck", "regularAfterForced", "forcedAfterRegular"].map(of("completionAck")),
  ...["Managed", "BlackBox"].flatMap((pool) => [
    ...["Healthy", "Unhealthy", "Unresponsive", "Offline"].map((state) => `total${state}Invoker${pool}`),
    `totalCapacity${pool}`,
  ]),
  ...["startup", "activationInit", "activationRun", "collectLogs"].map(of("invoker")),
  ...["docker.<cmd>", "runc.<cmd>", "kubeapi.<cmd>", "containerStart", "containerHealth", "sharedPackage"],
  ...["rescheduledActivation", "runBufferCount", "runBufferSize", "activeCount", "activeSize", "prewarmCount"],
  ...["prewarmSize", "idlesCount", "idlesSize", "prewarmColdstart", "prewarmExpired"],
  ...["cacheHit", "cacheMiss", "saveDocument", "saveDocumentBulk", "deleteDocument", "getDocument"].map(of("database")),
  ...["queryView", "getDocumentAttachment", "saveDocumentAttachment", "deleteDocumentAttachment"].map(of("database")),
  ...["deleteDocumentAttachments", "batchSize"].map(of("database")),
  "http_<method>.<status>",
];

function of(component: string): (name: string) => string {
  return (name) => `${component}_${name}`;
}

const rows = DOCUMENT.split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter(([, marker = ""]) => marker.startsWith("`"))
  .map(([, marker = "", here = "", what = ""]) => ({ marker, here, what }));

describe("upstream's system metrics", () => {
  it("have a row for each marker, with its name here or the reason why there is none", () => {
    for (const marker of MARKERS) expect(rows.map((row) => row.marker)).toContain(`\`${marker}\``);
    expect(rows.filter(({ here, what }) => here === "no" && what.length < 20)).toEqual([]);
    expect(rows.filter(({ here }) => here !== "no" && !here.startsWith("`"))).toEqual([]);
  });

  it("are all told where the document says so, in a text that has them", async () => {
    const meter = new Meter();
    for (const { name, type, labels } of FAMILIES) {
      const values = labels.map((label) => (label === "method" ? "GET" : "1"));
      if (type === "histogram") meter.observe(name as FamilyName, values, 1);
      else meter.count(name as FamilyName, values);
    }
    const kept = { groups: new Map(), sources: new Map(), stores: new Map(), schedulers: new Map() };
    const book = new SeriesBook(kept);
    book.apply({ source: "s", number: 1, changes: meter.take() }, 0);
    const platform = book.expose({ openMetrics: false, hosts: [] }, 0);

    const metrics = new HostMetrics();
    const state = new PoolState({
      ...{ memoryMb: 1_024, idleShare: 0.5, containers: 10, creations: 2, waiting: 10, patienceMs: 500 },
      ...{ pauseGraceMs: 1_000, idleTimeoutMs: 60_000 },
    });
    metrics.ofPool({
      ...{ engine: "docker", blackbox: false, memory: 512, run: () => undefined, runtimes: () => [] },
      ...{
        unhealthy: () => null,
        stats: () => state.figures(),
        sizes: () => state.sizes(),
        stop: async () => undefined,
      },
    });
    const told = `${platform}\n${await metrics.registry.metrics()}`;
    const names = rows.flatMap(({ here }) => [...here.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ""));
    expect(names.length).toBeGreaterThan(60);
    expect(names.filter((name) => !told.includes(`# TYPE ${name} `))).toEqual([]);
  });

  it("of HTTP are a counter and a histogram for each method, by status code", () => {
    const meter = new Meter();
    meter.count("edgewhisk_http_requests_total", ["GET", "200"], 3);
    meter.count("edgewhisk_http_requests_total", ["GET", "404"]);
    meter.count("edgewhisk_http_requests_total", ["POST", "200"]);
    meter.observe("edgewhisk_http_request_seconds", ["POST", "200"], 0.2);
    const kept = { groups: new Map(), sources: new Map(), stores: new Map(), schedulers: new Map() };
    const book = new SeriesBook(kept);
    book.apply({ source: "s", number: 1, changes: meter.take() }, 0);
    const lines = book.expose({ openMetrics: false, hosts: [] }, 0).split("\n");
    expect(lines).toContain('counter_http_get_counter_total{statusCode="200"} 3');
    expect(lines).toContain('counter_http_get_counter_total{statusCode="404"} 1');
    expect(lines).toContain('counter_http_post_counter_total{statusCode="200"} 1');
    expect(lines).toContain('histogram_http_post_counter_seconds_count{statusCode="200"} 1');
  });

  it("count activations of another namespace's package by that, bounded, and forget them with its namespace", () => {
    const meter = new Meter();
    const call = (path: string, namespace = "guest") => {
      const { record, about } = ended({ action: "a" });
      new ActivationCounts(meter).ended(record, { ...about, path, namespace });
    };
    call("team/tools/a");
    call("team/tools/b");
    call("guest/own/a");
    call("team/a");
    const kept = { groups: new Map(), sources: new Map(), stores: new Map(), schedulers: new Map() };
    const book = new SeriesBook(kept);
    book.apply({ source: "s", number: 1, changes: meter.take() }, 0);
    const text = () => book.expose({ openMetrics: false, hosts: [] }, 0);
    expect(text().match(/^counter_invoker_sharedPackage.*$/gm)).toEqual([
      'counter_invoker_sharedPackage_counter_total{path="team/tools"} 2',
    ]);
    for (let number = 0; number < 3_000; number++) call(`far-${number}/tools/a`);
    book.apply({ source: "s", number: 2, changes: meter.take() }, 0);
    expect(text().match(/^counter_invoker_sharedPackage.*$/gm)?.length).toBeLessThan(1_010);
    book.apply({ source: "s", number: 3, changes: [], gone: [{ namespace: "team" }] }, 0);
    expect(text()).not.toContain('path="team/tools"');
  });
});

describe("what a pool tells of itself", () => {
  const state = new PoolState(
    {
      ...{ memoryMb: 1_024, idleShare: 0.5, containers: 10, creations: 2, waiting: 10, patienceMs: 500 },
      ...{ pauseGraceMs: 1_000, idleTimeoutMs: 60_000 },
    },
    [{ runtime: "nodejs:24", memory: 256, count: 1 }],
  );

  it("is who waits, what is held, and what has happened", () => {
    const blank = state.add({ runtime: "nodejs:24", memory: 256, key: null, now: 0 });
    state.move(blank, "ready", 0);
    const busy = state.add({ runtime: "nodejs:24", memory: 256, key: "a", now: 0 });
    state.move(busy, "busy", 0);
    state.add({ runtime: "nodejs:24", memory: 128, key: "b", now: 0 });
    state.again({ key: "a", runtime: "nodejs:24", memory: 256, since: 0 });
    const { tally, ...sizes } = state.sizes();
    expect(sizes).toEqual({
      waiting: { count: 1, mb: 256 },
      active: { count: 2, mb: 384 },
      prewarmed: { count: 1, mb: 256 },
      idle: { count: 0, mb: 0 },
    });
    expect(tally.rescheduled).toBe(1);
    expect([...tally.prewarmColdstart.values()]).toEqual([{ runtime: "nodejs:24", memory: 256, count: 1 }]);
    state.move(blank, "removing", 1);
    state.remove(blank);
    state.move(busy, "idle", 1);
    const failed = state.add({ runtime: "nodejs:24", memory: 256, key: null, now: 0 });
    state.remove(failed);
    const after = state.sizes();
    expect([...after.tally.prewarmExpired.values()]).toEqual([{ runtime: "nodejs:24", memory: 256, count: 1 }]);
    expect(after.idle).toEqual({ count: 1, mb: 256 });
  });
});
