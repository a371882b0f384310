// A runtime host for tests in workerd: dials into a scheduler, speaks the protocol,
// and runs "actions" as it is told to.

import { env } from "cloudflare:workers";
import type { ActivationMeta, Completion } from "../../src/entities/activation.ts";
import { newActivationId } from "../../src/entities/activation-id.ts";
import type { Env } from "../../src/env.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { HostMessage, HostReport, RunningItem, SchedulerMessage } from "../../src/protocol/messages.ts";
import { PING, PING_EVERY, PONG } from "../../src/protocol/messages.ts";
import { ROSTER_NAME } from "../../src/protocol/names.ts";

export type Run = Extract<SchedulerMessage, { t: "run" }>;

export function testEnv(): Env {
  return env as unknown as Env;
}

export function about(options: Partial<ActivationMeta> = {}): ActivationMeta {
  return {
    namespace: "guest",
    namespaceId: "2d0b9f1c-0000-4000-8000-000000000001",
    subject: "guest",
    name: "hello",
    version: "0.0.1",
    path: "guest/hello",
    kind: "nodejs:20",
    limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
    acceptedAt: Date.now(),
    transactionId: "t",
    ...options,
  };
}

export function invocation(
  options: { about?: Partial<ActivationMeta>; credential?: Invocation["credential"] } = {},
): Invocation {
  return {
    id: newActivationId(Date.now(), 1),
    about: about(options.about),
    revision: "1",
    exec: { kind: "nodejs:20", binary: false },
    args: { inline: "{}" },
    credential: options.credential ?? "none",
    blocking: true,
  } as Invocation;
}

export function completion(result = '{"ok":true}'): Completion {
  return {
    statusCode: 0,
    result: { inline: result },
    size: result.length,
    duration: 3,
    endedAgo: 0,
    timedOut: false,
    engine: "test",
    ran: true,
    logs: { inline: "[]" },
  };
}

const hosts = new Set<TestHost>();

/** Hosts of one test must not take the work of the next. */
export async function dropHosts(): Promise<void> {
  for (const host of hosts) host.drop();
  hosts.clear();
  await pause(20);
}

export class TestHost {
  readonly boot: string;
  readonly name: string;
  readonly memory: number;
  /** Frames' messages, in order. */
  readonly heard: SchedulerMessage[] = [];
  readonly runs: Run[] = [];
  running: RunningItem[] = [];
  kept: { id: string; attempt: number }[] = [];
  epoch = 0;
  closed: { code: number; reason: string } | undefined;
  /** What to do with a run; by default it is answered at once. */
  onRun: (run: Run) => void = (run) => this.record(run);
  #socket: WebSocket | undefined;
  #watchers: (() => void)[] = [];
  #pings: ReturnType<typeof setInterval> | undefined;

  constructor(name: string, options: { boot?: string; memory?: number } = {}) {
    this.name = name;
    this.boot = options.boot ?? crypto.randomUUID();
    this.memory = options.memory ?? 1024;
    hosts.add(this);
  }

  report(): HostReport {
    return {
      version: 1,
      host: this.name,
      shard: 0,
      boot: this.boot,
      build: "test",
      engine: "test",
      memory: this.memory,
      runtimes: [{ kind: "nodejs:20", image: "node", digest: "sha256:1" }],
      blackbox: false,
      epoch: this.epoch,
    };
  }

  async dial(): Promise<void> {
    await testEnv().ROSTER.getByName(ROSTER_NAME).createHost(this.name, { rotate: false });
    const stub = testEnv().SCHEDULER.getByName(`${this.name}/0`);
    const headers = { upgrade: "websocket", "x-edgewhisk-host": this.name };
    const response = await stub.fetch("http://scheduler/connect?shard=0", { headers });
    const socket = response.webSocket;
    if (socket === null) throw new Error(`no socket: ${response.status}`);
    socket.accept();
    this.#socket = socket;
    socket.addEventListener("message", (event) => {
      if (socket === this.#socket && event.data !== PONG) this.#hear(JSON.parse(event.data as string));
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) {
        clearInterval(this.#pings);
        this.closed = { code: event.code, reason: event.reason };
      }
      this.#tell();
    });
    this.send({ t: "hello", report: this.report() });
    // As every host: who is silent for long counts as gone, however busy the machine is that the tests run on.
    clearInterval(this.#pings);
    this.#pings = setInterval(() => this.#socket?.send(PING), PING_EVERY / 2);
  }

  /** Dials and waits until the scheduler takes work. */
  async join(): Promise<void> {
    await this.dial();
    await this.until(() => this.heard.some((message) => message.t === "welcome"));
    const stub = testEnv().SCHEDULER.getByName(`${this.name}/0`);
    for (let tries = 0; !(await stub.status()).ready; tries++) {
      if (tries > 200) throw new Error("the scheduler is not ready");
      await pause(5);
    }
  }

  drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    clearInterval(this.#pings);
    socket?.close(1000, "bye");
  }

  raw(frame: string): void {
    this.#socket?.send(frame);
  }

  send(...messages: HostMessage[]): void {
    this.#socket?.send(JSON.stringify(messages));
  }

  record(run: Run, result?: string): void {
    const { lease, attempt, invocation: made } = run;
    this.send({ t: "record", id: made.id, attempt, lease, about: made.about, completion: completion(result) });
  }

  async until(condition: () => boolean, ms = 100_000): Promise<void> {
    const end = Date.now() + ms;
    while (!condition()) {
      if (Date.now() > end) throw new Error("it did not happen in time");
      await Promise.race([new Promise<void>((resolve) => this.#watchers.push(resolve)), pause(20)]);
    }
  }

  stored(): string[] {
    return this.heard.flatMap((message) => (message.t === "stored" ? message.items.map((item) => item.id) : []));
  }

  #hear(messages: SchedulerMessage[]): void {
    for (const message of messages) {
      this.heard.push(message);
      if (message.t === "welcome") {
        this.epoch = Math.max(this.epoch, message.epoch);
        const { running, kept } = this;
        this.send({ t: "inventory", epoch: message.epoch, boot: this.boot, running, kept, more: false });
      } else if (message.t === "run") {
        this.runs.push(message);
        this.onRun(message);
      }
    }
    this.#tell();
  }

  #tell(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

let count = 0;
export function freshName(): string {
  return `h${++count}-${Math.floor(Math.random() * 1e6)}`;
}
