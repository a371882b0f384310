// `npm start` as a user, a process manager and an accident see it. On the process engine:
// what differs with Docker is the host's.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get as httpGet } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startOf } from "../../runtime-host/machine/process-table.ts";
import { pacedMs, slowness } from "../support/machine-pace.ts";
import { basic, freePort, GUEST, treeOf } from "../support/platform.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const NODE_20 = process.env.npm_node_execpath ?? "node";

interface Start {
  launcher: ChildProcess;
  output(): string;
  /** Resolves to the exit code. */
  ended: Promise<number | null>;
}

let folder: string;
let state: string;
let port: number;
/** ms. The figures that follow are measured against it as well:
 * what else this machine does at the time is not known. */
let firstStart = 0;
const starts: Start[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-start-"));
  state = join(folder, "state");
  port = await freePort();
});
afterEach(async () => {
  for (const start of starts.splice(0)) {
    start.launcher.kill("SIGTERM");
    await start.ended;
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LAUNCH = [NODE_20, "runtime-host/start.mjs"];
const NPM_START = ["npm", "start", "--"];

function run(args: string[] = [], env: Record<string, string> = {}, how = LAUNCH): Start {
  const [command = "", ...first] = how;
  const all = [...first, "--engine", "process", "--port", String(port), "--state", state, ...args];
  const launcher = spawn(command, all, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  launcher.stdout.on("data", (chunk) => (output += chunk));
  launcher.stderr.on("data", (chunk) => (output += chunk));
  const start: Start = {
    launcher,
    output: () => output,
    ended: new Promise((resolve) => launcher.once("close", (code) => resolve(code))),
  };
  starts.push(start);
  return start;
}

async function serving(
  args: string[] = [],
  how = LAUNCH,
): Promise<Start & { took: number; pids: number[]; main: number }> {
  const began = performance.now();
  const start = run(args, {}, how);
  while (!start.output().includes("?blocking=true&result=true'")) {
    if (start.launcher.exitCode !== null) throw new Error(`exit ${start.launcher.exitCode}:\n${start.output()}`);
    if (performance.now() - began > 100_000) throw new Error(`does not serve:\n${start.output()}`);
    await sleep(50);
  }
  const took = performance.now() - began;
  const pids = treeOf(start.launcher.pid as number).all;
  const [, main] = pids;
  return { ...start, took, pids, main: main as number };
}

const living = (pids: readonly number[]) => pids.filter((pid) => startOf(pid) !== null);
const api = (method: string, path: string, body?: unknown) =>
  fetch(`http://127.0.0.1:${port}/api/v1/namespaces/_/${path}`, {
    method,
    headers: { authorization: basic(GUEST), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
/** A user's action, which happens to have the name a newcomer would choose. */
const make = async () => {
  const code = "function main(args) { return { greeting: 'Hello, ' + args.name + '!', by: args.by }; }";
  const body = { exec: { kind: "nodejs:default", code }, parameters: [{ key: "by", value: "me" }] };
  expect((await api("PUT", "actions/hello?overwrite=true", body)).status).toBe(200);
};
const GREETED = '200 {"greeting":"Hello, test!","by":"me"}';
const invoke = async () => {
  const answer = await api("POST", "actions/hello?blocking=true&result=true", { name: "test" });
  return `${answer.status} ${await answer.text()}`;
};

describe("npm start", () => {
  it("proves itself with a hello action, prints lines that work when pasted, and ends in order", async () => {
    const start = await serving();
    firstStart = start.took;
    expect(start.output()).toMatch(/hello action +\{"greeting":"Hello, edgewhisk!"\} +cold \d+ ms, warm [\d.]+ ms/);
    expect(start.output()).toContain("ISOLATES NOTHING");
    expect(start.output()).toContain(`wsk property set --apihost http://127.0.0.1:${port} --auth ${GUEST}`);
    const line = start.output().slice(start.output().indexOf("curl -s"));
    expect(execFileSync("sh", ["-c", line], { encoding: "utf8" })).toBe('{"name":"you"}');
    const seen = await Promise.all(["actions", "activations"].map(async (each) => (await api("GET", each)).json()));
    expect(seen).toEqual([[], [expect.objectContaining({ name: "echo" })]]);
    await make();
    expect((statSync(state).mode & 0o777).toString(8)).toBe("700");

    const took = await pacedMs(async () => {
      start.launcher.kill("SIGTERM");
      expect(await start.ended).toBe(0);
    });
    expect(took).toBeLessThan(10_000);
    expect(living(start.pids)).toEqual([]);
    expect(existsSync(join(state, "lock"))).toBe(false);
  });

  it("answers /cdn-cgi in our JSON whatever the Host header says", async () => {
    await serving();
    for (const host of ["localhost", "127.0.0.1", "example.org"]) {
      const answer = await plainGet("/cdn-cgi/anything", host);
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.text)).toEqual({ error: expect.any(String), code: expect.any(String) });
    }
  });

  it("refuses a second start on the same state or port with one sentence, and the first goes on", async () => {
    const first = await serving();
    const locked = run(["--port", String(await freePort())]);
    expect(await locked.ended).toBe(1);
    expect(locked.output()).toMatch(/^edgewhisk: The state folder \S+ is in use by process \d+: .*\.\n$/);
    const taken = run(["--state", join(folder, "other")]);
    expect(await taken.ended).toBe(1);
    expect(taken.output()).toMatch(/^edgewhisk: Port \d+ on 127\.0\.0\.1 is taken: .*\.\n$/);
    expect(await invoke()).toBe(GREETED);
    expect(living(first.pids)).toEqual(first.pids);
  });

  it("says in one sentence what else is wrong, with exit code ≠ 0", async () => {
    const cases: [string[], RegExp][] = [
      [["--state", "/dev/null/x"], /^edgewhisk: The state folder \/dev\/null\/x cannot be written \(\w+\): .*\.\n$/],
      [["--prot", "1"], /^edgewhisk: Unknown option '--prot' \(did you mean --port\?\): see --help\.\n$/],
      [["--host", "0.0.0.0"], /^edgewhisk: The process engine isolates nothing, .*\.\n$/],
      [["--engine", "docker"], /^edgewhisk: --engine docker: no Docker engine answers \(.*\)\.\n$/],
    ];
    for (const [args, text] of cases) {
      const start = run(args, { DOCKER_HOST: `unix://${folder}/no.sock` });
      expect(await start.ended).not.toBe(0);
      expect(start.output()).toMatch(text);
    }
  });

  it("takes the process engine and says why where no Docker engine answers", async () => {
    const start = run(["--engine", "auto"], { DOCKER_HOST: `unix://${folder}/no.sock` });
    await expect.poll(start.output).toContain("hello action");
    expect(start.output()).toMatch(/engine process: no Docker engine answers/);
  });

  it.each(["the parent", "the launcher"])(
    "leaves no orphan when %s is killed, and starts again at once",
    async (whom) => {
      const start = await serving();
      expect(start.pids.length).toBeGreaterThanOrEqual(4);
      // An action that never ends and never looks up.
      await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/_/actions/busy?overwrite=true`, {
        method: "PUT",
        headers: { authorization: basic(GUEST), "content-type": "application/json" },
        body: JSON.stringify({ exec: { kind: "nodejs:default", code: "function main() { for (;;); }" } }),
      });
      await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/_/actions/busy`, {
        method: "POST",
        headers: { authorization: basic(GUEST) },
      });
      await sleep(1_000);
      const pids = treeOf(start.launcher.pid as number).all;
      expect(pids.length).toBeGreaterThan(start.pids.length);
      process.kill(whom === "the parent" ? start.main : (start.launcher.pid as number), "SIGKILL");
      const before = slowness();
      const again = await serving();
      const took = again.took / Math.max(before, slowness());
      console.log(`start after a kill -9 of ${whom}: ${again.took.toFixed(0)} ms`);
      expect(took).toBeLessThan(Math.max(10_000, 3 * start.took));
      expect(living(pids)).toEqual([]);
      expect(await invoke()).toBe(GREETED);
    },
  );

  it.each(["SIGTERM", "SIGKILL"] as const)("ends when npm gets %s", async (signal) => {
    const start = await serving([], NPM_START);
    start.launcher.kill(signal);
    const code = await start.ended;
    // Of what npm has started nothing is left behind: it ends when the platform has ended.
    if (signal === "SIGTERM") expect([code, living(start.pids)]).toEqual([0, []]);
    await expect.poll(() => living(start.pids)).toEqual([]);
  });

  it("serves again within seconds when workerd or the host is killed", async () => {
    const start = await serving();
    const { workerd, host } = treeOf(start.launcher.pid as number);
    for (const pid of [...workerd, ...host]) {
      process.kill(pid, "SIGKILL");
      await expect.poll(() => invoke().catch(String), { interval: 200 }).toContain("Hello, test!");
    }
    expect(living([...workerd, ...host])).toEqual([]);
  });

  it("serves all the same when workerd is killed while it starts", async () => {
    const start = run(["--state", join(folder, "shaken")]);
    const killed = new Set<number>();
    // As soon as it is there, and again a moment later: before and while its database is migrated.
    for (let waited = 0; killed.size < 2 && waited < 100_000; waited += 5) {
      for (const pid of treeOf(start.launcher.pid as number).workerd) {
        if (killed.has(pid)) continue;
        await sleep(killed.size * 150);
        if (startOf(pid) !== null) process.kill(pid, "SIGKILL");
        killed.add(pid);
      }
      await sleep(5);
    }
    expect(killed.size).toBe(2);
    await expect.poll(start.output).toContain("hello action");
    expect(start.output()).not.toMatch(/unexpected:/);
    expect((await api("GET", "actions")).status).toBe(200);
  });

  it("starts nothing anew once it was told to stop in the middle of its start", async () => {
    const start = run(["--state", join(folder, "called-off")]);
    // What wrangler makes is kept from an earlier start: then the first part that is seen is workerd.
    const parts = () => {
      const { wrangler, workerd } = treeOf(start.launcher.pid as number);
      return wrangler.length + workerd.length;
    };
    await expect.poll(parts, { interval: 10 }).toBeGreaterThan(0);
    start.launcher.kill("SIGTERM");
    await start.ended;
    expect(start.output()).toContain("stopping");
    expect(start.output()).not.toMatch(/starting it anew|unexpected/);
  });

  it("says that it is not ready until its database is, at every door, and then serves at once", async () => {
    const seen = new Set<string>();
    const start = run(["--state", join(folder, "fresh")]);
    const doors = ["/ping", "/", "/api/v1", "/api/v1/namespaces"];
    while (!start.output().includes("hello action")) {
      for (const door of doors) {
        const headers = { authorization: basic(GUEST) };
        const answer = await fetch(`http://127.0.0.1:${port}${door}`, { headers }).catch(() => null);
        if (answer === null) continue;
        seen.add(`${answer.status}${answer.status === 503 ? ` ${answer.headers.get("retry-after")}` : ""}`);
        await answer.body?.cancel();
      }
      expect(start.launcher.exitCode).toBeNull();
      await sleep(10);
    }
    expect([...seen].filter((each) => each !== "200" && each !== "503 1")).toEqual([]);
    expect(seen).toContain("503 1");
  });

  it("refuses a state folder that a newer version has used", async () => {
    const newer = join(folder, "newer");
    mkdirSync(newer);
    const written = { version: "9.0.0", migrations: ["0001_initial.sql", "9999_later.sql"] };
    writeFileSync(join(newer, "written-by.json"), JSON.stringify(written));
    const start = run(["--state", newer]);
    expect(await start.ended).toBe(1);
    expect(start.output()).toMatch(/^edgewhisk: This state was written by version 9\.0\.0 \(.*9999_later\.sql.*\.\n$/);
  });

  it("replaces a reaper that was killed, and the new one does its work", async () => {
    const start = await serving();
    const reapers = () =>
      execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
        .split("\n")
        .map((row) => /^\s*(\d+)\s+(\d+) \/bin\/sh -c read -r word/.exec(row))
        .flatMap((row) => (Number(row?.[2]) === start.main ? [Number(row?.[1])] : []));
    const [first = 0] = reapers();
    process.kill(first, "SIGKILL");
    await expect.poll(() => reapers().filter((pid) => pid !== first).length).toBe(1);
    await sleep(300);
    const { all } = treeOf(start.main);
    process.kill(start.main, "SIGKILL");
    await expect.poll(() => living(all)).toEqual([]);
  });

  it("keeps its state: the second start finds the action and needs no new key", async () => {
    const before = readFileSync(join(state, "secrets.json"), "utf8");
    const pace = slowness();
    const start = await serving();
    const took = start.took / Math.max(pace, slowness());
    expect(readFileSync(join(state, "secrets.json"), "utf8")).toBe(before);
    expect(await invoke()).toBe(GREETED);
    const records = (await (await api("GET", "activations?limit=200")).json()) as { name: string }[];
    expect(records.filter((each) => each.name !== "hello" && each.name !== "busy" && each.name !== "echo")).toEqual([]);
    console.log(`second start to first answer: ${start.took.toFixed(0)} ms`);
    expect(took).toBeLessThan(Math.max(8_000, 2 * firstStart));
  });

  it("waits for a port that a dying start still holds only after a crash, not for a stranger's", async () => {
    const stranger = createServer().listen(port, "127.0.0.1");
    await new Promise((resolve) => stranger.once("listening", resolve));
    const took = await pacedMs(async () => expect(await run().ended).toBe(1));
    expect(took).toBeLessThan(12_000);
    await new Promise((resolve) => stranger.close(resolve));
  });
});

function plainGet(path: string, host: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpGet({ port, path, headers: { host } }, async (response) => {
      resolve({ status: response.statusCode ?? 0, text: (await response.toArray()).join("") });
    });
    request.on("error", reject);
  });
}
