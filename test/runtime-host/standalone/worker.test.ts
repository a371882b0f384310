// What the Worker of one machine is told: its secrets, whom the well-known keys open, and what --var lays over it.

import { expect, it } from "vitest";
import { variablesOf } from "../../../runtime-host/standalone/worker.ts";

const secrets = { adminToken: "admin", masterSecret: "master" };
const built = ["1.2.3+abc", "2026-01-02T03:04:05.000Z"] as const;
const config = { loopback: true, developmentKeys: false, feeds: { d1: {}, r2: {} }, vars: {} };

it("is its secrets and its build, and on loopback the well-known keys without a throttle", () => {
  expect(variablesOf(config, secrets, built)).toEqual({
    ADMIN_TOKEN: "admin",
    MASTER_SECRET: "master",
    MASTER_SECRET_PREVIOUS: "",
    BUILD: "1.2.3+abc",
    BUILD_DATE: "2026-01-02T03:04:05.000Z",
    LIMITS: '{"concurrency":{"max":200}}',
    CLIENT_ADDRESS_HEADER: "",
    DEVELOPMENT_KEYS: "loopback",
    DEFAULT_THROTTLE: "none",
  });
});

it("honours them off loopback only where that is said", () => {
  const off = variablesOf({ ...config, loopback: false }, secrets, built);
  expect(off).not.toHaveProperty("DEVELOPMENT_KEYS");
  expect(off).not.toHaveProperty("DEFAULT_THROTTLE");
  expect(variablesOf({ ...config, loopback: false, developmentKeys: true }, secrets, built).DEVELOPMENT_KEYS).toBe(
    "everywhere",
  );
});

it("names the files that feeds may read, and not where they are", () => {
  const feeds = { d1: { ORDERS: "/data/orders.sqlite" }, r2: { UPLOADS: "/data/uploads" } };
  const variables = variablesOf({ ...config, feeds }, secrets, built);
  expect(variables.FEED_FILES).toBe('{"d1":["ORDERS"],"r2":["UPLOADS"]}');
  expect(JSON.stringify(variables)).not.toContain("/data");
});

it("hands over the secret of before, and lets --var have the last word", () => {
  const given = { ...config, vars: { LIMITS: "{}", OTHER: "x" } };
  expect(variablesOf(given, { ...secrets, masterSecretPrevious: "before" }, built)).toMatchObject({
    MASTER_SECRET_PREVIOUS: "before",
    LIMITS: "{}",
    OTHER: "x",
  });
});
