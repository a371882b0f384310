// What comes with each call is counted without looking for its series, making a text, or sending anything.

import { describe, expect, it } from "vitest";
import { SchedulerCounts } from "../../durable-objects/scheduler/scheduler-counts.ts";
import { ActivationCounts } from "../../src/metrics/activations.ts";
import { MetricCounter, MetricGauge, MetricHistogram } from "../../src/metrics/instruments.ts";
import { Meter } from "../../src/metrics/meter.ts";
import { MetricsSender, ROUND_MS } from "../../src/metrics/sender.ts";
import type { MetricChange, MetricsBatch } from "../../src/protocol/metrics.ts";
import { IsolateMetrics } from "../../src/services/isolate-metrics.ts";
import { ended } from "./ended.ts";

const CALLS = 10_000;

/** Counts how often a series is looked for by its labels. */
class WatchedMeter extends Meter {
  looked = 0;

  override change(...given: Parameters<Meter["change"]>): MetricChange | null {
    this.looked++;
    return super.change(...given);
  }
}

function countedIn(changes: readonly MetricChange[], family: string, ...labels: string[]): unknown {
  return changes.find((each) => each.family === family && labels.every((label) => each.labels.includes(label)))?.value;
}

describe("an instrument", () => {
  it("looks for its series once in a round, and adds to that round alone", () => {
    const meter = new WatchedMeter();
    const starts = new MetricCounter(meter, "edgewhisk_starts_total", ["warm"]);
    for (let at = 0; at < CALLS; at++) starts.add();
    expect(meter.looked).toBe(1);
    const first = meter.take();
    starts.add(3);
    expect(countedIn(first, "edgewhisk_starts_total")).toBe(CALLS);
    expect(countedIn(meter.take(), "edgewhisk_starts_total")).toBe(3);
    expect(meter.looked).toBe(2);
    expect(meter.take()).toEqual([]);
  });

  it("adds to the same series as whoever counts it by its labels", () => {
    const meter = new Meter();
    new MetricCounter(meter, "edgewhisk_starts_total", ["warm"]).add();
    meter.count("edgewhisk_starts_total", ["warm"], 2);
    new MetricHistogram(meter, "edgewhisk_handover_lag_seconds", ["d1"]).observe(2.5);
    meter.observe("edgewhisk_handover_lag_seconds", ["d1"], 4_000);
    new MetricGauge(meter, "openwhisk_action_memory", ["guest", "guest", "a"]).set(256);
    new MetricGauge(meter, "openwhisk_action_memory", ["guest", "guest", "a"]).set(128);
    const changes = meter.take();
    expect(changes).toHaveLength(3);
    expect(countedIn(changes, "edgewhisk_starts_total")).toBe(3);
    // A bound is within its bucket; what is beyond all has one of its own.
    expect(countedIn(changes, "edgewhisk_handover_lag_seconds")).toEqual({
      buckets: [0, 1, 0, 0, 0, 0, 1],
      sum: 4_002.5,
    });
    expect(countedIn(changes, "openwhisk_action_memory")).toBe(128);
  });
});

