// Series as text: both formats, histograms that add up, labels that nothing gets out of, and numbers that are none.

import { describe, expect, it } from "vitest";
import { exposition, type Series, seriesText, wantsOpenMetrics } from "../../src/metrics/exposition.ts";
import type { MetricFamily } from "../../src/metrics/metric-family.ts";

const COUNTER: MetricFamily = { name: "calls_total", help: "Calls", type: "counter", labels: ["who", "what"] };
const HISTOGRAM: MetricFamily = {
  ...{ name: "wait_seconds", help: "Waits", type: "histogram", labels: ["who"], buckets: [0.5, 1, 10] },
};
const observed: Series = { labels: ["a"], value: { buckets: [1, 0, 2, 4], sum: 52.5 } };

const text = (family: MetricFamily, series: Series[], openMetrics = false) =>
  exposition([{ family, series }], { openMetrics });

describe("a family", () => {
  it("has its help and its type before its first series; without one it is not told", () => {
    const one = { labels: ["a", "b"], value: 1 };
    expect(text(COUNTER, [one, { ...one, labels: ["c", "d"], value: 2.5 }])).toBe(
      '# HELP calls_total Calls\n# TYPE calls_total counter\ncalls_total{who="a",what="b"} 1\n' +
        'calls_total{who="c",what="d"} 2.5\n',
    );
    expect(exposition([{ family: COUNTER, series: [] }], { openMetrics: false })).toBe("");
    expect(exposition([], { openMetrics: true })).toBe("# EOF\n");
  });

  it("without labels has no braces", () => {
    expect(text({ ...COUNTER, labels: [] }, [{ labels: [], value: 0 }])).toMatch(/^calls_total 0$/m);
  });

  it("has texts that somebody remembers, where they are given", () => {
    const asked: Series[] = [];
    const told = exposition([{ family: COUNTER, series: [observed] }], {
      openMetrics: false,
      textOf: (family, series) => {
        asked.push(series);
        return `${family.name} remembered`;
      },
    });
    expect([told.split("\n").at(-2), asked]).toEqual(["calls_total remembered", [observed]]);
  });
});

describe("OpenMetrics", () => {
  const headOf = (name: string, type: MetricFamily["type"], openMetrics = true) =>
    text({ ...COUNTER, name, type, labels: [] }, [{ labels: [], value: 1 }], openMetrics)
      .split("\n")
      .slice(0, 3);

  it("names a counter's family without _total, and its series with it", () => {
    expect(headOf("calls_total", "counter")).toEqual(["# HELP calls Calls", "# TYPE calls counter", "calls_total 1"]);
  });

  it("knows no type for a counter by another name; of others the name stays", () => {
    expect(headOf("calls", "counter")[1]).toBe("# TYPE calls unknown");
    expect(headOf("held_total", "gauge")[1]).toBe("# TYPE held_total gauge");
    expect(headOf("calls", "counter", false)[1]).toBe("# TYPE calls counter");
  });

  it("ends with a mark, and writes bounds as floats", () => {
    const lines = text(HISTOGRAM, [observed], true).split("\n");
    expect(lines.slice(-2)).toEqual(["# EOF", ""]);
    expect(lines.filter((line) => line.includes("le=")).map((line) => /le="(.*)"/.exec(line)?.[1])).toEqual([
      ...["0.5", "1.0", "10.0", "+Inf"],
    ]);
  });

  it.each([
    ["application/openmetrics-text; version=1.0.0", true],
    ["text/plain;q=0.5, Application/OpenMetrics-Text", true],
    ["text/plain", false],
    ["*/*", false],
    [null, false],
  ])("is wanted by %s: %s", (accept, wanted) => expect(wantsOpenMetrics(accept)).toBe(wanted));
});

describe("a histogram", () => {
  it("tells how many are within each bound, those of smaller ones included", () => {
    expect(seriesText(HISTOGRAM, observed, false)).toBe(
      [
        'wait_seconds_bucket{who="a",le="0.5"} 1',
        'wait_seconds_bucket{who="a",le="1"} 1',
        'wait_seconds_bucket{who="a",le="10"} 3',
        'wait_seconds_bucket{who="a",le="+Inf"} 7',
        'wait_seconds_sum{who="a"} 52.5',
        'wait_seconds_count{who="a"} 7',
      ].join("\n"),
    );
  });

  it("without labels, or with fewer counts than bounds, is told as well", () => {
    const bare = seriesText({ ...HISTOGRAM, labels: [] }, { labels: [], value: { buckets: [1], sum: 0.1 } }, false);
    expect(bare.split("\n")).toEqual([
      ...['wait_seconds_bucket{le="0.5"} 1', 'wait_seconds_bucket{le="1"} 1', 'wait_seconds_bucket{le="10"} 1'],
      ...['wait_seconds_bucket{le="+Inf"} 1', "wait_seconds_sum 0.1", "wait_seconds_count 1"],
    ]);
  });
});

describe("what nobody chose", () => {
  it.each([
    ['a"b', 'a\\"b'],
    ["a\\b", "a\\\\b"],
    ["a\nb", "a\\nb"],
    ['\\"\n', '\\\\\\"\\n'],
    ["grüße", "grüße"],
  ])("stays in its label: %j", (label, written) => {
    expect(seriesText(COUNTER, { labels: [label], value: 1 }, false)).toBe(`calls_total{who="${written}",what=""} 1`);
  });

  it.each([
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
    [1e21, "1e+21"],
    [-0.5, "-0.5"],
  ])("the number %d is %s", (value, written) => {
    expect(seriesText({ ...COUNTER, labels: [] }, { labels: [], value }, false)).toBe(`calls_total ${written}`);
  });

  it("a help with a line break stays one line", () => {
    expect(text({ ...COUNTER, help: "a\\b\nc" }, [observed])).toContain("# HELP calls_total a\\\\b\\nc\n");
  });
});
