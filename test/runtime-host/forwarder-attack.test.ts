// What one container may do to the forwarder while others use it.
// Each container is an address of this machine's loopback.

import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Forwarder, startForwarder } from "../../runtime-host/engine/firewall/forwarder.ts";

const ATTACKER = "127.0.1.1";
const NEIGHBOUR = "127.0.2.1";
const head = (length: number) => `POST /api/v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`;

describe("one container against the forwarder", () => {
  let api: Server;
  let forwarder: Forwarder;
  /** Connections to the API. */
  let upstream = new Set<Socket>();
  /** What the API has been asked and not answered. */
  let asked = 0;
  const sockets: Socket[] = [];
  /** What the API does with a request. */
  let answer: (incoming: IncomingMessage, end: (text: string) => void) => void;
  const open = async (times: Parameters<typeof startForwarder>[0]["times"] = {}) => {
    forwarder = await startForwarder({
      listen: "127.0.0.1",
      target: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
      whose: (address) => address.split(".")[2] ?? null,
      times,
    });
  };
  const raw = (from: string, text: string): Socket & { said: string } => {
    const socket = Object.assign(connect({ port: forwarder.port, host: "127.0.0.1", localAddress: from }), {
      said: "",
    });
    socket
      .on("error", () => undefined)
      .on("data", (chunk) => {
        socket.said += chunk.toString("latin1");
      });
    socket.write(text);
    sockets.push(socket);
    return socket;
  };
  const call = (from: string, body = "hello"): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const options = { port: forwarder.port, host: "127.0.0.1", localAddress: from, agent: false, method: "POST" };
      const sent = request({ ...options, path: "/api/v1/x" }, async (incoming) => {
        let text = "";
        for await (const chunk of incoming) text += chunk;
        resolve({ status: incoming.statusCode ?? 0, text });
      });
      sent.once("error", reject);
      sent.end(body);
    });

  beforeEach(async () => {
    answer = (incoming, end) => {
      let length = 0;
      incoming.on("data", (chunk: Buffer) => {
        length += chunk.length;
      });
      incoming.on("end", () => end(String(length)));
    };
    api = createServer((incoming, response) => answer(incoming, (text) => response.end(text)));
    api.on("request", (_incoming, response) => {
      asked++;
      response.once("close", () => asked--);
    });
    api.on("connection", (socket) => {
      upstream.add(socket);
      socket.once("close", () => upstream.delete(socket));
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await forwarder.close();
    api.closeAllConnections();
    await new Promise((resolve) => api.close(resolve));
    upstream = new Set();
    asked = 0;
  });

  it("that sends the half of many requests takes no connection to the API, and waits for itself alone", async () => {
    await open();
    const halves = Array.from({ length: 70 }, () => raw(ATTACKER, `${head(1000)}{`));
    const own = call(ATTACKER);
    let answered = false;
    void own.then(() => {
      answered = true;
    });
    // By then all of them have been seen.
    expect(await call(NEIGHBOUR)).toEqual({ status: 200, text: "5" });
    expect(await call(NEIGHBOUR, "x".repeat(100_000))).toEqual({ status: 200, text: "100000" });
    expect(asked).toBe(0);
    expect({ answered, ended: halves.filter((each) => each.said !== "") }).toEqual({ answered: false, ended: [] });
    for (const each of halves) each.write("x".repeat(999));
    await expect.poll(() => halves.filter((each) => each.said.startsWith("HTTP/1.1 200")).length).toBe(70);
    expect(await own).toEqual({ status: 200, text: "5" });
  });

  it("that sends many bodies at once has them all passed on", async () => {
    await open();
    const sent = Array.from({ length: 150 }, () => call(ATTACKER, "x".repeat(200_000)));
    expect(new Set((await Promise.all(sent)).map(({ text }) => text))).toEqual(new Set(["200000"]));
  });

  it("that falls silent in a body, or drips it, is told 408 and leaves nothing behind", async () => {
    await open({ silence: 200 });
    const silent = raw(ATTACKER, head(1000));
    const dripping = raw(ATTACKER, head(1000));
    const drip = setInterval(() => dripping.write("x"), 20);
    const flowing = raw(ATTACKER, `${head(1_000_000)}${"x".repeat(100_000)}`);
    flowing.on("data", () => undefined);
    try {
      // What flows earns time with what it has sent: there it is the silence that counts.
      for (const each of [silent, dripping, flowing]) await expect.poll(() => each.said).toMatch(/^HTTP\/1\.1 408 /);
    } finally {
      clearInterval(drip);
    }
    await expect.poll(() => asked).toBe(0);
    await expect
      .poll(() => [silent, dripping, flowing].every((each) => each.destroyed || each.readableEnded))
      .toBe(true);
  });

  it("that opens connections without end is cut off at its bound, and nobody else", async () => {
    await open();
    const many = Array.from({ length: 300 }, () => raw(ATTACKER, "GET /api/v1/x HTTP/1.1\r\n"));
    await expect.poll(() => many.filter((each) => each.closed).length).toBe(300 - 256);
    expect(await call(NEIGHBOUR)).toEqual({ status: 200, text: "5" });
  });

  it("that does not wait for answers is cut off", async () => {
    await open();
    answer = () => undefined;
    const get = "GET /api/v1/x HTTP/1.1\r\nhost: a\r\n\r\n";
    const eager = raw(ATTACKER, get.repeat(1_000));
    await expect.poll(() => eager.closed).toBe(true);
    await expect.poll(() => asked).toBe(0);
  });

  it("whose calls hang takes its share of the API; the rest waits its turn and comes, the neighbour does not wait", async () => {
    await open();
    const hanging: (() => void)[] = [];
    const well = answer;
    answer = (_incoming, end) => void hanging.push(() => end("late"));
    const calls = Array.from({ length: 100 }, () => call(ATTACKER));
    await expect.poll(() => hanging.length).toBe(64);
    answer = well;
    expect(await call(NEIGHBOUR)).toEqual({ status: 200, text: "5" });
    for (const end of hanging) end();
    const texts = (await Promise.all(calls)).map(({ text }) => text);
    expect(texts.filter((text) => text === "late")).toHaveLength(64);
    expect(texts.filter((text) => text === "5")).toHaveLength(36);
  });

  it("whose turn does not come is told 503", async () => {
    await open({ turn: 100 });
    const hanging: (() => void)[] = [];
    answer = (_incoming, end) => void hanging.push(() => end("late"));
    const calls = Array.from({ length: 65 }, () => call(ATTACKER));
    const first = await Promise.race(calls);
    expect(first.status).toBe(503);
    for (const end of hanging) end();
    expect((await Promise.all(calls)).filter(({ status }) => status === 200)).toHaveLength(64);
  });

  it("that does not read its answer loses it", async () => {
    await open({ stall: 200 });
    let sent = 0;
    answer = () => undefined;
    api.once("request", (incoming, response) => {
      incoming.resume();
      const more = () => {
        do sent += 65_536;
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", more);
      more();
    });
    const socket = raw(ATTACKER, "GET /api/v1/x HTTP/1.1\r\nhost: a\r\n\r\n");
    socket.pause();
    await expect.poll(() => sent).toBeGreaterThan(0);
    await expect.poll(() => asked).toBe(0);
  });

  it("passes long bodies on as they come", async () => {
    await open();
    expect(await call(NEIGHBOUR, "x".repeat(5_000_000))).toEqual({ status: 200, text: "5000000" });
    expect(await call(NEIGHBOUR, "")).toEqual({ status: 200, text: "0" });
  });
});
