// What an ended activation adds to the metrics: to which series, with which labels, and the status code of its result.

import { describe, expect, it } from "vitest";
import type { ActivationRecord } from "../../src/entities/activation.ts";
import { ActivationCounts, resultStatusCode, userStatusCode } from "../../src/metrics/activations.ts";
import { Meter } from "../../src/metrics/meter.ts";
import { ended } from "./ended.ts";

type Given = Parameters<typeof ended>[0];
type Ended = ReturnType<typeof ended>;

function changesOf(all: readonly Ended[], meter = new Meter()): string[] {
  const counts = new ActivationCounts(meter);
  for (const { record, about } of all) counts.ended(record, about);
  return meter
    .take()
    .map(({ family, labels, value }) => `${family}(${labels.join()}) ${typeof value === "number" ? value : value.sum}`)
    .sort();
}

const told = (...given: Given[]) => changesOf(given.map(ended));

/** Of which only the start is another. */
function startedAs(start: NonNullable<ActivationRecord["meta"]>["start"] | null, more: object = {}): Ended {
  const { record, about } = ended({ action: "a" });
  const { meta, ...rest } = record;
  return {
    about,
    record: start === null || meta === undefined ? rest : { ...rest, meta: { ...meta, start, ...more } },
  };
}

describe("an activation that has ended", () => {
  it("adds to all series of its action, under the namespace it is of, who called, and its name", () => {
    expect(told({ action: "p/a", result: '{"statusCode":201}' })).toEqual(
      [
        "edgewhisk_starts_total(warm) 1",
        "openwhisk_action_activations_total(guest,guest,p/a,nodejs:20,256) 1",
        "openwhisk_action_duration_seconds(guest,guest,p/a) 0.02",
        "openwhisk_action_memory(guest,guest,p/a) 256",
        "openwhisk_action_response_size_bytes(guest,guest,p/a) 18",
        "openwhisk_action_status(guest,guest,p/a,success) 1",
        "openwhisk_action_status_code(guest,guest,p/a,201) 1",
        "openwhisk_action_waitTime_seconds(guest,guest,p/a) 0.003",
      ].sort(),
    );
  });

  it("that was initialised tells that as well", () => {
    const more = told({ action: "a", initMs: 300 }).filter((line) => !told({ action: "a" }).includes(line));
    expect(more).toEqual([
      "edgewhisk_starts_total(cold) 1",
      "openwhisk_action_coldStarts_total(guest,guest,a) 1",
      "openwhisk_action_initTime_seconds(guest,guest,a) 0.3",
    ]);
  });

  it("that never ran has neither start nor wait nor duration", () => {
    const { waitMs: _, ...meta } = startedAs("none").record.meta ?? {};
    const never = { ...startedAs("none"), record: { ...startedAs("none").record, meta: meta as never } };
    for (const each of [never, startedAs(null)]) {
      expect(changesOf([each]).filter((line) => /starts|wait|duration/.test(line))).toEqual([]);
    }
    expect(changesOf([startedAs("prewarmed")])).toContain("edgewhisk_starts_total(prewarmed) 1");
  });

  it.each([
    [0, "success"],
    [1, "application_error"],
    [2, "developer_error"],
    [3, "internal_error"],
  ] as const)("with the status %d counts as %s", (statusCode, label) => {
    const lines = told({ action: "a", statusCode });
    expect(lines).toContain(`openwhisk_action_status(guest,guest,a,${label}) 1`);
    expect(lines.includes("edgewhisk_internal_errors_total() 1")).toBe(statusCode === 3);
  });

  it("of another namespace's package counts for that package, unless nothing is told of who called", () => {
    const shared = ended({ action: "a" });
    const given = { ...shared, about: { ...shared.about, path: "owner/p/a" } };
    const line = "counter_invoker_sharedPackage_counter_total(owner/p) 1";
    expect(changesOf([given])).toContain(line);
    expect(changesOf([given])).toContain("openwhisk_action_activations_total(owner,guest,p/a,nodejs:20,256) 1");
    for (const path of ["owner/a", "guest/p/a", "a"]) {
      expect(changesOf([{ ...shared, about: { ...shared.about, path } }]).join()).not.toContain("sharedPackage");
    }
    const ignoring = new Meter({ isOn: true, ignored: new Set(["guest"]) });
    expect(changesOf([given], ignoring).join()).not.toContain("sharedPackage");
  });

  it("adds nothing where nothing is counted", () => {
    expect(changesOf([ended({ action: "a" })], new Meter({ isOn: false, ignored: new Set() }))).toEqual([]);
  });
});

describe("one action", () => {
  it("is counted for each of its callers, kinds and memories; many activations are one series", () => {
    const { record, about } = ended({ action: "a" });
    const one = { record, about };
    const given = [
      ...[one, one],
      { record, about: { ...about, namespace: "team" } },
      { record, about: { ...about, kind: "python:3" } },
      { record, about: { ...about, limits: { ...about.limits, memory: 512 } } },
      one,
    ];
    expect(changesOf(given).filter((line) => line.startsWith("openwhisk_action_activations_total"))).toEqual([
      "openwhisk_action_activations_total(guest,guest,a,nodejs:20,256) 3",
      "openwhisk_action_activations_total(guest,guest,a,nodejs:20,512) 1",
      "openwhisk_action_activations_total(guest,guest,a,python:3,256) 1",
      "openwhisk_action_activations_total(guest,team,a,nodejs:20,256) 1",
    ]);
  });

  it("is found again after many others were counted", () => {
    const others = Array.from({ length: 600 }, (_, at) => ({ action: `other${at}` }));
    expect(told({ action: "a" }, ...others, { action: "a" })).toContain(
      "openwhisk_action_activations_total(guest,guest,a,nodejs:20,256) 2",
    );
  });
});

describe("the status code of a result", () => {
  const codes = (inline: string) => [resultStatusCode({ result: { inline } }), userStatusCode({ result: { inline } })];

  it.each([
    ['{"statusCode":100}', 100, 100],
    ['{"statusCode":599}', 599, 599],
    ['{"statusCode":"418"}', 418, 418],
    ['{"error":{"statusCode":404},"statusCode":200}', 404, 404],
    ['{"error":"x","statusCode":200}', 200, 200],
    ['{"error":null,"statusCode":201}', 201, 201],
    ['{"statusCode":99}', 99, 400],
    ['{"statusCode":600}', 600, 400],
    ['{"statusCode":-1}', -1, 400],
    ['{"statusCode":2147483647}', 2_147_483_647, 400],
    ['{"statusCode":2147483648}', 400, 400],
    ['{"statusCode":200.5}', 400, 400],
    ['{"statusCode":"2e2"}', 400, 400],
    ['{"statusCode":null}', 400, 400],
    ['{"statusCode":true}', 400, 400],
  ])("%s is %d, and told as %d", (inline, code, label) => expect(codes(inline)).toEqual([code, label]));

  it.each(["{}", '{"error":{}}', '["statusCode"]', '"statusCode"', '{"statusCode"', '{"a":{"statusCode":1}}'])(
    "there is none in %s",
    (inline) => expect(codes(inline)).toEqual([null, null]),
  );

  it("is not looked for in what lies elsewhere, nor in what is long", () => {
    expect(resultStatusCode({ result: { blob: "results/x", size: 9 } })).toBeNull();
    const text = (length: number) => '{"statusCode":201}'.padEnd(length);
    expect([codes(text(65_536))[0], codes(text(65_537))[0]]).toEqual([201, null]);
  });
});
