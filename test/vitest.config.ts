// The projects of the one gate: pure code and the host in Node, the Worker and its objects in workerd, engines with real
// containers, and all of it together.

import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const workerTests = "test/**/*.worker.test.ts";
const migrations = await readD1Migrations(new URL("../src/storage/d1/migrations", import.meta.url).pathname);
const recordMigrations = await readD1Migrations(new URL("../src/storage/records/migrations", import.meta.url).pathname);
const engines = "test/runtime-host/engine/**/*.test.ts";
/** These measure what one tenant costs another, and want the machine for themselves. */
const neighbours = ["isolation", "tenants"].map((each) => `test/runtime-host/engine/${each}.test.ts`);
const conformance = "test/conformance/**/*.test.ts";
const endToEnd = "test/e2e/**/*.test.ts";
/** What is waited for comes when it comes: a bound of these (ms) ends what would never end, and measures nobody. */
const patient = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 30_000 } } };
/** A whole platform or more. */
const platforms = {
  ...patient,
  // As below npm: a launcher looks whether who is above it still lives, and ends with a run that is killed.
  env: { npm_lifecycle_event: "test" },
  root: new URL("..", import.meta.url).pathname,
  globalSetup: "test/support/shared-platforms.ts",
};

export default defineConfig({
  test: {
    // Each call between objects asks the runner for its module. One that is under way when its file ends is told so.
    onUnhandledError: (error) => error.name !== "EnvironmentTeardownError",
    projects: [
      {
        test: {
          ...patient,
          name: "unit",
          // Pure code has no state that one file could leave to another: what is imported is read once for all of them.
          isolate: false,
          root: new URL("..", import.meta.url).pathname,
          include: ["test/**/*.test.ts"],
          exclude: [workerTests, "test/runtime-host/**", endToEnd, conformance, "node_modules/**"],
        },
      },
      {
        test: {
          ...patient,
          name: "host",
          root: new URL("..", import.meta.url).pathname,
          include: ["test/runtime-host/**/*.test.ts"],
          exclude: [engines, "node_modules/**"],
        },
      },
      {
        test: {
          ...patient,
          name: "engine",
          root: new URL("..", import.meta.url).pathname,
          include: [engines],
          exclude: [...neighbours, "node_modules/**"],
        },
      },
      {
        test: {
          ...patient,
          name: "neighbours",
          root: new URL("..", import.meta.url).pathname,
          include: neighbours,
          fileParallelism: false,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: new URL("../wrangler.toml", import.meta.url).pathname },
            miniflare: {
              bindings: {
                DEVELOPMENT_KEYS: "loopback",
                ADMIN_TOKEN: "test-admin-token",
                MASTER_SECRET: "test-master-secret-0123456789abcdef",
                TEST_LONG: process.env.EDGEWHISK_LONG ?? "",
                TEST_MIGRATIONS: migrations,
                TEST_RECORD_MIGRATIONS: recordMigrations,
              },
            },
          }),
        ],
        test: {
          ...patient,
          name: "worker",
          root: new URL("..", import.meta.url).pathname,
          include: [workerTests],
          setupFiles: ["test/support/migrate.worker.ts"],
        },
      },
      {
        test: { ...platforms, name: "e2e", include: [endToEnd], fileParallelism: false },
      },
      {
        // One platform per engine for all of them, and namespaces of its own for each.
        test: { ...platforms, name: "conformance", include: [conformance] },
      },
    ],
  },
});
