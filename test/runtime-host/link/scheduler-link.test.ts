// The link against real sockets on a clock that stands still until the test moves it: what takes time takes none here.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { HostMessage } from "../../../src/protocol/messages.ts";
import { waitFor } from "../../support/wait-for.ts";
import { FakeScheduler, idOf } from "../support.ts";
import { cleanups, linkTo, report, SOON, scheduler, timing, withCleanups } from "./link-world.ts";

withCleanups();

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
  const { link } = linkTo(url);
  await waitFor(() => expect(link.open).toBe(true), SOON);
  for (let ask = 0; ask < 100; ask++) {
    link.send(longLines(ask));
    if (ask % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(heard).toEqual([]);
  sockets[0]?.resume();
  await waitFor(() => expect(heard).toHaveLength(101), SOON);
  expect(heard.slice(1).map((each) => (each as { ask: number }).ask)).toEqual(
    Array.from({ length: 100 }, (_, ask) => ask),
  );
});

test("what waits is bounded: past it the line ends, and a new one is dialled", async () => {
  const { url, sockets } = await deafScheduler();
  const { link, lost, redial } = linkTo(url);
  await waitFor(() => expect(link.open).toBe(true), SOON);
  for (let ask = 0; ask < 200; ask++) {
    link.send(longLines(ask));
    if (ask % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await waitFor(() => expect(lost).toHaveBeenCalledTimes(1), SOON);
  await redial(1);
  await waitFor(() => expect(sockets).toHaveLength(2), SOON);
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
  await waitFor(() => expect(received).toEqual([{ t: "welcome", epoch: 3, name: "test/2" }]), SOON);
});

test("a lost connection is dialled again, fast at first, and hello is said again", async () => {
  const server = await scheduler();
  const { link, lost, redial } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  server.sockets[0]?.terminate();
  expect(await redial(1)).toBeLessThanOrEqual(timing.firstPauseMs);
  await server.until(() => server.received.length === 2);
  expect(lost).toHaveBeenCalledTimes(1);
  await waitFor(() => expect(link.open).toBe(true), SOON);
});

test("it keeps trying while nobody listens, and connects when somebody does", async () => {
  const first = await FakeScheduler.listen();
  const { port } = first;
  await first.close();
  const { link, redial } = linkTo(`http://127.0.0.1:${port}`);
  for (let number = 1; number <= 10; number++) await redial(number);
  expect(link.open).toBe(false);
  const server = await scheduler({ port });
  await redial(11);
  await server.until(() => server.received.length === 1);
});

test("a scheduler that stops answering pings is left after twelve seconds, and dialled again", async () => {
  const server = await scheduler();
  const { clock, received, lost, redial } = linkTo(server.url);
  await server.until(() => server.received.length === 1 && server.pings === 1);
  server.answerPings = false;
  // The answer to the first ping was sent before this.
  server.send({ t: "redial", epoch: 1 });
  await waitFor(() => expect(received).toHaveLength(1), SOON);
  for (const pings of [2, 3]) {
    await clock.advance(timing.pingEveryMs);
    await server.until(() => server.pings === pings);
    expect(lost).not.toHaveBeenCalled();
  }
  await clock.advance(timing.pingEveryMs);
  await redial(1);
  expect(lost).toHaveBeenCalledTimes(1);
  await server.until(() => server.received.length === 2 && server.sockets.length === 1);
});

test("a scheduler whose process is stopped with SIGSTOP is noticed by its silence", async () => {
  const child = spawn(process.execPath, [new URL("stoppable-scheduler.ts", import.meta.url).pathname], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanups.push(() => child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { clock, link, lost, redial } = linkTo(`http://127.0.0.1:${Number(line.toString())}`);
  await waitFor(() => expect(link.open).toBe(true), SOON);
  child.kill("SIGSTOP");
  // A last answer may have been on its way: it counts as a sign of life when it comes.
  await waitFor(async () => {
    await clock.advance(timing.pingEveryMs);
    expect(lost).toHaveBeenCalled();
  }, SOON);
  expect(link.open).toBe(false);
  child.kill("SIGCONT");
  await redial(1);
  await waitFor(() => expect(link.open).toBe(true), SOON);
});

test("a black hole that accepts connections and says nothing is left after five seconds", async () => {
  const sockets: Socket[] = [];
  const hole = createServer((socket) => sockets.push(socket));
  hole.listen(0, "127.0.0.1");
  await once(hole, "listening");
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    hole.close();
  });
  const { clock, downs, redial } = linkTo(`http://127.0.0.1:${(hole.address() as AddressInfo).port}`);
  await waitFor(() => expect(sockets).toHaveLength(1), SOON);
  await clock.advance(timing.handshakeMs - 1);
  expect(downs()).toEqual([]);
  await clock.advance(1);
  await redial(1);
  expect(downs()[0]?.reason).toBe("no answer within 5000 ms");
  await waitFor(() => expect(sockets).toHaveLength(2), SOON);
});

test.each([
  ["no JSON", "{"],
  ["an unknown message", '[{"t":"dance"}]'],
  ["too many messages", JSON.stringify(Array.from({ length: 257 }, () => ({ t: "redial", epoch: 1 })))],
  ["more bytes than a frame may have", JSON.stringify(["x".repeat(300_000)])],
])("a frame with %s ends the connection, and the next one is fresh", async (_name, frame) => {
  const server = await scheduler();
  const { received, refused, redial } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  server.sockets[0]?.send(frame);
  await redial(1);
  await server.until(() => server.received.length === 2);
  server.send({ t: "redial", epoch: 1 });
  await waitFor(() => expect(received).toEqual([{ t: "redial", epoch: 1 }]), SOON);
  expect(refused).not.toHaveBeenCalled();
});

test("closing sends what waits and dials no more", async () => {
  const server = await scheduler();
  const { link, stays } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  link.send({ t: "health", memory: 1, unhealthy: "draining" });
  await link.close();
  await server.until(() => server.received.length === 2 && server.sockets.length === 0);
  await stays();
  expect(server.requests).toHaveLength(1);
});

test("closing does not wait for a scheduler that does not answer: a second, no more", async () => {
  const { url } = await deafScheduler();
  const { clock, link, stays } = linkTo(url);
  await waitFor(() => expect(link.open).toBe(true), SOON);
  const isClosed = vi.fn();
  const closed = link.close().then(isClosed);
  await clock.advance(999);
  expect(isClosed).not.toHaveBeenCalled();
  await clock.advance(1);
  await closed;
  await stays();
});

test("a host that had no processor for a while does not take that for the other end's silence", async () => {
  const server = await scheduler();
  const { clock, lost } = linkTo(server.url);
  await server.until(() => server.received.length === 1 && server.pings === 1);
  // An hour passes at once: what the other end said meanwhile is read after the timer.
  clock.at += 3_600_000;
  await clock.advance(0);
  await server.until(() => server.pings === 2);
  await clock.advance(timing.pingEveryMs);
  await server.until(() => server.pings === 3);
  expect(lost).not.toHaveBeenCalled();
  expect(server.requests).toHaveLength(1);
});
