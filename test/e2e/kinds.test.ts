// A host that cannot run everything: calls of a kind it does not have wait and say why, all else runs as if they were
// not there, and they run when a host comes that can.

import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { slowness } from "../support/machine-pace.ts";
import { basic, GUEST, type Platform, SYSTEM, startPlatform } from "../support/platform.ts";
import type { Loose } from "./engines.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const EDGEWHISK = join(ROOT, "runtime-host/cli/edgewhisk.mjs");
/** What the host itself runs on: there whatever the PATH says. */
const NODE = `nodejs:${process.versions.node.split(".")[0]}`;
/** As upstream's manifests have it: packages, and what their actions run. */
const CATALOG: Record<string, Record<string, { kind: string; code: string; binary?: boolean }>> = {
  github: { webhook: { kind: "nodejs:default", code: "function main(params) { return { error: 'not here' }; }" } },
  slack: { post: { kind: "nodejs:default", code: "function main(params) { return {}; }" } },
  utils: {
    echo: { kind: "nodejs:default", code: "function main(params) { return params || {}; }" },
    date: { kind: "nodejs:default", code: "function main() { return { date: new Date() }; }" },
  },
  websocket: { send: { kind: "nodejs:default", code: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", binary: true } },
  samples: {
    cat: { kind: "swift:default", code: "func main(args: [String:Any]) -> [String:Any] { return args }" },
    greeting: {
      kind: "nodejs:default",
      code: "function main(params) { return { payload: 'installed: ' + params.name }; }",
    },
  },
};
/** Longest blocking call of what can run (ms); a cold start on a loaded machine is the most of it. */
const PROMPT = 10_000;

describe("a host that lacks a kind [process]", () => {
  const state = mkdtempSync(join(tmpdir(), "edgewhisk-kinds-"));
  /** A PATH on which no interpreter is found but the host's own. */
  const bare = mkdtempSync(join(tmpdir(), "edgewhisk-path-"));
  let platform: Platform | undefined;
  afterAll(async () => {
    await platform?.stop();
    for (const folder of [state, bare]) rmSync(folder, { recursive: true, force: true });
  });

  async function start(env: Record<string, string> = {}, flags = ["--memory", "512"]): Promise<void> {
    platform = await startPlatform({ engine: "process", state, env, flags });
  }

  async function ask(path: string, options: { method?: string; body?: object } = {}): Promise<Loose> {
    const began = performance.now();
    const answer = await fetch(`${platform?.url}/api/v1/namespaces/_/${path}`, {
      method: options.method ?? "GET",
      headers: { authorization: basic(GUEST), "content-type": "application/json" },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    return { status: answer.status, json: await answer.json().catch(() => null), ms: performance.now() - began };
  }

  const states = async () => {
    const answer = await fetch(`${platform?.url}/invokers`);
    return Object.values((await answer.json()) as Record<string, string>);
  };
  const put = (name: string, body: object) => ask(`actions/${name}`, { method: "PUT", body });
  const call = (name: string, query = "") => ask(`actions/${name}${query}`, { method: "POST", body: {} });

  it("runs all else, says what the rest waits for, and runs the rest when a host can", async () => {
    await start();
    const python = { kind: "python:default", code: "def main(args): return {'snake': True}" };
    expect((await put("snake", { exec: python })).status).toBe(200);
    const short = [{ key: "max-queue-time", value: 5 }];
    expect((await put("impatient", { exec: python, annotations: short })).status).toBe(200);
    const kind = (await ask("actions/snake")).json.exec.kind;
    const node = { kind: NODE, code: "function main() { return { node: true }; }" };
    expect((await put("node", { exec: node })).status).toBe(200);
    await platform?.stop();

    // It comes up, though work waits that nobody here can do.
    await start({ PATH: bare });
    const waiting: string[] = [];
    for (let n = 0; n < 3; n++) {
      const accepted = await call("snake");
      expect(accepted.status).toBe(202);
      waiting.push(accepted.json.activationId);
    }
    const [host] = platform?.pids().host ?? [];
    process.kill(host ?? 0, "SIGKILL");
    await expect.poll(states, { interval: 20 }).toEqual(["down"]);
    for (let n = 0; n < 12; n++) {
      const answer = await call("node", "?blocking=true&result=true");
      expect([answer.status, answer.json]).toEqual([200, { node: true }]);
      expect(answer.ms / slowness()).toBeLessThan(PROMPT);
    }
    // Its time is short: the host is back since these were served.
    const impatient = (await call("impatient")).json.activationId;
    const [id = ""] = waiting;
    await expect
      .poll(async () => (await ask(`activations/${id}`)).json.waiting?.reason)
      .toBe(`no connected host can run ${kind}`);
    const answer = await ask(`activations/${id}`);
    expect(answer).toMatchObject({
      status: 404,
      json: { error: "The requested resource does not exist.", waiting: { since: expect.any(Number) } },
    });
    const told = await edgewhisk("logs", id);
    expect(told).toMatch(/waits since \S+ .*no connected host can run python/);

    await expect.poll(async () => (await ask(`activations/${impatient}`)).status).toBe(200);
    expect((await ask(`activations/${impatient}`)).json.response).toMatchObject({
      status: "whisk internal error",
      result: { error: expect.stringMatching(/waited \d+ s for a host, and no connected host can run python/) },
    });

    expect((await put("large", { exec: node, limits: { memory: 512 } })).status).toBe(200);
    await platform?.stop();
    expect(attempts(state)).toBeLessThanOrEqual(3);

    await start();
    for (const each of waiting) {
      await expect.poll(async () => (await ask(`activations/${each}`)).status).toBe(200);
      expect((await ask(`activations/${each}`)).json.response).toMatchObject({ result: { snake: true } });
    }
  });

  it("refuses what no host here could ever hold, when it is made and when it is called, unless hosts may come", async () => {
    await platform?.stop();
    await start({}, ["--memory", "256"]);
    const node = { kind: NODE, code: "function main() { return {}; }" };
    const text = /it needs 512 MB, and no host of this platform has more than 256 MB/;
    const made = await put("larger", { exec: node, limits: { memory: 512 } });
    expect([made.status, made.json.error]).toEqual([400, expect.stringMatching(text)]);
    const called = await call("large", "?blocking=true");
    expect([called.status, called.json.error]).toEqual([400, expect.stringMatching(text)]);
    expect((await ask("activations?limit=0&count=true")).status).toBe(200);
    await platform?.stop();
    await start({}, ["--memory", "256", "--var", "HOSTS_MAY_COME=1"]);
    const accepted = await call("large");
    expect(accepted.status).toBe(202);
    const { json } = await ask(`activations/${accepted.json.activationId}`);
    expect(json.waiting.reason).toBe("it needs 512 MB, and no connected host that can run it has more than 256 MB");
    // As OpenWhisk's own catalog has them: a kind that nobody serves yet.
    const exec = { kind: "swift:default", code: "" };
    const swift = await ask("actions/swift", { method: "PUT", body: { exec } });
    expect([swift.status, swift.json.exec.kind]).toEqual([200, "swift:5.3"]);
    const waits = await call("swift");
    const found = await ask(`activations/${waits.json.activationId}`);
    expect([waits.status, found.json.waiting.reason]).toEqual([202, expect.stringContaining("swift:5.3")]);
  });

  it("takes OpenWhisk's catalog as wskdeploy installs it with the key of whisk.system, and all that ships goes on", async () => {
    const send = async (method: string, path: string, { key = GUEST, body }: { key?: string; body?: object } = {}) => {
      const answer = await fetch(`${platform?.url}${path}`, {
        ...{ method, headers: { authorization: basic(key), "content-type": "application/json" } },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Loose;
    };
    await platform?.stop();
    await start({}, ["--memory", "512", "--var", "HOSTS_MAY_COME=1"]);
    const { runtimes } = await send("GET", "/");
    expect(Object.keys(runtimes)).toEqual(expect.arrayContaining(["nodejs", "swift"]));
    const invoke = (path: string, body: object = {}) =>
      send("POST", `/api/v1/namespaces/whisk.system/actions/${path}?blocking=true&result=true`, { body });
    const before = await send("GET", "/api/v1/namespaces/whisk.system/packages?limit=200");
    // Twice: as an upgrade does.
    for (let round = 0; round < 2; round++) {
      for (const [name, actions] of Object.entries(CATALOG)) {
        const annotations = [{ key: "description", value: name }];
        await send("PUT", `/api/v1/namespaces/_/packages/${name}?overwrite=true`, {
          ...{ key: SYSTEM, body: { namespace: "_", name, version: "0.0.1", publish: true, annotations } },
        });
        for (const [action, exec] of Object.entries(actions)) {
          const feed = name === "github" ? [{ key: "feed", value: true }] : [];
          await send("PUT", `/api/v1/namespaces/_/actions/${name}/${action}?overwrite=true`, {
            ...{ key: SYSTEM, body: { namespace: "_", name: `${name}/${action}`, exec, annotations: feed } },
          });
        }
      }
    }
    const names = (list: Loose) => list.map((each: Loose) => each.name).toSorted();
    const after = await send("GET", "/api/v1/namespaces/whisk.system/packages?limit=200");
    expect(names(after)).toEqual(names(before));
    // What was installed runs, and what ships beside it in the same package.
    const kindOf = async (path: string) =>
      (await send("GET", `/api/v1/namespaces/whisk.system/actions/${path}`)).exec.kind;
    expect([await kindOf("utils/echo"), await kindOf("utils/sort")]).toEqual([
      expect.stringMatching(/^nodejs/),
      "builtin",
    ]);
    expect(await invoke("utils/echo", { a: 1 })).toEqual({ a: 1 });
    expect(await invoke("utils/sort", { lines: [2, 1] })).toMatchObject({ lines: [1, 2] });
    expect(await invoke("samples/greeting", { name: "Ada" })).toEqual({ payload: "installed: Ada" });
    // Feeds are of packages that the catalog does not know.
    await send("PUT", "/api/v1/namespaces/_/triggers/installed", { body: {} });
    const call = { triggerName: "/_/installed", lifecycleEvent: "CREATE" };
    expect(await invoke("alarms/alarm", { ...call, cron: "0 0 1 1 *" })).toEqual({ status: "success" });
    expect(await invoke("webhook/webhook", { ...call, signature: "none" })).toMatchObject({ status: "success" });
    // What is taken away again leaves what ships.
    await send("DELETE", "/api/v1/namespaces/_/actions/utils/echo", { key: SYSTEM });
    expect(await kindOf("utils/echo")).toBe("builtin");
    expect(await invoke("utils/echo", { a: 1 })).toEqual({ a: 1 });
  });

  async function edgewhisk(...args: string[]): Promise<string> {
    const env = { ...process.env, EDGEWHISK_URL: platform?.url, EDGEWHISK_AUTH: GUEST };
    return promisify(execFile)(process.execPath, [EDGEWHISK, ...args], { env }).then(
      ({ stdout }) => stdout,
      (error: { stderr: string }) => error.stderr,
    );
  }
});

/** The most attempts any waiting row has had. */
function attempts(state: string): number {
  const files = readdirSync(state, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".sqlite"));
  let most = 0;
  for (const file of files) {
    const database = new DatabaseSync(join(state, file), { readOnly: true });
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE name = 'rows'").all();
    if (tables.length > 0) {
      const row = database.prepare("SELECT max(attempt) AS most FROM rows").get() as { most: number | null };
      most = Math.max(most, row.most ?? 0);
    }
    database.close();
  }
  return most;
}
