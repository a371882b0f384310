// The program as a child process with the process engine: one real run, signals, the death of its parent.

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitFor } from "../support/wait-for.ts";
import { FakeScheduler, idOf, runOf } from "./support.ts";

const TOKEN = `ewh.test.${"s".repeat(43)}`;
const MAIN = new URL("../../runtime-host/main.ts", import.meta.url).pathname;
const CODE =
  'function main(args) { console.log("hi"); return { greeting: "Hello " + args.name, key: process.env.__OW_API_KEY } }';
const HASH = createHash("sha256").update(CODE).digest("hex");

let state: string;
let http: Server;
let server: FakeScheduler;
let child: ChildProcess;
let out: string;
let err: string;

beforeEach(async () => {
  state = fs.mkdtempSync(join(tmpdir(), "main-"));
  http = createServer((request, response) => {
    if (request.url === `/host/v1/code/code/${HASH}` && request.headers.authorization === `Bearer ${TOKEN}`)
      response.end(CODE);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  server = await FakeScheduler.listen({ server: http });
  out = err = "";
});

afterEach(async () => {
  child.kill("SIGKILL");
  await server.close();
  http.closeAllConnections();
  http.close();
  fs.rmSync(state, { recursive: true, force: true });
});

function start(env: Record<string, string> = {}): void {
  child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH ?? "",
      EDGEWHISK_URL: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
      EDGEWHISK_TOKEN: TOKEN,
      EDGEWHISK_STATE: state,
      EDGEWHISK_ENGINE: "process",
      EDGEWHISK_PREWARM: "none",
      EDGEWHISK_DRAIN: "5",
      ...env,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdout?.on("data", (bytes) => {
    out += bytes;
  });
  child.stderr?.on("data", (bytes) => {
    err += bytes;
  });
}

const ended = () => new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));

async function runHello(number: number): Promise<void> {
  const major = process.versions.node.split(".")[0];
  const exec = { kind: `nodejs:${major}`, binary: false, code: { key: `code/${HASH}`, hash: HASH, size: CODE.length } };
  server.send(runOf(number, { key: "uuid:very-secret", invocation: { exec } }));
  await server.until(() => server.of("record").some((each) => each.id === idOf(number)));
}

test("it runs an action, reports it, prints one ready line, and leaves in order at SIGTERM", async () => {
  start();
  await server.until(() => server.of("hello").length === 1);
  expect(out).toBe("");
  server.onMessage = (message) => {
    if (message.t === "record")
      server.send({ t: "stored", epoch: 1, items: [{ id: message.id, attempt: message.attempt }] });
  };
  server.send({ t: "welcome", epoch: 1, name: "test/0" });
  await runHello(1);
  await runHello(2);
  const [cold, warm] = server.of("record");
  expect(cold?.completion).toMatchObject({ statusCode: 0, engine: "process", ran: true, host: "test" });
  expect(cold?.completion.result).toEqual({ inline: '{"greeting":"Hello world","key":"uuid:very-secret"}' });
  expect(JSON.stringify(cold?.completion.logs)).toContain("stdout: hi");
  expect(cold?.completion.initTime).toBeGreaterThan(0);
  expect(warm?.completion).not.toHaveProperty("initTime");
  expect(JSON.parse(out)).toMatchObject({ event: "ready", name: "test", engine: "process", pid: child.pid });
  child.kill("SIGTERM");
  expect(await ended()).toBe(0);
  expect(server.of("health").at(-1)?.unhealthy).toBe("draining");
  expect(fs.readdirSync(join(state, "outbox"))).toEqual([]);
  for (const secret of ["very-secret", TOKEN, "Hello world"]) expect(out + err).not.toContain(secret);
});

test("kill -9 loses no record: the next start sends what was not stored", async () => {
  start();
  await server.until(() => server.of("hello").length === 1);
  server.send({ t: "welcome", epoch: 1, name: "test/0" });
  await runHello(1);
  child.kill("SIGKILL");
  await ended();
  server.received.length = 0;
  start();
  await server.until(() => server.of("hello").length === 1);
  server.send({ t: "welcome", epoch: 2, name: "test/0" });
  await server.until(() => server.of("record").length === 1);
  expect(server.of("record")[0]?.id).toBe(idOf(1));
  child.kill("SIGTERM");
  await ended();
});

test("when its parent has gone it goes too, with its containers", async () => {
  start({ EDGEWHISK_DIE_WITH_PARENT: "1" });
  await server.until(() => server.of("hello").length === 1);
  server.send({ t: "welcome", epoch: 1, name: "test/0" });
  await runHello(1);
  const children = fs
    .readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  expect(children.length).toBeGreaterThan(0);
  child.stdin?.end();
  expect(await ended()).toBe(1);
  await waitFor(() => expect(children.filter((pid) => fs.existsSync(`/proc/${pid}`))).toEqual([]));
});

test("a level that is not reached is refused in one sentence, with exit code 1", async () => {
  start({ EDGEWHISK_REQUIRE_LEVEL: "containers" });
  await expect(ended()).resolves.toBe(1);
  expect(err).toContain(
    `reaches security level \\"none\\", and --require-level asks for \\"containers\\"; it lacks an engine`,
  );
  expect(server.of("hello")).toEqual([]);
});

test("what makes no sense is said in one line, with exit code 2", async () => {
  start({ EDGEWHISK_ENGINE: "podman" });
  expect(await ended()).toBe(2);
  expect(err).toBe("edgewhisk host: EDGEWHISK_ENGINE podman: expected auto, docker or process.\n");
});
