// The canary of runtime-host/standalone/platform.ts: everything that file takes for granted
// about wrangler and Miniflare.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, get as httpGet } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { processTable } from "../../../runtime-host/machine/process-table.ts";
import { StartFailure } from "../../../runtime-host/standalone/failure.ts";
import { migrate } from "../../../runtime-host/standalone/migrations.ts";
import { type Platform, startPlatform } from "../../../runtime-host/standalone/platform.ts";

const WRANGLER_TOML = `
name = "canary"
main = "none.ts"
compatibility_date = "2026-11-01"
[vars]
PLAIN = "from the file"
OVERLAID = "from the file"
[[d1_databases]]
binding = "DB"
database_name = "canary"
database_id = "00000000-0000-0000-0000-000000000000"
[[r2_buckets]]
binding = "BLOBS"
bucket_name = "canary-blobs"
[[durable_objects.bindings]]
name = "COUNTER"
class_name = "Counter"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Counter"]
[triggers]
crons = ["* * * * *"]
`;

const SCRIPT = `
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  async next() { const n = ((await this.ctx.storage.get("n")) ?? 0) + 1; await this.ctx.storage.put("n", n); return n; }
  fetch() { const [near, far] = Object.values(new WebSocketPair()); this.ctx.acceptWebSocket(far); return new Response(null, { status: 101, webSocket: near }); }
  webSocketMessage(socket, message) { socket.send("echo " + message); }
}
export const Console = { fetch: () => new Response("console") };
const one = (env) => env.COUNTER.get(env.COUNTER.idFromName("one"));
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/socket") return one(env).fetch(request);
    if (pathname === "/next") return Response.json(await one(env).next());
    if (pathname === "/vars") return Response.json({ plain: env.PLAIN, overlaid: env.OVERLAID, added: env.ADDED });
    if (pathname === "/put") { await env.BLOBS.put("secret", "for nobody"); return new Response("put"); }
    if (pathname === "/ticks") return Response.json((await env.DB.prepare("SELECT cron FROM ticks").all()).results);
    if (pathname === "/dial") {
      try { const answer = await env.OUTBOUND.fetch(request.headers.get("x-url"), { redirect: "manual" }); return new Response("reached " + answer.status); }
      catch (error) { return new Response("refused"); }
    }
    if (pathname === "/length") { let n = 0; for await (const chunk of request.body) n += chunk.length; return Response.json(n); }
    return Response.json({ ours: pathname, host: request.headers.get("host") }, { status: 404 });
  },
  async scheduled(event, env) { await env.DB.prepare("INSERT INTO ticks VALUES (?1)").bind(event.cron).run(); },
};
`;

const MIGRATION = `-- two statements; the second has one inside
CREATE TABLE ticks (cron TEXT);
CREATE TRIGGER no_delete BEFORE DELETE ON ticks BEGIN SELECT RAISE(ABORT, 'no; never'); END;
`;

