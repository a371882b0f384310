// The Worker twice over one storage: two isolates with memories of their own that share D1, R2 and the objects, as many
// copies of it do in production; and one real runtime host on the process engine.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as MiniflareModule from "miniflare";
import type * as WranglerModule from "wrangler";
import { bundleWorker } from "../../runtime-host/standalone/bundle.ts";
import { migrate } from "../../runtime-host/standalone/migrations.ts";
import { ready } from "./platform.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
export const ADMIN_TOKEN = "two-workers-admin-token";
const VARS = { DEVELOPMENT_KEYS: "loopback", ADMIN_TOKEN, MASTER_SECRET: "two-workers-secret-0123456789abcdef" };

export interface TwoWorkers {
  one: string;
  two: string;
  stop(): Promise<void>;
}

interface WorkerOptions {
  modulesRules?: unknown;
  bindings?: Record<string, unknown>;
  durableObjects?: Record<string, { className: string; scriptName?: string }>;
}

export async function startTwoWorkers(): Promise<TwoWorkers> {
  const here = createRequire(import.meta.url);
  const wrangler: typeof WranglerModule = here("wrangler");
  const miniflare: typeof MiniflareModule = createRequire(here.resolve("wrangler"))("miniflare");
  const script = await bundleWorker(ROOT);
  const made: WorkerOptions = wrangler.unstable_getMiniflareWorkerOptions(join(ROOT, "wrangler.toml")).workerOptions;
  const { modulesRules: _, ...common } = made;
  const worker = (name: string, changes: object) => ({
    ...common,
    name,
    bindings: { ...common.bindings, ...VARS },
    modules: true,
    script,
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    ...changes,
  });
  const elsewhere = Object.fromEntries(
    Object.entries(common.durableObjects ?? {}).map(([binding, object]) => [binding, { ...object, scriptName: "one" }]),
  );
  const state = mkdtempSync(join(tmpdir(), "edgewhisk-two-"));
  const instance = new miniflare.Miniflare(
    miniflare.convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new miniflare.Log(miniflare.LogLevel.ERROR),
      resourcePersistencePath: join(state, "v3"),
      resourceTmpPath: join(state, "tmp"),
      workers: [worker("one", {}), worker("two", { durableObjects: elsewhere })],
    } as MiniflareModule.V4MiniflareOptions),
  );
  await instance.ready;
  for (const [binding, folder] of [
    ["DB", "src/storage/d1/migrations"],
    ["RECORDS_0", "src/storage/records/migrations"],
  ] as const) {
    const d1 = await instance.getD1Database(binding, "one");
    await migrate(
      {
        query: async (sql) => (await d1.prepare(sql).all()).results,
        script: async (sql) => {
          await d1.batch(wrangler.unstable_splitSqlQuery(sql).map((each) => d1.prepare(each)));
        },
      },
      join(ROOT, folder),
    );
  }
  const [one = "", two = ""] = await Promise.all(
    ["one", "two"].map(async (name) => (await instance.unsafeGetDirectURL(name)).origin),
  );
  const host = await startHost(one, state);
  return {
    one,
    two,
    async stop() {
      const gone = new Promise((done) => host.once("exit", done));
      if (host.exitCode === null && host.kill("SIGTERM")) await gone;
      await instance.dispose();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

async function startHost(url: string, state: string): Promise<ChildProcess> {
  const answer = await fetch(`${url}/admin/v1/hosts`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "host" }),
  });
  const { token } = (await answer.json()) as { token: string };
  const child = spawn(join(ROOT, "node_modules/.bin/node"), [join(ROOT, "runtime-host/main.ts")], {
    env: {
      PATH: process.env.PATH ?? "",
      EDGEWHISK_URL: url,
      EDGEWHISK_TOKEN: token,
      EDGEWHISK_ENGINE: "process",
      EDGEWHISK_STATE: join(state, "host"),
      EDGEWHISK_DIE_WITH_PARENT: "1",
    },
    stdio: ["pipe", "ignore", "inherit"],
  });
  for (let waited = 0; waited < 110_000; waited += 100) {
    if (await ready(url)) return child;
    await new Promise((done) => setTimeout(done, 100));
  }
  child.kill("SIGKILL");
  throw new Error("the runtime host was not ready in 110 s");
}
