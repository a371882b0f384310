// The host as a whole against a scheduler that is a plain WebSocket server: everything real but the containers.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseHostConfig } from "../../runtime-host/config.ts";
import { type Host, type ReadyFacts, startHost } from "../../runtime-host/host.ts";
import type { ContainersOptions } from "../../runtime-host/pool/open.ts";
import { waitFor } from "../support/wait-for.ts";
import { answerOf, FakeContainers, FakeScheduler, idOf, runOf, silent, UNFENCED } from "./support.ts";

let state: string;
let server: FakeScheduler;
let hosts: Host[];
beforeEach(async () => {
  state = fs.mkdtempSync(join(tmpdir(), "host-"));
  server = await FakeScheduler.listen();
  hosts = [];
});
afterEach(async () => {
  for (const host of hosts) await host.abort();
  await server.close();
  fs.rmSync(state, { recursive: true, force: true });
});

async function start(containers: FakeContainers, env: Record<string, string> = {}) {
  const parsed = parseHostConfig([], {
    EDGEWHISK_URL: server.url,
    EDGEWHISK_TOKEN: `ewh.test.${"s".repeat(43)}`,
    EDGEWHISK_STATE: state,
    EDGEWHISK_DRAIN: "2",
    ...env,
  });
  if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed));
  const ready = vi.fn<(facts: ReadyFacts) => void>();
  let options: ContainersOptions | undefined;
  const host = await startHost(parsed.config, {
    openContainers: (given) => {
      options = given;
      return Promise.resolve(containers);
    },
    log: silent,
    ready,
    timing: { firstPauseMs: 10 },
  });
  hosts.push(host);
  return { host, ready, options: options as ContainersOptions };
}

const welcome = { t: "welcome", epoch: 1, name: "test/0" } as const;

function instant(): FakeContainers {
  const containers = new FakeContainers();
  containers.onRun = (job, listener) => {
    listener.answered(job, answerOf());
    listener.collected(job, { lines: "[]" });
  };
  return containers;
}

test("it says hello, is ready after the inventory, runs, records, and forgets what was stored", async () => {
  const { ready, options } = await start(instant());
  await server.until(() => server.of("hello").length === 1);
  expect(server.of("hello")[0]?.report).toMatchObject({ host: "test", engine: "process", memory: 1024, epoch: 0 });
  expect(options).toMatchObject({ name: "test", apiUrl: server.url, engine: "auto" });
  expect(ready).not.toHaveBeenCalled();
  server.send(welcome);
  await server.until(() => server.of("inventory").length === 1);
  expect(ready).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ name: "test", kinds: ["nodejs:24"], shards: 1 }),
  );
  server.send(...Array.from({ length: 300 }, (_, number) => runOf(number)));
  await server.until(() => server.of("record").length === 300);
  server.send({
    t: "stored",
    epoch: 1,
    items: Array.from({ length: 300 }, (_, number) => ({ id: idOf(number), attempt: 1 })),
  });
});

test("a host started anew has a new boot id and sends what was not stored", async () => {
  const first = await start(instant());
  await server.until(() => server.of("hello").length === 1);
  server.send(welcome, runOf(1), runOf(2));
  await server.until(() => server.of("record").length === 2);
  server.send({ t: "stored", epoch: 1, items: [{ id: idOf(1), attempt: 1 }] });
  // An answer to this tells that the one before has been read.
  server.send({ t: "tail", id: idOf(1), ask: 1, from: 0, wait: 0 });
  await server.until(() => server.of("lines").length === 1);
  const boot = server.of("hello")[0]?.report.boot;
  const drained = first.host.drain();
  await expect(drained).resolves.toBe(1);
  hosts = [];
  server.received.length = 0;
  await start(instant());
  await server.until(() => server.of("hello").length === 1);
  expect(server.of("hello")[0]?.report.boot).not.toBe(boot);
  server.send({ ...welcome, epoch: 2 });
  await server.until(() => server.of("record").length === 1);
  expect(server.of("record")[0]?.id).toBe(idOf(2));
});