const here = createRequire(import.meta.url);
let folder: string;
let platform: Platform;
let restarts = 0;
const lines: string[] = [];
const options = (changes: { port?: number } = {}) => ({
  root: folder,
  script: SCRIPT,
  host: "127.0.0.1",
  port: 0,
  consolePort: 0,
  state: join(folder, "state"),
  vars: { OVERLAID: "from us", ADDED: "also" },
  log: (line: string) => void lines.push(line),
  onRestart: () => void restarts++,
  onFailure: (reason: string) => void lines.push(`failure: ${reason}`),
  ...changes,
});
const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${platform.port}${path}`, init);
const workerds = () =>
  processTable().filter((row) => row.parent === process.pid && commandOf(row.pid).includes("workerd"));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-canary-"));
  writeFileSync(join(folder, "wrangler.toml"), WRANGLER_TOML);
  platform = await startPlatform(options());
});
afterAll(async () => {
  await platform?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("runtime-host/standalone/platform.ts, over unstable names of wrangler and Miniflare", () => {
  it("was read against these versions: after a change of one, read platform.ts again and change this test", () => {
    const wrangler = here.resolve("wrangler/package.json");
    const versionOf = (name: string) => createRequire(wrangler)(`${name}/package.json`).version;
    expect({
      wrangler: versionOf("wrangler"),
      miniflare: versionOf("miniflare"),
      workerd: versionOf("workerd"),
    }).toEqual({
      wrangler: "4.164.0",
      miniflare: "5.20261117.0-beta",
      workerd: "1.20261117.1",
    });
  });

  it("runs the Miniflare that wrangler was made with", () => {
    const wanted = here("wrangler/package.json").dependencies.miniflare;
    const { dependencies } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
    expect({ installed: here("miniflare/package.json").version, named: dependencies.miniflare }).toEqual({
      installed: wanted,
      named: wanted,
    });
  });

  it("gives workerd a small young generation and a larger old one, by a variable that this Miniflare reads", () => {
    const miniflare = readFileSync(here.resolve("miniflare"), "utf8");
    expect(miniflare).toContain("v8Flags: process.env.MINIFLARE_WORKERD_V8_FLAGS");
    expect(process.env.MINIFLARE_WORKERD_V8_FLAGS?.split(" ")).toEqual([
      ...["--max-semi-space-size=1", "--min-semi-space-size=1", "--heap-growing-percent=300"],
    ]);
  });

  it("gets the Worker's bindings from wrangler.toml, with our variables over it", async () => {
    expect(await (await get("/vars")).json()).toEqual({ plain: "from the file", overlaid: "from us", added: "also" });
    expect(platform.crons).toEqual(["* * * * *"]);
  });

  it("keeps what wrangler made of wrangler.toml, until that changes; with secrets beside it, in the state folder", async () => {
    writeFileSync(join(folder, "wrangler.toml"), WRANGLER_TOML.replace('OVERLAID = "from the file"', 'FRESH = "new"'));
    const state = join(folder, "options");
    const kept = join(folder, "node_modules/.cache/edgewhisk/worker.json");
    const seen = async (file: string) => {
      const other = await startPlatform({ ...options(), state });
      await other.close();
      return JSON.parse(readFileSync(file, "utf8")).worker.bindings;
    };
    expect(await seen(kept)).toEqual({ PLAIN: "from the file", FRESH: "new" });
    const { mtimeMs } = statSync(kept);
    await seen(kept);
    expect(statSync(kept).mtimeMs).toBe(mtimeMs);
    writeFileSync(join(folder, "wrangler.toml"), WRANGLER_TOML);
    expect(await seen(kept)).toEqual({ PLAIN: "from the file", OVERLAID: "from the file" });
    writeFileSync(join(folder, ".dev.vars"), "SECRET=word\n");
    expect(await seen(join(state, "worker.json"))).toMatchObject({ SECRET: "word" });
    expect(readFileSync(kept, "utf8")).not.toContain("word");
    rmSync(join(folder, ".dev.vars"));
    writeFileSync(join(folder, ".env.staging"), "SECRET=word\n");
    rmSync(kept);
    await seen(join(state, "worker.json"));
    expect(existsSync(kept)).toBe(false);
    rmSync(join(folder, ".env.staging"));
  });

  it("answers every path and host name with the Worker itself, /cdn-cgi included", async () => {
    const { port } = platform;
    const options = { port, path: "/cdn-cgi/anything", headers: { host: "localhost" } };
    const answer = await new Promise<string>((resolve, reject) => {
      const request = httpGet(options, async (response) => {
        resolve(`${response.statusCode} ${(await response.toArray()).join("")}`);
      });
      request.on("error", reject);
    });
    expect(answer).toBe('404 {"ours":"/cdn-cgi/anything","host":"localhost"}');
  });

  it("leaves Miniflare's own entry without a way to the local R2 objects", async () => {
    await get("/put");
    for (const path of [
      "/cdn-cgi/local/r2/public/canary-blobs/secret",
      "//cdn-cgi/local/r2/public/canary-blobs/secret",
    ]) {
      const answer = await fetch(`http://localhost:${platform.entry.port}${path}`);
      expect(await answer.text()).toContain('"ours":"/-/');
    }
  });

  it("upgrades WebSockets", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${platform.port}/socket`);
    const echo = new Promise((resolve, reject) => {
      socket.once("message", (data) => resolve(String(data)));
      socket.once("error", reject);
    });
    socket.once("open", () => socket.send("hello"));
    expect(await echo).toBe("echo hello");
    socket.terminate();
  });

  it("streams a body of 48 MB", async () => {
    const size = 48 * 1024 ** 2;
    expect(await (await get("/length", { method: "POST", body: Buffer.alloc(size) })).json()).toBe(size);
  });

  it("applies migrations once, and calls the scheduled handler", async () => {
    const migrations = mkdtempSync(join(folder, "migrations-"));
    writeFileSync(join(migrations, "0001_first.sql"), MIGRATION);
    const database = await platform.database("DB");
    expect(await migrate(database, migrations)).toEqual(["0001_first.sql"]);
    expect(await migrate(database, migrations)).toEqual([]);
    writeFileSync(join(migrations, "0002_broken.sql"), "CREATE TABLE half (a);\nCREATE TABLE half (a);");
    await expect(migrate(database, migrations)).rejects.toThrow("half");
    expect(await database.query("SELECT name FROM sqlite_master WHERE name = 'half'")).toEqual([]);
    await platform.tick("* * * * *");
    expect(await (await get("/ticks")).json()).toEqual([{ cron: "* * * * *" }]);
  });

  it("dials public addresses only, whatever a name comes to, and those that are allowed", async () => {
    let reached = 0;
    const server = createServer((_, response) => response.end(String(++reached)));
    await new Promise<void>((done) => server.listen(0, "0.0.0.0", done));
    const { port } = server.address() as AddressInfo;
    const dial = async (to: number, url: string) =>
      (await fetch(`http://127.0.0.1:${to}/dial`, { headers: { "x-url": url } })).text();
    const hosts = [
      "127.0.0.1",
      "127.1",
      "2130706433",
      "0.0.0.0",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "localhost",
      hostname(),
    ];
    const allowing = await startPlatform({
      ...options(),
      state: join(folder, "other"),
      vars: { OUTBOUND_ALLOW: "127.0.0.0/8,fd00::/8" },
    });
    try {
      for (const host of hosts)
        expect([host, await dial(platform.port, `http://${host}:${port}/`)]).toEqual([host, "refused"]);
      expect(await dial(platform.port, "http://169.254.169.254/latest/meta-data/")).toBe("refused");
      expect(reached).toBe(0);
      for (const host of ["127.0.0.1", "localhost"])
        expect([host, await dial(allowing.port, `http://${host}:${port}/`)]).toEqual([host, "reached 200"]);
      expect(reached).toBe(2);
      expect(await dial(allowing.port, "http://169.254.169.254/latest/meta-data/")).toBe("refused");
    } finally {
      await allowing.close();
      server.close();
    }
  });

  it("says in one sentence that a port is taken", async () => {
    const attempt = startPlatform({ ...options({ port: platform.port }), state: join(folder, "other") });
    await expect(attempt).rejects.toThrow(StartFailure);
    await expect(attempt).rejects.toThrow(/^Port \d+ on 127\.0\.0\.1 is taken: .*\.$/);
  });

  it("leaves signals to us", () => {
    const ours = ["SIGINT", "SIGTERM", "SIGHUP"].flatMap((signal) => process.listeners(signal as NodeJS.Signals));
    expect(ours.filter((listener) => /runCallbacks/.test(String(listener)))).toEqual([]);
  });

  it("brings a killed workerd back on the same port with its state, and can still call it", async () => {
    const before = Number(await (await get("/next")).json());
    const [workerd, ...others] = workerds();
    expect(others).toEqual([]);
    process.kill(workerd?.pid as number, "SIGKILL");
    await expect.poll(() => restarts).toBe(1);
    expect(await (await get("/next")).json()).toBe(before + 1);
    expect(await (await fetch(`http://127.0.0.1:${platform.consolePort}/next`)).text()).toBe("console");
    await platform.tick("* * * * *");
    expect(lines.filter((line) => line.startsWith("failure"))).toEqual([]);
  });

  it("keeps no process after close", async () => {
    const second = await startPlatform({ ...options(), state: join(folder, "second") });
    expect(workerds()).toHaveLength(2);
    await second.close();
    await expect.poll(workerds).toHaveLength(1);
  });
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}
