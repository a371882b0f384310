// The client of one container against real servers that are slow, rude, endless, or gone.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcp, type Socket, type Server as TcpServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ActionClient, type PostOptions } from "../../../runtime-host/container/action-client.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const each of open.splice(0)) each.close();
});

const OPTIONS: PostOptions = { timeoutMs: 100_000, maxResponseBytes: 1_000, truncationBytes: 100, patient: false };

function client(port: number): ActionClient {
  const made = new ActionClient({ host: "127.0.0.1", port });
  open.push({ close: () => made.destroy() });
  return made;
}

async function http(handler: Parameters<typeof createServer>[1], port = 0): Promise<{ port: number; server: Server }> {
  const server = createServer(handler as () => void);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  open.push({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return { port: (server.address() as AddressInfo).port, server };
}

async function tcp(handler: (socket: Socket) => void): Promise<{ port: number; server: TcpServer }> {
  const server = createTcp(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(server);
  return { port: (server.address() as AddressInfo).port, server };
}

/** Lets sockets speak, in real time, until the other end has heard something. */
async function untilCalled(mock: ReturnType<typeof vi.fn>): Promise<void> {
  while (mock.mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
}

function body(request: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => resolve(text));
  });
}

describe("a call", () => {
  it("carries bodies both ways byte for byte, over one connection", async () => {
    const sockets = new Set<unknown>();
    const { port } = await http(async (request, response) => {
      sockets.add(request.socket);
      response.end(await body(request));
    });
    const it = client(port);
    const text = '{"value":{"big":12345678901234567890,"one":1.0,"é":"\\u00e9"}}';
    for (let at = 0; at < 3; at++) {
      expect(await it.post("/run", text, OPTIONS)).toEqual({
        kind: "answer",
        answer: { status: 200, body: text },
        quiet: false,
      });
    }
    expect(sockets.size).toBe(1);
  });

  it("takes answers without a length, chunked or ended by the connection's end", async () => {
    const chunked = await http((_request, response) => {
      response.write('{"a":');
      response.end("1}");
    });
    const answer = { kind: "answer", answer: { status: 200, body: '{"a":1}' }, quiet: false };
    expect(await client(chunked.port).post("/run", "{}", OPTIONS)).toEqual(answer);
    const closed = await tcp((socket) => {
      socket.once("data", () => socket.end('HTTP/1.1 200 OK\r\n\r\n{"a":1}'));
    });
    expect(await client(closed.port).post("/run", "{}", OPTIONS)).toEqual(answer);
  });

  it("ends at its deadline", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const asked = vi.fn();
    const { port } = await http(asked);
    const heard = vi.fn();
    const reply = client(port)
      .post("/run", "{}", { ...OPTIONS, timeoutMs: 60_000 })
      .then(heard);
    await untilCalled(asked);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(heard).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await reply;
    expect(heard).toHaveBeenCalledWith({ kind: "timeout", connected: true });
  });

  it("ends at its deadline when the answer has begun and never ends", async () => {
    const { port } = await http((_request, response) => {
      response.write("{");
    });
    const reply = await client(port).post("/run", "{}", { ...OPTIONS, timeoutMs: 150 });
    expect(reply.kind).toBe("timeout");
  });
});

describe("an answer that is too long", () => {
  it("is cut to the prefix, with its announced length, without reading the rest", async () => {
    let ended = false;
    const { port } = await http((_request, response) => {
      response.setHeader("content-length", 100_000_000);
      response.write("x".repeat(5_000));
      response.once("close", () => {
        ended = true;
      });
    });
    const reply = await client(port).post("/run", "{}", OPTIONS);
    expect(reply).toEqual({
      kind: "answer",
      answer: { status: 200, body: "x".repeat(100), cut: { length: 100_000_000, max: 1_000 } },
      quiet: false,
    });
    await expect.poll(() => ended).toBe(true);
  });

  it("is counted where no length was announced", async () => {
    const { port } = await http((_request, response) => {
      for (let at = 0; at < 30; at++) response.write("y".repeat(100));
      response.end();
    });
    const reply = await client(port).post("/run", "{}", OPTIONS);
    expect(reply).toEqual({
      kind: "answer",
      answer: { status: 200, body: "y".repeat(100), cut: { length: 3_000, max: 1_000 } },
      quiet: false,
    });
  });

  it("that never ends is given up, and memory does not grow with it", async () => {
    const block = Buffer.alloc(256 * 1024, 0x7a);
    const { port } = await http((_request, response) => {
      const pump = () => {
        while (!response.destroyed && response.write(block));
      };
      response.on("drain", pump);
      pump();
    });
    const reply = await client(port).post("/run", "{}", { ...OPTIONS, timeoutMs: 100_000 });
    expect(reply.kind).toBe("answer");
    if (reply.kind !== "answer") return;
    expect(reply.answer.body.length).toBe(100);
    expect(reply.answer.cut?.length).toBeGreaterThan(30_000_000);
    expect(reply.answer.cut?.length).toBeLessThan(40_000_000);
  });

  it("leaves the client usable", async () => {
    let first = true;
    const { port } = await http((_request, response) => {
      response.end(first ? "z".repeat(200_000) : "{}");
      first = false;
    });
    const it = client(port);
    expect((await it.post("/run", "{}", OPTIONS)).kind).toBe("answer");
    expect(await it.post("/run", "{}", OPTIONS)).toEqual({
      kind: "answer",
      answer: { status: 200, body: "{}" },
      quiet: false,
    });
  });
});

