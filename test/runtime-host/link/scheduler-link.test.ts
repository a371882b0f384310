import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { type LinkTiming, SchedulerLink } from "../../../runtime-host/link/scheduler-link.ts";
import type { HostMessage, HostReport, SchedulerMessage } from "../../../src/protocol/messages.ts";
import { FakeScheduler, idOf, silent } from "../support.ts";

const report: HostReport = {
  version: 1,
  host: "test",
  shard: 2,
  boot: "boot",
  build: "dev",
  engine: "process",
  memory: 1024,
  runtimes: [],
  blackbox: false,
  epoch: 7,
};

const timing = { pingEvery: 50, deadAfter: 200, handshake: 500, firstPause: 10, longestPause: 100, steady: 10_000 };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanups.splice(0).reverse()) await each();
});

function linkTo(url: string, changes: { timing?: Partial<LinkTiming>; takeOver?: boolean } = {}) {
  const received: SchedulerMessage[] = [];
  const lost = vi.fn();
  const refused = vi.fn<(reason: string) => void>();
  const link = new SchedulerLink({
    url,
    token: "secret-token",
    shard: 2,
    boot: "boot",
    takeOver: changes.takeOver ?? false,
    refused,
    report: () => report,
    received: (_link, messages) => received.push(...messages),
    lost,
    log: silent,
    timing: { ...timing, ...changes.timing },
  });
  cleanups.push(() => link.close());
  link.start();
  return { link, received, lost, refused };
}

async function scheduler(options: Parameters<typeof FakeScheduler.listen>[0] = {}) {
  const server = await FakeScheduler.listen(options);
  cleanups.push(() => server.close());
  return server;
}

test("it dials its shard with its token and says hello first", async () => {
  const server = await scheduler();
  linkTo(server.url);
  await server.until(() => server.received.length === 1 && server.pings > 0);
  expect(server.requests[0]?.url).toBe("/host/v1/connect?shard=2&boot=boot");
  expect(server.requests[0]?.headers.authorization).toBe("Bearer secret-token");
  expect(server.received[0]).toEqual({ t: "hello", report });
});

/** A scheduler that reads nothing once it has shaken hands, until it is told to. */
async function deafScheduler() {
  const heard: unknown[] = [];
  const sockets: WebSocket[] = [];
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    sockets.push(socket);
    socket.pause();
    socket.on("message", (data) => {
      if (data.toString() !== "ping") heard.push(...(JSON.parse(data.toString()) as unknown[]));
    });
  });
  await once(server, "listening");
  cleanups.push(() => {
    for (const socket of sockets) socket.terminate();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, heard, sockets };
}

function longLines(ask: number): HostMessage {
  return { t: "lines", id: idOf(1), ask, attempt: 1, text: JSON.stringify("x".repeat(200_000)), next: 0 };
}

