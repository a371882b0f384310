// The environment, checked by one schema: all that is wrong at once, each by its name, no value told.

import { describe, expect, it, test } from "vitest";
import { activationStoreMode, checkEnv, type Env, masterSecretOf, sentenceOf } from "../src/env.ts";

const objects = { getByName: () => ({}) };
const SECRET = "a-master-secret-of-more-than-32-bytes";
const GOOD = {
  DB: { prepare: () => ({}) },
  RECORDS_0: { prepare: () => ({}) },
  BLOBS: { put: () => ({}) },
  ...{
    SCHEDULER: objects,
    ACTIVATIONS: objects,
    THROTTLE: objects,
    EPOCH: objects,
    COMPOSITION: objects,
    SCHEDULE: objects,
    SINKS: objects,
    SOURCES: objects,
    SUBSCRIPTIONS: objects,
    ROSTER: objects,
    METRICS: objects,
  },
  MASTER_SECRET: SECRET,
};

function faults(changes: Record<string, unknown>): [string, string][] {
  const checked = checkEnv({ ...GOOD, ...changes } as unknown as Env);
  return checked.ok ? [] : checked.faults.map(({ variable, reason }) => [variable, reason]);
}

function settings(changes: Record<string, unknown> = {}) {
  const checked = checkEnv({ ...GOOD, ...changes } as unknown as Env);
  if (!checked.ok) throw new Error(sentenceOf(checked.faults));
  return checked;
}

describe("an environment", () => {
  it("with what is needed has the settings it says, and the defaults", () => {
    expect(settings().settings).toMatchObject({ shards: 4, developmentKeys: false, throttle: true });
    expect(settings().settings).not.toHaveProperty("build");
    expect(settings().masterSecret).toEqual({ current: SECRET, previous: null });
    expect(settings({ ACTIVATION_SHARDS: 16 }).settings.shards).toBe(16);
    expect(settings({ LIMITS: '{"concurrency":{"max":50}}' }).settings.bounds).toMatchObject({
      concurrency: { min: 1, std: 1, max: 50 },
      timeout: { max: 300_000 },
    });
    // What is asked for by nobody does not exceed what may be asked for.
    expect(settings({ LIMITS: '{"timeout":{"max":1000}}' }).settings.bounds.timeout.std).toBe(1_000);
    expect(settings({ DEFAULT_THROTTLE: "none" }).settings).toMatchObject({
      throttle: false,
      throttleDefaults: { invocationsPerMinute: 60 },
    });
    expect(settings({ MASTER_SECRET_PREVIOUS: "old" }).masterSecret.previous).toBe("old");
    for (const name of ["MASTER_SECRET_PREVIOUS", "LIMITS", "DEVELOPMENT_KEYS"])
      expect(faults({ [name]: "" })).toEqual([]);
  });

  it.each([
    ["MASTER_SECRET", undefined, /is missing.*32 bytes/],
    ["MASTER_SECRET", "", /is empty/],
    ["MASTER_SECRET", "x".repeat(31), /is too short.*MASTER_SECRET_PREVIOUS/],
    ["MASTER_SECRET_PREVIOUS", {}, /text/],
    ["DB", undefined, /is not bound.*D1/],
    ["RECORDS_0", {}, /is not bound.*records/],
    ["METRICS_MODE", "loud", /must be "on" or "off"/],
    ["METRICS_IGNORED_NAMESPACES", "a,,b", /must be names of namespaces/],
    ["ACTIVATION_STORE", "postgres", /must be d1, r2 or d1\+r2/],
    ["BLOBS", {}, /is not bound.*R2/],
    ["SCHEDULER", undefined, /is not bound/],
    ["ACTIVATIONS", null, /is not bound/],
    ["THROTTLE", "throttle", /is not bound/],
    ["EPOCH", undefined, /is not bound/],
    ["COMPOSITION", undefined, /is not bound/],
    ["SCHEDULE", undefined, /is not bound/],
    ["SINKS", undefined, /is not bound/],
    ["SOURCES", undefined, /is not bound/],
    ["FEED_QUEUES", "Orders", /names of queues/],
    ["FEED_QUEUES", "orders,,others", /names of queues/],
    ["FEED_FILES", "{", /must be JSON/],
    ["FEED_FILES", '{"d1":["../DB"]}', /must be JSON/],
    ["SUBSCRIPTIONS", undefined, /is not bound/],
    ["ALARM_DELAY_LIMIT", "60", /a number from 0 to 59/],
    ["LIMIT_CRON_FIELDS", "yes", /"true" or "false"/],
    ["ROSTER", undefined, /is not bound/],
    ["LIMITS", "{", /is no JSON/],
    ["LIMITS", "[]", /expected object/],
    ["LIMITS", '{"memmory":{}}', /memmory/],
    ["LIMITS", '{"memory":{"max":"big"}}', /memory\.max/],
    ["LIMITS", '{"memory":{"max":1}}', /memory: must have min/],
    ["DEFAULT_THROTTLE", "nothing", /is no JSON/],
    ["DEFAULT_THROTTLE", '{"invocationsPerMinute":-1}', /invocationsPerMinute/],
    ["ACTIVATION_SHARDS", "0", /1 to 256/],
    ["ACTIVATION_SHARDS", "four", /1 to 256/],
    ["DEVELOPMENT_KEYS", "yes", /loopback/],
    ["BENCH_COMMIT_DELAY", "soon", /ms/],
  ])("with %s = %o is refused by that name", (name, value, reason) => {
    const found = faults({ [name]: value });
    expect(found.map(([variable]) => variable)).toEqual([name]);
    expect(found[0]?.[1]).toMatch(reason);
  });

  it("is refused for all that is wrong at once", () => {
    const wrong = { MASTER_SECRET: undefined, LIMITS: "{", DB: undefined };
    expect(
      faults(wrong)
        .map(([variable]) => variable)
        .sort(),
    ).toEqual(["DB", "LIMITS", "MASTER_SECRET"]);
  });

  it("tells no value", () => {
    const secret = "too-short-a-secret";
    const wrong = { MASTER_SECRET: secret, LIMITS: secret, DEVELOPMENT_KEYS: secret, ADMIN_TOKEN: secret };
    expect(JSON.stringify(faults(wrong))).not.toContain(secret);
    const checked = checkEnv({ ...GOOD, ...wrong } as unknown as Env);
    if (!checked.ok) expect(sentenceOf(checked.faults)).toMatch(/^The platform is not configured.*MASTER_SECRET is/s);
  });
});

it("objects are given the secret, or told what is wrong with it", () => {
  expect(masterSecretOf({ MASTER_SECRET: SECRET })).toEqual({ current: SECRET, previous: null });
  expect(() => masterSecretOf({} as Env)).toThrow(/MASTER_SECRET is missing/);
  expect(() => masterSecretOf({ MASTER_SECRET: "short" })).toThrow(/MASTER_SECRET is too short/);
});

test("where records go has its own names and those of OpenWhisk's stores; what makes no sense moves nothing", () => {
  const mode = (ACTIVATION_STORE?: string) =>
    activationStoreMode(ACTIVATION_STORE === undefined ? {} : { ACTIVATION_STORE });
  expect([undefined, "", "d1", "CouchDB"].map(mode)).toEqual(["d1", "d1", "d1", "d1"]);
  expect(["r2", "ElasticSearch", "d1+r2", "R2+D1", "mixed"].map(mode)).toEqual(["r2", "r2", "d1+r2", "d1+r2", "d1+r2"]);
  expect(mode("postgres")).toBeNull();
});
