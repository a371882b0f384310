// What several tests of the host need: messages, ids, a scheduler that is a plain WebSocket server,
// containers made of air.

import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Answer, Containers, Job, RunListener } from "../../runtime-host/container/contract.ts";
import { PROCESS_SECURITY, securityOf } from "../../runtime-host/engine/security-level.ts";
import type { RunMessage } from "../../runtime-host/link/messages.ts";
import { createLogger } from "../../runtime-host/program/logger.ts";
import type { ActivationMeta } from "../../src/entities/activation.ts";
import { success } from "../../src/entities/outcome.ts";
import { decodeHostFrame, encodeFrames } from "../../src/protocol/codec.ts";
import type { HostMessage, SchedulerMessage } from "../../src/protocol/messages.ts";

/** Of a Docker engine whose host has set no firewall. */
export const UNFENCED = securityOf({
  engine: "docker 1",
  cgroup: 2,
  limits: true,
  seccomp: true,
  firewall: "gone",
  userNamespaces: true,
  diskQuota: true,
});

export const silent = createLogger({ level: "error", write: () => {} });

export function idOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

export function metaOf(name: string): ActivationMeta {
  return {
    namespace: "guest",
    namespaceId: "23bc46b1-71f6-4ed5-8c54-816aa4f8c502",
    subject: "guest",
    name,
    version: "0.0.1",
    path: `guest/${name}`,
    kind: "nodejs:24",
    limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
    acceptedAt: 1_700_000_000_000,
    transactionId: "transaction",
  };
}

export function runOf(
  number: number,
  changes: Partial<Omit<RunMessage, "invocation">> & { invocation?: Partial<RunMessage["invocation"]> } = {},
) {
  const { invocation, ...rest } = changes;
  const message: RunMessage = {
    t: "run",
    epoch: 1,
    lease: { epoch: 1, counter: number },
    attempt: 1,
    ...rest,
    invocation: {
      id: idOf(number),
      about: metaOf("hello"),
      revision: "1",
      exec: { kind: "nodejs:24", binary: false, code: { key: "code/abc", hash: "a".repeat(64), size: 10 } },
      args: { inline: '{"name":"world"}' },
      credential: "none",
      blocking: true,
      ...invocation,
    },
  };
  return message;
}

/** The other end of links, in this process. */
export class FakeScheduler {
  readonly received: HostMessage[] = [];
  readonly requests: IncomingMessage[] = [];
  readonly frames: string[] = [];
  sockets: WebSocket[] = [];
  pings = 0;
  answerPings = true;
  /** Called for each message, after it was recorded. */
  onMessage: (message: HostMessage, socket: WebSocket) => void = () => {};
  readonly #server: WebSocketServer;
  #waiting: (() => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket, request) => {
      this.requests.push(request);
      this.sockets.push(socket);
      socket.on("close", () => {
        this.sockets = this.sockets.filter((each) => each !== socket);
        this.#wake();
      });
      socket.on("message", (data) => this.#heard(socket, data.toString()));
      this.#wake();
    });
  }

  static async listen(
    options: { port?: number; server?: Server; verify?: (request: IncomingMessage) => number } = {},
  ): Promise<FakeScheduler> {
    const server = new WebSocketServer({
      ...(options.server === undefined ? { port: options.port ?? 0, host: "127.0.0.1" } : { server: options.server }),
      verifyClient: ({ req }, done) => {
        const status = options.verify?.(req) ?? 200;
        done(status === 200, status);
      },
    });
    if (options.server === undefined) await new Promise((resolve) => server.once("listening", resolve));
    return new FakeScheduler(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  send(...messages: SchedulerMessage[]): void {
    for (const frame of encodeFrames(messages)) for (const socket of this.sockets) socket.send(frame);
  }

  /** Resolves when `done` holds, looked at after each event. */
  async until(done: () => boolean, ms = 100_000): Promise<void> {
    const deadline = setTimeout(() => this.#wake(), ms);
    const end = performance.now() + ms;
    while (!done()) {
      if (performance.now() >= end)
        throw new Error(`not within ${ms} ms; received ${JSON.stringify(this.received.map((each) => each.t))}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    clearTimeout(deadline);
  }

  of<T extends HostMessage["t"]>(t: T): Extract<HostMessage, { t: T }>[] {
    return this.received.filter((each): each is Extract<HostMessage, { t: T }> => each.t === t);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #heard(socket: WebSocket, text: string): void {
    if (text === "ping") {
      this.pings++;
      if (this.answerPings) socket.send("pong");
    } else {
      this.frames.push(text);
      const decoded = decodeHostFrame(text);
      if (!decoded.ok) throw new Error(`the host sent what it may not: ${decoded.reason}`);
      for (const message of decoded.messages) {
        this.received.push(message);
        this.onMessage(message, socket);
      }
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each();
  }
}

export function answerOf(changes: Partial<Answer> = {}): Answer {
  return {
    outcome: success('{"ok":true}'),
    duration: 5,
    timedOut: false,
    ran: true,
    endedAt: performance.now(),
    ...changes,
  };
}

/** Containers that do what the test says, when it says so. */
export class FakeContainers implements Containers {
  readonly engine = "process";
  readonly blackbox = false;
  memory = 1024;
  readonly jobs: Job[] = [];
  listener: RunListener | null = null;
  reason: string | null = null;
  trouble: string | null = null;
  security = PROCESS_SECURITY;
  stopped: "no" | "orderly" | "fast" = "no";
  kinds = ["nodejs:24"];
  /** Called for each job; by default it waits for the test. */
  onRun: (job: Job, listener: RunListener) => void = () => {};

  run(job: Job, listener: RunListener): void {
    this.jobs.push(job);
    this.listener = listener;
    this.onRun(job, listener);
  }
  runtimes() {
    return this.kinds.map((kind) => ({ kind, image: "node", digest: "1" }));
  }
  unhealthy() {
    return this.reason;
  }
  impaired() {
    return this.trouble;
  }
  stats() {
    return { running: this.jobs.length, warm: 0, prewarmed: 0, paused: 0, memoryUsed: 0 };
  }
  stop(options: { fast: boolean }) {
    this.stopped = options.fast ? "fast" : "orderly";
    return Promise.resolve();
  }
}
