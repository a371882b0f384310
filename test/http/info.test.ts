// What anybody is told of the platform.

import { expect, test } from "vitest";
import { DEFAULT_BOUNDS } from "../../src/entities/limits.ts";
import { platformInfo, versionInfo } from "../../src/http/info.ts";

const settings = {
  bounds: DEFAULT_BOUNDS,
  throttle: false,
  hostsMayCome: false,
  throttleDefaults: { invocationsPerMinute: 60 },
};

test("durations in ms, memory and logs in bytes, and no count where nothing is counted", () => {
  const { limits, runtimes } = platformInfo(settings, null) as Record<string, Record<string, unknown>>;
  expect(limits).toMatchObject({
    ...{ sequence_length: 50, min_action_duration: 100, max_action_duration: 300_000 },
    ...{ min_action_memory: 134_217_728, max_action_logs: 10_485_760 },
  });
  expect(limits).not.toHaveProperty("actions_per_minute");
  expect(platformInfo({ ...settings, throttle: true }, null)).toMatchObject({ limits: { actions_per_minute: 60 } });
  expect(runtimes).toEqual({});
});

test("what some host can run, by family, with one default in each", () => {
  const { runtimes } = platformInfo(settings, new Set(["nodejs:20", "native"])) as {
    runtimes: Record<string, { kind: string; default: boolean; image: string }[]>;
  };
  expect(runtimes.nodejs).toMatchObject([{ kind: "nodejs:20", default: true, image: "openwhisk/action-nodejs-v20" }]);
  expect(Object.keys(runtimes)).toContain("native");
});

test("the build, where anybody knows it", () => {
  expect(versionInfo({})).toMatchObject({ build: "unknown", buildno: "dev" });
  expect(versionInfo({ build: "b1", buildDate: "2026-01-01" })).toMatchObject({ build: "2026-01-01", buildno: "b1" });
});

test("what hosts may come for as well, where they may: the default of a family is one that can run now", () => {
  const defaults = (reported: string[]) => {
    const info = platformInfo({ ...settings, hostsMayCome: true }, new Set(reported)) as {
      runtimes: Record<string, { kind: string; default: boolean }[]>;
    };
    return Object.values(info.runtimes).map((kinds) => kinds.filter((each) => each.default).map(({ kind }) => kind));
  };
  expect(defaults(["nodejs:22", "nodejs:24", "python:3.11"]).flat()).toEqual(
    expect.arrayContaining(["nodejs:24", "python:3.11", "swift:5.3"]),
  );
  expect(defaults(["nodejs:22"]).every(({ length }) => length === 1)).toBe(true);
});
