// The book of metrics: batches add up once, labels are bounded, what is gone drops out,
// and the text is what a scraper can read.

import { describe, expect, it } from "vitest";
import { ActivationCounts, userStatusCode } from "../../src/metrics/activations.ts";
import { exposition, wantsOpenMetrics } from "../../src/metrics/exposition.ts";
import { MetricGauge } from "../../src/metrics/instruments.ts";
import { Meter } from "../../src/metrics/meter.ts";
import { FIRST_MS, MetricsSender, ROUND_MS } from "../../src/metrics/sender.ts";
import { MAX_ACTIONS, SeriesBook } from "../../src/metrics/series-book.ts";
import type { MetricChange, MetricsBatch } from "../../src/protocol/metrics.ts";
import { ended } from "./ended.ts";

const DAY = 86_400_000;
const OF_ACTION = ["namespace", "initiator", "action"];
/** By their names, the labels upstream's consumers ask for. */
const UPSTREAM = {
  openwhisk_action_activations_total: [...OF_ACTION, "kind", "memory"],
  openwhisk_action_coldStarts_total: OF_ACTION,
  openwhisk_action_status: [...OF_ACTION, "status"],
  openwhisk_action_status_code: [...OF_ACTION, "status"],
  openwhisk_action_waitTime_seconds: OF_ACTION,
  openwhisk_action_initTime_seconds: OF_ACTION,
  openwhisk_action_duration_seconds: OF_ACTION,
  openwhisk_action_response_size_bytes: OF_ACTION,
  openwhisk_action_memory: OF_ACTION,
  openwhisk_action_limit_concurrent_total: ["namespace"],
  openwhisk_action_limit_timed_total: ["namespace"],
};

function fresh() {
  const kept = { groups: new Map(), sources: new Map(), stores: new Map(), schedulers: new Map() };
  const book = new SeriesBook(kept);
  let number = 0;
  return {
    kept,
    book,
    add: (changes: MetricChange[], rest: Partial<MetricsBatch> = {}, now = 0) =>
      book.apply({ source: "s", number: ++number, changes, ...rest }, now),
    text: (openMetrics = false, now = 0) => book.expose({ openMetrics, hosts: [] }, now),
  };
}

function changesOf(...each: Parameters<typeof ended>[]): MetricChange[] {
  const meter = new Meter();
  for (const given of each) {
    const { record, about } = ended(...given);
    new ActivationCounts(meter).ended(record, about);
  }
  return meter.take();
}

