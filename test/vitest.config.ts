// The projects of the one gate: pure code and the host in Node, the Worker and its objects in workerd, engines with
// real containers, and all of it together.

import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { consoleModule } from "../src/console/build.mjs";
import { oneBundle } from "./support/one-bundle.ts";

/** What the Worker finds under this name: the web console, built for the browser. */
const { path: consolePath } = await consoleModule();
if (consolePath === null) throw new Error("the web console cannot be built: the folder dist cannot be written");
const workerTests = "test/**/*.worker.test.ts";
const migrations = await readD1Migrations(new URL("../src/storage/d1/migrations", import.meta.url).pathname);
const recordMigrations = await readD1Migrations(new URL("../src/storage/records/migrations", import.meta.url).pathname);
const engines = "test/runtime-host/engine/**/*.test.ts";
/** These measure what one tenant costs another, and want the machine for themselves. */
const neighbours = ["isolation", "tenants"].map((each) => `test/runtime-host/engine/${each}.test.ts`);
/** The gate before each commit leaves these to `npm test`: the simulator's search for planted faults,
 * and every interpreter. */
const mutations = "test/simulator/mutations.test.ts";
const runtimes = "test/runtime-host/runtimes/**/*.test.ts";
/** The host's tests that start its programs, workerd or runtimes, or fill a disk:
 * the gate leaves them to `npm test`. */
const programs = [
  ...["main", "cli/edgewhisk", "cli/commands/doctor", "cli/commands/migrate", "contract/checks", "program/launch"],
  ...["configuration", "machine", "platform", "state-check", "wrangler"].map((each) => `standalone/${each}`),
].map((each) => `test/runtime-host/${each}.test.ts`);
const conformance = "test/conformance/**/*.test.ts";
/** In a browser, on the platform that the conformance suite shares. */
const consoleTests = "test/console/**/*.test.ts";
const endToEnd = "test/e2e/**/*.test.ts";
/** What is waited for comes when it comes: a bound of these (ms) ends what would never end, and measures nobody. */
const patient = { testTimeout: 300_000, hookTimeout: 300_000, expect: { poll: { timeout: 100_000 } } };
/** As above, for what computes and gives way to all others while it does. */
const giving = { ...patient, testTimeout: 600_000, hookTimeout: 600_000 };
/** Files of the host share nothing: timers of one were another's. */
const host = { unstubGlobals: true, unstubEnvs: true, root: new URL("..", import.meta.url).pathname };
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
    // So is one of a file of the worker project that is over, when the next file empties what both use.
    onUnhandledError: (error) =>
      error.name !== "EnvironmentTeardownError" && error.message !== "Application called deleteAllDurableObjects().",
    projects: [
      {
        test: {
          ...giving,
          name: "unit",
          // Pure code has no state that one file could leave to another: what is imported is read once for all of them.
          isolate: false,
          root: new URL("..", import.meta.url).pathname,
          include: ["test/**/*.test.ts"],
          exclude: [
            ...[workerTests, mutations, "test/runtime-host/**"],
            ...[endToEnd, conformance, consoleTests, "node_modules/**"],
          ],
        },
      },
      {
        test: {
          ...giving,
          name: "mutations",
          root: new URL("..", import.meta.url).pathname,
          include: [mutations],
        },
      },
      {
        test: {
          ...giving,
          name: "runtimes",
          root: new URL("..", import.meta.url).pathname,
          include: [runtimes],
        },
      },
      {
        test: {
          ...giving,
          ...host,
          name: "host",
          include: ["test/runtime-host/**/*.test.ts"],
          exclude: [engines, runtimes, ...programs, "node_modules/**"],
        },
      },
      {
        test: { ...giving, ...host, name: "programs", include: programs },
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
          oneBundle({ "console:assets": consolePath }),
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
                FEED_QUEUES: "orders,changes",
              },
              // Sources as an operator declares them, and who sends to his queues.
              d1Databases: { FEED_D1_SHOP: "shop" },
              r2Buckets: { FEED_R2_UPLOADS: "uploads" },
              queueProducers: { TEST_ORDERS: "orders", TEST_CHANGES: "changes" },
              queueConsumers: Object.fromEntries(
                ["orders", "changes"].map((name) => [name, { maxBatchSize: 10, maxBatchTimeout: 0, retryDelay: 1 }]),
              ),
            },
          }),
        ],
        test: {
          ...giving,
          name: "worker",
          // One workerd for all files: starting it is most of a file's cost.
          isolate: false,
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
        test: { ...platforms, name: "conformance", include: [conformance, consoleTests] },
      },
    ],
  },
});