test("what the other end does not read waits here, and arrives in order when it does", async () => {
  const { url, heard, sockets } = await deafScheduler();
  const { link } = linkTo(url, { timing: { deadAfter: 20_000 } });
  await vi.waitFor(() => expect(link.open).toBe(true));
  for (let ask = 0; ask < 100; ask++) {
    link.send(longLines(ask));
    if (ask % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(heard).toEqual([]);
  sockets[0]?.resume();
  await vi.waitFor(() => expect(heard).toHaveLength(101), { timeout: 10_000 });
  expect(heard.slice(1).map((each) => (each as { ask: number }).ask)).toEqual(
    Array.from({ length: 100 }, (_, ask) => ask),
  );
});

test("what waits is bounded: past it the line ends, and a new one is dialled", async () => {
  const { url, sockets } = await deafScheduler();
  const { link, lost } = linkTo(url, { timing: { deadAfter: 20_000 } });
  await vi.waitFor(() => expect(link.open).toBe(true));
  for (let ask = 0; ask < 200; ask++) {
    link.send(longLines(ask));
    if (ask % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await vi.waitFor(() => expect(lost).toHaveBeenCalledTimes(1));
  await vi.waitFor(() => expect(sockets).toHaveLength(2));
});

test("messages of one turn travel in one frame, and reach the other end", async () => {
  const server = await scheduler();
  const { link, received } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  for (let number = 0; number < 10; number++) {
    link.send({ t: "refused", id: idOf(number), attempt: 1, lease: { epoch: 1, counter: number }, reason: "busy" });
  }
  await server.until(() => server.received.length === 11);
  expect(server.frames).toHaveLength(2);
  server.send({ t: "welcome", epoch: 3, name: "test/2" });
  await vi.waitFor(() => expect(received).toEqual([{ t: "welcome", epoch: 3, name: "test/2" }]));
});

test("a lost connection is dialled again, fast at first, and hello is said again", async () => {
  const server = await scheduler();
  const { link, lost } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  const began = performance.now();
  server.sockets[0]?.terminate();
  await server.until(() => server.received.length === 2);
  expect(performance.now() - began).toBeLessThan(500);
  expect(lost).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(link.open).toBe(true));
});

test("it keeps trying while nobody listens, and connects when somebody does", async () => {
  const first = await FakeScheduler.listen();
  const { port } = first;
  await first.close();
  const { link } = linkTo(`http://127.0.0.1:${port}`);
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(link.open).toBe(false);
  const server = await scheduler({ port });
  await server.until(() => server.received.length === 1);
});

test("a token that was good before and is refused is tried again without end, but ever more slowly", async () => {
  const times: number[] = [];
  let good = true;
  const server = await scheduler({
    verify: () => {
      if (good) return 200;
      times.push(performance.now());
      return 401;
    },
  });
  const { link, refused } = linkTo(server.url, { timing: { firstPause: 20, longestPause: 10_000 } });
  await server.until(() => server.received.length === 1);
  good = false;
  server.sockets[0]?.terminate();
  await vi.waitFor(() => expect(times.length).toBeGreaterThan(4), { timeout: 5000 });
  const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
  expect(gaps[3] as number).toBeGreaterThan(gaps[0] as number);
  expect(link.open).toBe(false);
  expect(refused).not.toHaveBeenCalled();
});

test("a token that was never good is told after a few tries, and the link stays closed", async () => {
  let dials = 0;
  const server = await scheduler({
    verify: () => {
      dials++;
      return 401;
    },
  });
  const { refused } = linkTo(server.url);
  await vi.waitFor(() => expect(refused).toHaveBeenCalledTimes(1), { timeout: 5000 });
  expect(refused.mock.calls[0]?.[0]).toMatch(/does not accept this host's token \(401\)/);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(dials).toBe(3);
});

test("a platform that answers otherwise in between was not refusing the token", async () => {
  const answers = [401, 401, 503, 401, 401, 200];
  const server = await scheduler({ verify: () => answers.shift() ?? 200 });
  const { refused } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  expect(refused).not.toHaveBeenCalled();
});

test("while another process of the host is in the way it waits for its death to be noticed, and then says so", async () => {
  let occupied = true;
  const server = await scheduler({ verify: () => (occupied ? 409 : 200) });
  const { refused } = linkTo(server.url, { timing: { occupied: 10_000 } });
  await new Promise((resolve) => setTimeout(resolve, 200));
  occupied = false;
  await server.until(() => server.received.length === 1);
  expect(refused).not.toHaveBeenCalled();
  occupied = true;
  const second = linkTo(server.url, { timing: { occupied: 300 } });
  await vi.waitFor(() => expect(second.refused).toHaveBeenCalledTimes(1), { timeout: 5000 });
  expect(second.refused.mock.calls[0]?.[0]).toMatch(/does not let this process in: .*--take-over/);
});

test("it takes over once: whoever is replaced is told by 1008 and does not come back", async () => {
  const server = await scheduler();
  const { refused } = linkTo(server.url, { takeOver: true });
  await server.until(() => server.received.length === 1);
  expect(server.requests[0]?.url).toMatch(/&takeover=1$/);
  server.sockets[0]?.terminate();
  await server.until(() => server.received.length === 2);
  expect(server.requests[1]?.url).not.toMatch(/takeover/);
  server.sockets[0]?.close(1008, "another process of this host has taken over");
  await vi.waitFor(() => expect(refused).toHaveBeenCalledTimes(1));
  expect(refused.mock.calls[0]?.[0]).toMatch(/has cut the line: another process of this host has taken over/);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(server.requests).toHaveLength(2);
});

test("a scheduler that stops answering pings is left and dialled again", async () => {
  const server = await scheduler();
  linkTo(server.url);
  await server.until(() => server.received.length === 1);
  server.answerPings = false;
  await server.until(() => server.received.length === 2, 3000);
  expect(server.sockets.length).toBe(1);
});

test("a scheduler whose process is stopped with SIGSTOP is noticed by its silence", async () => {
  const child = spawn(process.execPath, [new URL("stoppable-scheduler.ts", import.meta.url).pathname], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanups.push(() => child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { link, lost } = linkTo(`http://127.0.0.1:${Number(line.toString())}`);
  await vi.waitFor(() => expect(link.open).toBe(true));
  child.kill("SIGSTOP");
  await vi.waitFor(() => expect(lost).toHaveBeenCalled(), { timeout: 3000 });
  expect(link.open).toBe(false);
  child.kill("SIGCONT");
  await vi.waitFor(() => expect(link.open).toBe(true), { timeout: 3000 });
});

test("a black hole that accepts connections and says nothing does not hold the link", async () => {
  const held: Socket[] = [];
  const hole = createServer((socket) => held.push(socket));
  hole.listen(0, "127.0.0.1");
  await once(hole, "listening");
  cleanups.push(() => {
    for (const socket of held) socket.destroy();
    hole.close();
  });
  linkTo(`http://127.0.0.1:${(hole.address() as { port: number }).port}`, { timing: { handshake: 100 } });
  await vi.waitFor(() => expect(held.length).toBeGreaterThan(1), { timeout: 3000 });
});

test.each([
  ["no JSON", "{"],
  ["an unknown message", '[{"t":"dance"}]'],
  ["too many messages", JSON.stringify(Array.from({ length: 257 }, () => ({ t: "redial", epoch: 1 })))],
  ["more bytes than a frame may have", JSON.stringify(["x".repeat(300_000)])],
])("a frame with %s ends the connection, and the next one is fresh", async (_name, frame) => {
  const server = await scheduler();
  const { received, refused } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  server.sockets[0]?.send(frame);
  await server.until(() => server.received.length === 2);
  server.send({ t: "redial", epoch: 1 });
  await vi.waitFor(() => expect(received).toEqual([{ t: "redial", epoch: 1 }]));
  expect(refused).not.toHaveBeenCalled();
});

test("closing sends what waits and dials no more", async () => {
  const server = await scheduler();
  const { link } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  link.send({ t: "health", memory: 1, unhealthy: "draining" });
  await link.close();
  await server.until(() => server.received.length === 2 && server.sockets.length === 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(server.sockets).toHaveLength(0);
});

test("a host that had no processor for a while does not take that for the other end's silence", async () => {
  const server = await scheduler();
  const { lost } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  const until = performance.now() + 500;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(lost).not.toHaveBeenCalled();
  expect(server.requests).toHaveLength(1);
});