test("draining tells the scheduler, refuses new runs, lets running ones end and waits for their records to be stored", async () => {
  const containers = new FakeContainers();
  const { host } = await start(containers);
  await server.until(() => server.of("hello").length === 1);
  server.send(welcome, runOf(1));
  await waitFor(() => expect(containers.jobs).toHaveLength(1));
  const drained = host.drain();
  await server.until(() => server.of("health").length === 1);
  expect(server.of("health")[0]?.unhealthy).toBe("draining");
  server.send(runOf(2));
  await server.until(() => server.of("refused").length === 1);
  expect(containers.stopped).toBe("no");
  server.onMessage = (message) => {
    if (message.t === "record")
      server.send({ t: "stored", epoch: 1, items: [{ id: message.id, attempt: message.attempt }] });
  };
  const [job] = containers.jobs;
  if (job === undefined || containers.listener === null) throw new Error("no job");
  containers.listener.answered(job, answerOf());
  containers.listener.collected(job, { lines: "[]" });
  await expect(drained).resolves.toBe(0);
  expect(containers.stopped).toBe("orderly");
  expect(fs.readdirSync(join(state, "outbox"))).toEqual([]);
  hosts = [];
});

test("two hosts do not share a state folder", async () => {
  await start(instant());
  await expect(start(instant())).rejects.toThrow(/in use by process/);
});

test("what changes in the containers is told: health at once, runtimes by a new hello", async () => {
  const containers = instant();
  const { options } = await start(containers);
  await server.until(() => server.of("hello").length === 1);
  server.send(welcome);
  await server.until(() => server.of("inventory").length === 1);
  containers.reason = "engine gone";
  options.changed();
  await server.until(() => server.of("health").length === 1);
  expect(server.of("health")[0]?.unhealthy).toBe("engine gone");
  containers.kinds = ["nodejs:24", "python:3.13"];
  options.changed();
  await server.until(() => server.of("hello").length === 2);
  expect(server.of("hello")[1]?.report.runtimes.map((each) => each.kind)).toEqual(containers.kinds);
});

test("what does not work while the rest does is told, and taken back", async () => {
  const containers = instant();
  const { options } = await start(containers);
  await server.until(() => server.of("hello").length === 1);
  server.send(welcome);
  await server.until(() => server.of("inventory").length === 1);
  containers.trouble = "images cannot be pulled";
  options.changed();
  await server.until(() => server.of("health").length === 1);
  expect(server.of("health")[0]).toEqual({ t: "health", memory: 1024, impaired: "images cannot be pulled" });
  containers.trouble = null;
  options.changed();
  await server.until(() => server.of("health").length === 2);
  expect(server.of("health")[1]).toEqual({ t: "health", memory: 1024 });
});

test("the security level stands in the hello; a host that falls below the one asked for takes nothing", async () => {
  const containers = instant();
  const { options } = await start(containers, { EDGEWHISK_REQUIRE_LEVEL: "none" });
  await server.until(() => server.of("hello").length === 1);
  expect(server.of("hello")[0]?.report).toMatchObject({ security: { level: "none", engine: "process" } });
  expect(options).toMatchObject({ requireLevel: "none", minDisk: 256 });
  const other = instant();
  other.security = { ...UNFENCED, level: "confined", lacks: [] };
  const second = await start(other, { EDGEWHISK_REQUIRE_LEVEL: "confined", EDGEWHISK_STATE: join(state, "second") });
  await server.until(() => server.of("hello").length === 2);
  expect(server.of("hello")[1]?.report.unhealthy).toBeUndefined();
  other.security = UNFENCED;
  second.options.changed();
  await server.until(() => server.of("hello").length === 3);
  expect(server.of("hello")[2]?.report.unhealthy).toMatch(/asks for "confined"; it lacks firewall \(gone\)/);
});

test("a state folder on a full disk is a reason to take nothing", async () => {
  await start(instant(), { EDGEWHISK_MIN_DISK: "10000000" });
  await server.until(() => server.of("hello").length === 1);
  expect(server.of("hello")[0]?.report.unhealthy).toMatch(
    /^the disk of .* is full: \d+ MB are free, 10000000 must be$/,
  );
  server.send(welcome, runOf(1));
  await server.until(() => server.of("refused").length === 1);
  expect(server.of("refused")[0]?.reason).toBe("busy");
});

test("each shard has its own socket and its slice of the memory", async () => {
  await start(instant(), { EDGEWHISK_SHARDS: "4", EDGEWHISK_MEMORY: "1024" });
  await server.until(() => server.of("hello").length === 4);
  expect(
    server
      .of("hello")
      .map((each) => [each.report.shard, each.report.memory])
      .sort(),
  ).toEqual([
    [0, 256],
    [1, 256],
    [2, 256],
    [3, 256],
  ]);
});