describe("a store", () => {
  it("looks for the series of an action once in a round, however many of its activations end", () => {
    const meter = new WatchedMeter();
    const counts = new ActivationCounts(meter);
    const seen: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < CALLS; at++) {
        const { record, about } = ended({ action: "a", result: '{"statusCode":200}' });
        counts.ended(record, about);
      }
      const changes = meter.take();
      expect(countedIn(changes, "openwhisk_action_activations_total")).toBe(CALLS);
      expect(countedIn(changes, "openwhisk_action_duration_seconds")).toMatchObject({
        sum: expect.closeTo(0.02 * CALLS),
      });
      seen.push(meter.looked - changes.length);
      meter.looked = 0;
    }
    expect(seen).toEqual([0, 0, 0]);
  });

  it("tells apart who calls, and what the action is after a change", () => {
    const meter = new Meter();
    const counts = new ActivationCounts(meter);
    const { record, about } = ended({ action: "a" });
    const larger = { ...about, limits: { ...about.limits, memory: 512 } };
    for (const each of [about, { ...about, namespace: "team" }, about, larger, { ...about, kind: "python:3" }, about])
      counts.ended(record, each);
    const changes = meter.take();
    const family = "openwhisk_action_activations_total";
    const told = changes.filter((each) => each.family === family).map(({ labels, value }) => [labels.join(" "), value]);
    expect(told).toEqual([
      ["guest guest a nodejs:20 256", 3],
      ["guest team a nodejs:20 256", 1],
      ["guest guest a nodejs:20 512", 1],
      ["guest guest a python:3 256", 1],
    ]);
  });

  it("tells statuses and status codes apart that take turns", () => {
    const meter = new Meter();
    const counts = new ActivationCounts(meter);
    for (const code of [200, 404, 200, 99_999]) {
      const { record, about } = ended({
        action: "a",
        statusCode: code === 404 ? 1 : 0,
        result: `{"statusCode":${code}}`,
      });
      counts.ended(record, about);
    }
    const changes = meter.take();
    const codes = changes.filter((each) => each.family === "openwhisk_action_status_code");
    expect(codes.map(({ labels, value }) => [labels[3], value])).toEqual([
      ["200", 2],
      ["404", 1],
      ["400", 1],
    ]);
    expect(countedIn(changes, "openwhisk_action_status", "application_error")).toBe(1);
    expect(countedIn(changes, "openwhisk_action_status", "success")).toBe(3);
  });
});

describe("warm calls", () => {
  it("are counted in their isolate without a message, and their batches are small and as many as rounds", async () => {
    const sent: MetricsBatch[] = [];
    const plans: Promise<unknown>[] = [];
    const counted = new IsolateMetrics("i", () => ({ push: async (batch) => void sent.push(batch) }));
    for (let at = 0; at < CALLS; at++) {
      const calls = counted.calls((work) => void plans.push(work));
      calls.looked(true);
      calls.handedOver(3, { blocking: true });
      calls.ended(2);
      counted.answered({ method: "POST", status: 200, ms: 5 }, (work) => void plans.push(work));
    }
    expect(sent).toEqual([]);
    // One timer for all of them.
    expect(plans).toHaveLength(1);
    await counted.send();
    expect(sent).toHaveLength(1);
    const [batch] = sent;
    expect(JSON.stringify(batch).length).toBeLessThan(2_000);
    expect(countedIn(batch?.changes ?? [], "edgewhisk_http_requests_total", "POST", "200")).toBe(CALLS);
    expect(countedIn(batch?.changes ?? [], "counter_database_cacheHit_counter_total")).toBe(CALLS);
  });

  it("send one batch in a round from their store and their scheduler, however many they are", async () => {
    const sent: MetricsBatch[] = [];
    const state = { now: 0 };
    const due: { at: number; work: () => Promise<void> }[] = [];
    const meter = new WatchedMeter();
    const sender = new MetricsSender("s", {
      meter,
      ports: {
        push: async (batch) => void sent.push(batch),
        now: () => state.now,
        plan: (ms, work) => due.push({ at: state.now + ms, work }),
        warn: (text) => {
          throw new Error(text);
        },
      },
    });
    const counts = new ActivationCounts(meter);
    const acks = new SchedulerCounts(() => sender);
    const minutes = 10;
    for (; state.now < minutes * 60_000; state.now += 10) {
      while (due[0] !== undefined && due[0].at <= state.now) await due.shift()?.work();
      const { record, about } = ended({ action: "a" });
      counts.ended(record, about);
      acks.acked("regular");
      sender.touch();
    }
    const rounds = (minutes * 60_000) / ROUND_MS;
    expect(sent.length).toBeLessThanOrEqual(rounds + 1);
    expect(sent.length).toBeGreaterThanOrEqual(rounds - 1);
    const series = Math.max(...sent.map(({ changes }) => changes.length));
    expect(meter.looked).toBeLessThanOrEqual((rounds + 2) * series);
    for (const batch of sent) expect(JSON.stringify(batch).length).toBeLessThan(2_000);
  });
});
