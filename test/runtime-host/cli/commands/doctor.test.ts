// `edgewhisk doctor` on machines on which something is wrong: the real command finds each, says the way out, and fails
// where nothing can go on.

import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Finding } from "../../../../runtime-host/cli/shared/diagnosis.ts";
import { lockState } from "../../../../runtime-host/machine/state-lock.ts";
import { faketimeLacks } from "../../../support/faketime.ts";
import { noSmallDisk, smallDisk } from "../../../support/small-disk.ts";
import { edgewhisk } from "../run.ts";

const lacks = faketimeLacks("a wrong clock");
const COMMAND = new URL("../../../../runtime-host/cli/edgewhisk.ts", import.meta.url).pathname;

let folder: string;
let servers: Server[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-doctor-"));
  servers = [];
  vi.stubEnv("DOCKER_HOST", `unix://${folder}/no-engine`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

/** What it finds that is not good, by what it is about. */
async function doctor(args: string[] = [], env: Record<string, string> = {}) {
  const own = { EDGEWHISK_STATE: join(folder, "state"), EDGEWHISK_PORT: String(await freePort()), ...env };
  const { code, out, err } = await edgewhisk(["doctor", "--json", ...args], { env: own });
  return { code, err, found: (what: string) => (JSON.parse(out) as Finding[]).find((each) => each.what === what) };
}

async function freePort(): Promise<number> {
  const at = await listening(createServer());
  servers.pop()?.close();
  return at;
}

async function listening(server: Server, path?: string): Promise<number> {
  servers.push(server);
  await new Promise<void>((done) =>
    path === undefined ? server.listen(0, "127.0.0.1", done) : server.listen(path, done),
  );
  return path === undefined ? (server.address() as AddressInfo).port : 0;
}

/** As far as doctor asks it. `status`: null = it refuses the admin token. */
async function platform(options: {
  build?: string;
  /** ms; "now": as its clock says. */
  date?: number | "now";
  status?: object | null;
  knowsHost?: boolean;
}): Promise<string> {
  const { build = "1", date, status = null, knowsHost = true } = options;
  const server = createServer((request, response) => {
    if (date === undefined) response.sendDate = false;
    else if (date !== "now") response.setHeader("Date", new Date(date).toUTCString());
    const answers: Record<string, [number, unknown]> = {
      "/api/v1": [200, { buildno: build }],
      "/admin/v1/status": status === null ? [401, { error: "no" }] : [200, status],
      "/host/v1/code/none": [knowsHost ? 404 : 401, { error: "no" }],
    };
    const [code, body] = answers[request.url ?? ""] ?? [200, null];
    response.writeHead(code, { "Content-Type": "application/json" });
    response.end(request.url === "/ping" ? "pong" : JSON.stringify(body));
  });
  return `http://127.0.0.1:${await listening(server)}`;
}

const HOST = { name: "h1", created: 0, shards: 1, state: "up", memory: 1, used: 0, running: 0, containers: 0 };

it("finds that no engine is there, which is no fault where actions may run as processes", async () => {
  const { code, found } = await doctor();
  expect(found("engine")).toMatchObject({ state: "doubtful", text: expect.stringMatching(/no Docker engine answers/) });
  expect(found("engine")?.way).toMatch(/Start Docker/);
  expect(code).toBe(0);
});

it("finds an engine that this user may not use, and says how to be let in", async () => {
  const closed = join(folder, "closed");
  mkdirSync(closed);
  await listening(createServer(), join(closed, "docker.sock"));
  chmodSync(closed, 0);
  // Root may do everything, unless that is taken from it.
  const caps = "-dac_override,-dac_read_search";
  const less = process.getuid?.() === 0 ? ["setpriv", `--bounding-set=${caps}`, `--inh-caps=${caps}`] : ["env"];
  const [program = "", ...args] = [
    ...less,
    process.execPath,
    COMMAND,
    "doctor",
    "--json",
    "--state",
    join(folder, "state"),
  ];
  const env = { ...process.env, DOCKER_HOST: `unix://${closed}/docker.sock`, EDGEWHISK_PORT: String(await freePort()) };
  const { code, out } = await new Promise<{ code: number | null; out: string }>((done) => {
    const child = execFile(program, args, { env }, (_error, out) => done({ code: child.exitCode, out }));
  });
  chmodSync(closed, 0o700);
  const engine = (JSON.parse(out) as Finding[]).find(({ what }) => what === "engine");
  expect(engine).toMatchObject({
    state: "wrong",
    text: expect.stringMatching(/may not use it.*EACCES.*usermod -aG docker/),
  });
  expect(code).toBe(1);
});

it("finds an engine without our images", async () => {
  const path = join(folder, "docker.sock");
  const engine = createServer((request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(request.url?.includes("/images/json") ? "[]" : "OK");
  });
  await listening(engine, path);
  vi.stubEnv("DOCKER_HOST", `unix://${path}`);
  const { code, found } = await doctor();
  expect(found("images")).toMatchObject({ state: "wrong", way: expect.stringMatching(/npm run images/) });
  expect(code).toBe(1);
});

it.skipIf(noSmallDisk !== null)("finds a disk that is full, and one that is read-only", async () => {
  const disk = smallDisk(8);
  try {
    disk.fill();
    const full = await doctor(["--state", join(disk.folder, "state")]);
    expect(full.found("disk")).toMatchObject({ state: "wrong", way: expect.stringMatching(/Make room/) });
    expect(full.code).toBe(1);
    disk.empty();
    disk.readOnly(true);
    const still = await doctor(["--state", join(disk.folder, "state")]);
    expect(still.found("disk")).toMatchObject({ state: "wrong", text: expect.stringMatching(/cannot be written/) });
  } finally {
    disk.readOnly(false);
    disk.remove();
  }
});

it("finds who has the state folder or the port that a start would take, and a folder that others can read", async () => {
  const state = join(folder, "state");
  mkdirSync(state, { mode: 0o700 });
  const lock = lockState(state);
  if (lock.kind !== "held") throw new Error("the lock was not had");
  const other = new URL(await platform({}));
  const { code, found } = await doctor([], { EDGEWHISK_PORT: other.port });
  expect(found("state")).toMatchObject({
    state: "doubtful",
    text: expect.stringContaining(`process ${process.pid} has`),
  });
  expect(found("port")).toMatchObject({ state: "doubtful", text: expect.stringMatching(/^a platform that is not/) });
  expect(found("port")?.way).toContain("--port");
  expect(code).toBe(0);
  lock.release();
  const program = await listening(createServer((request) => request.destroy()));
  expect((await doctor([], { EDGEWHISK_PORT: String(program) })).found("port")?.text).toMatch(/^another program/);
  expect((await doctor()).found("state")?.state).toBe("good");
  chmodSync(state, 0o755);
  const open = await doctor();
  expect(open.found("state")).toMatchObject({ state: "wrong", way: `chmod 700 ${state}` });
  expect(open.code).toBe(1);
});

it("finds a clock that is off and another version, with a platform that is elsewhere", async () => {
  const url = await platform({ date: Date.now() - 3_600_000, build: "another" });
  const { code, found } = await doctor(["--url", url]);
  expect(found("clock")).toMatchObject({ state: "wrong", text: expect.stringMatching(/is 3\d{3} s behind/) });
  expect(found("version")).toMatchObject({
    state: "doubtful",
    text: expect.stringContaining("the platform is another"),
  });
  expect(found("hosts")).toMatchObject({ state: "not looked at" });
  expect(code).toBe(1);
  const right = await doctor(["--url", await platform({ date: Date.now() })]);
  expect([right.code, right.found("clock")?.state]).toEqual([0, "good"]);
});

it("finds hosts that have gone, a host's token and an admin token that are not accepted", async () => {
  const status = {
    at: Date.now(),
    hosts: [HOST, { ...HOST, name: "h2", state: "down" }],
    waiting: [],
    more: false,
    stores: [],
  };
  const url = await platform({ status: { ...status, build: "1" }, knowsHost: false });
  const env = { EDGEWHISK_ADMIN_TOKEN: "t", EDGEWHISK_TOKEN: `ewh.h2.${"a".repeat(43)}` };
  const { code, found } = await doctor(["--url", url], env);
  expect(found("host token")).toMatchObject({ state: "wrong", way: expect.stringMatching(/--rotate/) });
  expect(found("host h2")).toMatchObject({
    state: "doubtful",
    way: expect.stringMatching(/revoke/),
  });
  expect(code).toBe(1);
  const refused = await doctor(["--url", await platform({})], env);
  expect(refused.found("admin token")).toMatchObject({ state: "wrong", way: expect.stringMatching(/--state/) });
  expect(refused.code).toBe(1);
});

it("finds settings that make no sense", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const env = { EDGEWHISK_PORT: "no port" };
  const { code, found } = await doctor(["--state", file], env);
  expect(found("state")).toMatchObject({ state: "wrong", text: `${file} is no folder` });
  expect(found("port")).toMatchObject({ state: "wrong", text: 'EDGEWHISK_PORT is "no port"' });
  expect(code).toBe(1);
  const asked = await doctor(["--url", await platform({})], { EDGEWHISK_TOKEN: "a\nb: c" });
  expect(asked.found("host token")?.state).toBe("wrong");
});

it("finds a platform that does not answer", async () => {
  const { code, found } = await doctor(["--url", `http://127.0.0.1:${await freePort()}`]);
  expect(found("platform")).toMatchObject({
    state: "wrong",
    text: expect.stringMatching(/does not answer.*ECONNREFUSED/),
  });
  expect(code).toBe(1);
});

/** The real program, behind what sets its clock or what else it runs in. */
async function program(wrapper: string[], env: Record<string, string>) {
  const [first = "", ...rest] = [...wrapper, process.execPath, COMMAND, "doctor", "--json"];
  const own = { EDGEWHISK_STATE: join(folder, "state"), EDGEWHISK_PORT: String(await freePort()) };
  return new Promise<{ code: number | null; found: (what: string) => Finding | undefined }>((done) => {
    const child = execFile(first, rest, { env: { ...process.env, ...own, ...env } }, (_error, out) => {
      const all = JSON.parse(out) as Finding[];
      done({ code: child.exitCode, found: (what) => all.find((each) => each.what === what) });
    });
  });
}

it.skipIf(lacks !== null).each([
  ["+1h", "wrong", /^the platform's is 3[56]\d\d s behind this machine's$/, 1],
  ["-1h", "wrong", /^the platform's is 3[56]\d\d s ahead of this machine's$/, 1],
  ["-10s", "doubtful", /ahead of/, 0],
] as const)("finds that this machine's own clock is %s off", async (clock, state, text, code) => {
  const url = await platform({ date: "now" });
  const seen = await program(["faketime", "-f", clock], { EDGEWHISK_URL: url });
  expect(seen.found("clock")).toMatchObject({
    state,
    text: expect.stringMatching(text),
    way: expect.stringMatching(/timedatectl/),
  });
  expect(seen.code).toBe(code);
});

it("finds that the platform is of another version than what is checked out here", async () => {
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" }).trim();
  git("init", "-q");
  git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "another");
  const commit = git("rev-parse", "--short=12", "HEAD");
  const url = await platform({ build: "0.1.0+before" });
  const { found } = await program(["env"], { EDGEWHISK_URL: url, GIT_DIR: join(folder, ".git") });
  expect(found("version")).toMatchObject({
    state: "doubtful",
    text: expect.stringMatching(new RegExp(`^the platform is 0\\.1\\.0\\+before, this command \\S+\\+${commit}$`)),
    way: expect.stringMatching(/Deploy/),
  });
});