describe("metrics", () => {
  it("add up what different sources have counted, each batch once", () => {
    const { book, text } = fresh();
    const batch = { source: "one", number: 1, changes: changesOf([{ action: "a" }], [{ action: "a", initMs: 300 }]) };
    expect(book.apply(batch, 0)).not.toBeNull();
    expect(book.apply(batch, 0)).toBeNull();
    book.apply({ source: "two", number: 1, changes: changesOf([{ action: "a", statusCode: 1 }]) }, 0);
    const lines = text().split("\n");
    const of = 'namespace="guest",initiator="guest",action="a"';
    expect(lines).toContain(`openwhisk_action_activations_total{${of},kind="nodejs:20",memory="256"} 3`);
    expect(lines).toContain(`openwhisk_action_coldStarts_total{${of}} 1`);
    expect(lines).toContain(`openwhisk_action_status{${of},status="success"} 2`);
    expect(lines).toContain(`openwhisk_action_status{${of},status="application_error"} 1`);
    expect(lines).toContain(`openwhisk_action_initTime_seconds_bucket{${of},le="0.1"} 0`);
    expect(lines).toContain(`openwhisk_action_initTime_seconds_bucket{${of},le="0.5"} 1`);
    expect(lines).toContain(`openwhisk_action_initTime_seconds_count{${of}} 1`);
    expect(lines).toContain(`openwhisk_action_duration_seconds_count{${of}} 3`);
    expect(lines).toContain('edgewhisk_starts_total{start="warm"} 2');
  });

  it("tell so many actions apart; more are other, and what is deleted makes room", () => {
    const { add, text, kept } = fresh();
    const many = Array.from({ length: MAX_ACTIONS + 500 }, (_, at): Parameters<typeof ended> => [{ action: `a${at}` }]);
    for (let from = 0; from < many.length; from += 100) add(changesOf(...many.slice(from, from + 100)));
    expect(kept.groups.size).toBeLessThanOrEqual(MAX_ACTIONS + 2);
    const other = 'namespace="other",initiator="other",action="other"';
    expect(text()).toContain(`openwhisk_action_activations_total{${other},kind="nodejs:20",memory="256"} 500\n`);
    expect(text()).toContain('action="a0"');
    add([], { gone: [{ namespace: "guest", action: "a0" }] });
    expect(text()).not.toContain('action="a0"');
    add(changesOf([{ action: "new" }]));
    expect(text()).toContain('action="new"');
    add([], { gone: [{ namespace: "guest" }] });
    expect(text()).not.toContain('namespace="guest"');
  });

  it.each(Object.entries(UPSTREAM))("tell %s with upstream's labels", (name, labels) => {
    const { add, text } = fresh();
    const meter = new Meter();
    const { record, about } = ended({ action: "p/a", initMs: 20, result: '{"statusCode":404}' });
    new ActivationCounts(meter).ended(record, about);
    for (const each of ["concurrent", "timed"] as const) meter.count(`openwhisk_action_limit_${each}_total`, ["guest"]);
    add(meter.take());
    const [first = ""] = text().match(new RegExp(`^${name}(_bucket)?\\{.*$`, "m")) ?? [];
    const seen = [...first.matchAll(/[{,](\w+)="/g)].map(([, label]) => label).filter((label) => label !== "le");
    expect(seen).toEqual(labels);
  });

  it("drop what an earlier version has kept under other labels", () => {
    const { kept, add } = fresh();
    const family = "edgewhisk_http_request_seconds";
    add([{ family, labels: ["GET", "200"], value: { buckets: [1], sum: 1 } }]);
    kept.groups.get("").changes.push({ family, labels: ["PUT"], value: { buckets: [1], sum: 1 } });
    const text = new SeriesBook(kept).expose({ openMetrics: false, hosts: [] }, 0);
    expect(text).toContain('{method="GET",status="200"');
    expect(text).not.toContain("PUT");
  });

  it("hold 100,000 actions in the room of a thousand", () => {
    const { add, text, kept } = fresh();
    const family = "openwhisk_action_activations_total";
    for (let from = 0; from < 100_000; from += 1_000) {
      const labels = (at: number) => ["guest", "guest", `a${from + at}`, "nodejs:20", "256"];
      add(Array.from({ length: 1_000 }, (_, at) => ({ family, labels: labels(at), value: 1 })));
    }
    expect(kept.groups.size).toBeLessThanOrEqual(MAX_ACTIONS + 1);
    const lines = text().match(/^openwhisk_action_activations_total\{/gm);
    expect(lines).toHaveLength(MAX_ACTIONS + 1);
    expect(text()).toContain('action="other",kind="nodejs:20",memory="256"} 99000\n');
    expect(text()).toContain("edgewhisk_metrics_actions 1000\n");
  });

  it("count nothing where they are off, and of an ignored namespace only what the platform does as a whole", () => {
    const { record, about } = ended({ action: "a" });
    const off = new Meter({ isOn: false, ignored: new Set() });
    new ActivationCounts(off).ended(record, about);
    off.count("edgewhisk_starts_total", ["warm"]);
    new MetricGauge(off, "openwhisk_action_memory", ["guest", "guest", "a"]).set(1);
    off.observe("edgewhisk_handover_lag_seconds", ["d1"], 1);
    expect(off.take()).toEqual([]);
    const meter = new Meter({ isOn: true, ignored: new Set(["guest"]) });
    new ActivationCounts(meter).ended(record, about);
    meter.count("openwhisk_action_limit_timed_total", ["guest"]);
    meter.count("openwhisk_action_limit_timed_total", ["team"]);
    // By who calls: what others call of the namespace is told.
    new ActivationCounts(meter).ended(record, { ...about, namespace: "team" });
    const told = meter.take().map(({ family, labels }) => `${family} ${labels.slice(0, 2)}`);
    expect(told).toContain("edgewhisk_starts_total warm");
    expect(told).toContain("openwhisk_action_limit_timed_total team");
    expect(told).toContain("openwhisk_action_memory guest,team");
    expect(told.filter((each) => /guest,guest|total guest$/.test(each))).toEqual([]);
  });

  it("let no name out of its label, whatever it holds", () => {
    const { add, text } = fresh();
    const evil = 'x"} 1\nopenwhisk_fake_total{a="\\ü\u2028\ud800';
    add(changesOf([{ action: evil }]));
    const fakes = text()
      .split("\n")
      .filter((line) => line.startsWith("openwhisk_fake"));
    expect(fakes).toEqual([]);
    expect(text()).toContain('action="x\\"} 1\\nopenwhisk_fake_total{a=\\"\\\\ü\u2028\ufffd"');
  });

  it("drop what nobody has counted for a day, and what a store has told long ago", () => {
    const { add, text, kept } = fresh();
    add(changesOf([{ action: "a" }]), {
      store: { name: "n:00", waiting: 2, running: 1, fires: 0, oldestAt: 1_000, unshelvedSince: null },
    });
    expect(text(false, 61_000)).toContain("edgewhisk_waiting_activations 2\n");
    expect(text(false, 61_000)).toContain("edgewhisk_waiting_oldest_seconds 60\n");
    expect(text(false, 61_000)).toContain("edgewhisk_leases 1\n");
    add([], {}, DAY + 1_000);
    expect(text(false, DAY + 1_000)).not.toContain('action="a"');
    expect(kept.stores.size).toBe(0);
    // A family without labels is told from the beginning.
    expect(text()).toContain("edgewhisk_internal_errors_total 0\n");
  });

  it("bound the labels that are a user's own, and ignore what they do not know", () => {
    const { add, text } = fresh();
    for (let code = 200; code < 400; code++) add(changesOf([{ action: "a", result: `{"statusCode":${code}}` }]));
    expect(text().match(/^openwhisk_action_status_code\{/gm)?.length).toBeLessThan(30);
    add([{ family: "from_a_newer_version", labels: [], value: 1 }]);
    expect(text()).not.toContain("newer");
  });

  it("speak OpenMetrics to who wants it", () => {
    const { add, text } = fresh();
    add(changesOf([{ action: "a" }]));
    const open = text(true);
    expect(open).toMatch(/# EOF\n$/);
    expect(open).toContain("# TYPE openwhisk_action_activations counter\n");
    expect(open).toContain("# TYPE openwhisk_action_status unknown\n");
    expect(open).toContain('le="1.0"');
    expect(wantsOpenMetrics("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")).toBe(true);
    expect(wantsOpenMetrics("text/plain")).toBe(false);
    const family = { name: "x", help: "a\nb\\c", type: "gauge", labels: [] } as const;
    expect(exposition([{ family, series: [{ labels: [], value: Number.NaN }] }], { openMetrics: false })).toBe(
      "# HELP x a\\nb\\\\c\n# TYPE x gauge\nx NaN\n",
    );
  });

  it.each([
    ['{"statusCode":404}', 404],
    ['{"error":{"statusCode":"503"},"statusCode":200}', 503],
    ['{"statusCode":"often"}', 400],
    ['{"statusCode":7}', 400],
    ['{"error":"statusCode"}', null],
    ["[1]", null],
    ['{"a":{"statusCode":404}}', null],
  ])("find the status code in %s: %o", (inline, code) => {
    expect(userStatusCode({ result: { inline } })).toBe(code);
  });
});

describe("a sender", () => {
  function world() {
    const plans: { ms: number; work: () => Promise<void> }[] = [];
    const sent: MetricsBatch[] = [];
    const state = { now: 0, fails: false, warnings: 0 };
    const meter = new Meter();
    const sender = new MetricsSender("s", {
      meter,
      ports: {
        push: async (batch) => {
          sent.push(batch);
          if (state.fails) throw new Error("down");
        },
        now: () => state.now,
        plan: (ms, work) => void plans.push({ ms, work }),
        warn: () => void state.warnings++,
      },
    });
    const round = async () => {
      state.now += ROUND_MS;
      await plans.shift()?.work();
    };
    return { plans, sent, state, meter, sender, round };
  }

  it("sends once in a round what was counted in it, and nothing when nothing was", async () => {
    const { plans, sent, meter, sender, round } = world();
    for (let at = 0; at < 5; at++) {
      meter.count("edgewhisk_starts_total", ["warm"]);
      sender.touch();
    }
    expect(plans.map(({ ms }) => ms)).toEqual([FIRST_MS]);
    expect(sent).toHaveLength(0);
    await round();
    expect(sent).toMatchObject([{ number: 1, changes: [{ value: 5 }] }]);
    expect(plans).toHaveLength(0);
    // Soon after a batch the next one waits for its round.
    sender.touch();
    expect(plans.map(({ ms }) => ms)).toEqual([ROUND_MS]);
  });

  it("sends a batch again that nobody confirmed, under its number, and says so once", async () => {
    const { sent, state, meter, sender, round } = world();
    state.fails = true;
    meter.count("edgewhisk_starts_total", ["warm"]);
    sender.touch();
    await round();
    meter.count("edgewhisk_starts_total", ["cold"]);
    sender.touch();
    await round();
    state.fails = false;
    await round();
    await round();
    expect(sent.map(({ number, changes }) => [number, changes.map(({ labels }) => labels[0])])).toEqual([
      [1, ["warm"]],
      [1, ["warm"]],
      [1, ["warm"]],
      [2, ["cold"]],
    ]);
    expect(state.warnings).toBe(1);
  });

  it("plans anew where a round was lost with its request", async () => {
    const { plans, sent, state, meter, sender } = world();
    meter.count("edgewhisk_starts_total", ["warm"]);
    sender.touch();
    plans.length = 0;
    state.now += 10 * ROUND_MS;
    sender.touch();
    await plans.shift()?.work();
    expect(sent).toHaveLength(1);
  });

  it("bounds what it holds: more actions than are told apart are other", () => {
    const { meter } = world();
    for (let at = 0; at < 10_000; at++) {
      const { record, about } = ended({ action: `a${at}` });
      new ActivationCounts(meter).ended(record, about);
    }
    const changes = meter.take();
    expect(changes.length).toBeLessThan(2_200);
    const counted = changes.filter(({ family }) => family === "openwhisk_action_activations_total");
    expect(counted.reduce((sum, { value }) => sum + (value as number), 0)).toBe(10_000);
  });
});