describe("a connection", () => {
  it("is tried until the deadline while a container starts", async () => {
    const { port, server } = await http(() => {});
    server.close();
    const it = client(port);
    const reply = it.post("/init", "{}", { ...OPTIONS, patient: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await http((_request, response) => response.end("{}"), port);
    expect((await reply).kind).toBe("answer");
    const nobody = await it.post("/init", "{}", { ...OPTIONS, patient: true, timeoutMs: 100 });
    expect(nobody.kind).toBe("answer");
  });

  it("that nobody takes ends at the deadline, and at once where the container has ended", async () => {
    const { port, server } = await http(() => {});
    server.close();
    const it = client(port);
    const late = await it.post("/init", "{}", { ...OPTIONS, patient: true, timeoutMs: 100 });
    expect(late).toEqual({ kind: "timeout", connected: false });
    expect(await it.post("/run", "{}", OPTIONS)).toEqual({ kind: "unreachable" });
    it.ended = true;
    expect(await it.post("/init", "{}", { ...OPTIONS, patient: true })).toEqual({ kind: "unreachable" });
  });

  it("that breaks before an answer is lost, and the call is not made again", async () => {
    let calls = 0;
    const { port } = await http((request) => {
      calls++;
      request.socket.destroy();
    });
    expect(await client(port).post("/run", "{}", OPTIONS)).toEqual({ kind: "lost" });
    expect(calls).toBe(1);
  });

  it("that breaks right after an earlier answer is not tried again either: an action may have ended its server", async () => {
    let calls = 0;
    const { port } = await http((request, response) => {
      if (++calls === 1) response.end("{}");
      else request.socket.destroy();
    });
    const it = client(port);
    await it.post("/run", "{}", OPTIONS);
    expect(await it.post("/run", "{}", OPTIONS)).toEqual({ kind: "lost" });
    expect(calls).toBe(2);
  });

  it("that was closed as idle while the call was on its way is replaced by a new one, once", async () => {
    let connections = 0;
    const { port } = await tcp((socket) => {
      connections++;
      const mine = connections;
      let calls = 0;
      socket.on("error", () => {});
      socket.on("data", () => {
        // The first connection answers once and is reset by the second call, as if it had just been closed.
        if (mine === 1 && ++calls === 2) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
      });
    });
    vi.useFakeTimers({ toFake: ["performance"] });
    vi.advanceTimersByTime(1_000);
    const it = client(port);
    await it.post("/run", "{}", OPTIONS);
    vi.advanceTimersByTime(600);
    expect(await it.post("/run", "{}", OPTIONS)).toEqual({
      kind: "answer",
      answer: { status: 200, body: "{}" },
      quiet: false,
    });
    expect(connections).toBe(2);
  });

  it("that was idle and whose server has gone is lost, not tried for ever", async () => {
    const { port, server } = await tcp((socket) => {
      let calls = 0;
      socket.on("error", () => {});
      socket.on("data", () => {
        if (++calls === 1) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        else {
          server.close();
          socket.resetAndDestroy();
        }
      });
    });
    vi.useFakeTimers({ toFake: ["performance"] });
    vi.advanceTimersByTime(1_000);
    const it = client(port);
    await it.post("/run", "{}", OPTIONS);
    vi.advanceTimersByTime(600);
    expect(await it.post("/run", "{}", OPTIONS)).toEqual({ kind: "lost" });
  });

  it("breaks for all calls when the client is destroyed", async () => {
    const asked = vi.fn();
    const { port } = await http(asked);
    const it = client(port);
    const reply = it.post("/run", "{}", OPTIONS);
    await untilCalled(asked);
    it.destroy();
    expect(await reply).toEqual({ kind: "lost" });
  });

  it("allows overlapping calls once it is widened", async () => {
    let running = 0;
    let most = 0;
    const { port } = await http((_request, response) => {
      most = Math.max(most, ++running);
      setTimeout(() => {
        running--;
        response.end("{}");
      }, 50);
    });
    const it = client(port);
    it.widen(4);
    await Promise.all([1, 2, 3, 4].map(() => it.post("/run", "{}", OPTIONS)));
    expect(most).toBe(4);
  });
});

describe("hello", () => {
  it("gives the text of a runtime that says hello, and nothing for others", async () => {
    const ours = await http((_request, response) => response.end('{"edgewhisk":1}'));
    expect(await client(ours.port).hello(100_000)).toEqual({ listening: true, text: '{"edgewhisk":1}' });
    const theirs = await http((_request, response) => {
      response.statusCode = 500;
      response.end("Bad request.");
    });
    expect(await client(theirs.port).hello(100_000)).toEqual({ listening: true, text: null });
    const rude = await tcp((socket) => socket.destroy());
    expect(await client(rude.port).hello(100_000)).toEqual({ listening: true, text: null });
    const mute = await tcp(() => {});
    expect(await client(mute.port).hello(100)).toEqual({ listening: true, text: null });
  });

  it("waits for the server to listen, and not for ever", async () => {
    const { port, server } = await http(() => {});
    server.close();
    expect(await client(port).hello(100)).toEqual({ listening: false, text: null });
  });
});
