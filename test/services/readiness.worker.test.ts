import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Fault } from "../../src/entities/secret-check.ts";
import { Readiness } from "../../src/services/readiness.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function database() {
  const state = { migration: null as string | null, fault: null as Fault | null, asked: 0 };
  const readiness = new Readiness({
    lackingMigration: async () => {
      state.asked++;
      return state.migration === null ? null : { migration: state.migration, database: "edgewhisk-records-3" };
    },
    secrets: { check: async () => state.fault, reseal: () => Promise.reject(new Error("nobody asked for it")) },
  });
  return { state, readiness };
}

test("what is good is asked once", async () => {
  const { state, readiness } = database();
  expect(await readiness.refusal()).toBeNull();
  expect(readiness.refusal()).toBeNull();
  vi.setSystemTime(3_600_000);
  expect(readiness.refusal()).toBeNull();
  expect(state.asked).toBe(1);
});

test("a database that lacks a migration is asked again soon, and the name of it is said", async () => {
  const { state, readiness } = database();
  state.migration = "0009_more.sql";
  const refused = await readiness.refusal();
  expect(refused).toMatchObject({
    code: "not-migrated",
    text: expect.stringContaining("lacks the migration 0009_more.sql."),
  });
  expect(refused?.text).toMatch(/edgewhisk-records-3 lacks.*npx edgewhisk migrate/);
  expect(readiness.refusal()).toMatchObject({ code: "not-migrated" });
  state.migration = null;
  vi.setSystemTime(100);
  expect(await readiness.refusal()).toBeNull();
  expect(state.asked).toBe(2);
});

test("a secret the database does not know is said once in the log, and asked for again after two seconds", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const { state, readiness } = database();
  state.fault = { variable: "MASTER_SECRET", reason: "is another" };
  for (const at of [0, 1_999, 2_000, 4_000]) {
    vi.setSystemTime(at);
    expect(await readiness.refusal()).toMatchObject({ code: "not-configured" });
  }
  expect([state.asked, log.mock.calls.length]).toEqual([3, 1]);
});
