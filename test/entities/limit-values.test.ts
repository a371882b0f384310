// Limits of a body and of a namespace.

import { describe, expect, test } from "vitest";
import { boundsFor, instancesFault, limitFault, maxParameters, parseLimits } from "../../src/entities/limit-values.ts";
import { DEFAULT_BOUNDS, MAX_PARAMETERS } from "../../src/entities/limits.ts";

describe("parseLimits", () => {
  test("takes what is named; null and unknown names count as nothing", () => {
    const raw = '{"timeout":100,"memory":2.56e2,"logs":null,"other":"x","memory":128}';
    expect(parseLimits(raw)).toEqual({ ok: true, value: { timeout: 100, memory: 128 } });
    expect(parseLimits('{"memory":128,"memory":null}')).toEqual({ ok: true, value: {} });
  });

  test.each([
    ["[]", "'limits' must be an object"],
    ['{"timeout":"1"}', "time limit malformed"],
    ['{"memory":1.5}', "memory limit must be whole number"],
    ['{"logs":1e300}', "log limit must be whole number"],
    ['{"concurrency":true}', "intra concurrency limit malformed"],
    ['{"instances":{}}', "instance concurrency limit malformed"],
    ['{"instances":-1}', "Action container concurrency must be greater than or equal to 0."],
  ])("refuses %s", (raw, text) => {
    expect(parseLimits(raw)).toMatchObject({ ok: false, text: `The request content was malformed:\n${text}` });
  });
});

describe("bounds", () => {
  test("of a namespace narrow the system's and never widen them", () => {
    const narrow = boundsFor({ minActionMemory: 200, maxActionMemory: 300 }, DEFAULT_BOUNDS);
    expect(narrow.memory).toEqual({ min: 200, std: 256, max: 300 });
    const wide = boundsFor({ minActionTimeout: 1, maxActionTimeout: 1e9, maxActionConcurrency: 500 }, DEFAULT_BOUNDS);
    expect(wide).toEqual(DEFAULT_BOUNDS);
  });

  test("include their ends", () => {
    const { memory, timeout, logs, concurrency } = DEFAULT_BOUNDS;
    for (const end of ["min", "max"] as const) {
      const limits = { memory: memory[end], timeout: timeout[end], logs: logs[end], concurrency: concurrency[end] };
      expect(limitFault(limits, DEFAULT_BOUNDS)).toBeNull();
    }
    expect(limitFault({}, DEFAULT_BOUNDS)).toBeNull();
    expect(limitFault({ memory: 513 }, DEFAULT_BOUNDS)?.code).toBe("bad-request");
    expect(limitFault({ memory: 127 }, DEFAULT_BOUNDS)?.code).toBe("bad-request");
  });
});

test("instances may be as many as the namespace runs at once", () => {
  expect(instancesFault({ instances: 30 }, 30)).toBeNull();
  expect(instancesFault({ instances: 31 }, 30)?.text).toContain("namespace concurrency of 30.");
  expect(instancesFault({ instances: 9_999 }, null)).toBeNull();
  expect(instancesFault({}, 0)).toBeNull();
});

test("a namespace can lower the size of parameters, not raise it", () => {
  expect(maxParameters({})).toBe(MAX_PARAMETERS);
  expect(maxParameters({ maxParameterSize: "10 KB" })).toBe(10_240);
  expect(maxParameters({ maxParameterSize: "5 GB" })).toBe(MAX_PARAMETERS);
});
