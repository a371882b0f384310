// An engine whose containers are HTTP servers in this process, and a pool over it: every turn a container can take,
// without a wait.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { expect } from "vitest";
import type { Job } from "../../../runtime-host/container/contract.ts";
import { SENTINEL } from "../../../runtime-host/container/log-lines.ts";
import type { ContainerSpec, Creation, Engine, Fetched, OutputSink } from "../../../runtime-host/engine/engine.ts";
import { PROCESS_SECURITY } from "../../../runtime-host/engine/security-level.ts";
import { ContainerPool, type PoolOptions } from "../../../runtime-host/pool/container-pool.ts";
import type { PoolLimits } from "../../../runtime-host/pool/pool-state.ts";
import { jobOf } from "../engine/actions.ts";
import { silent } from "../support.ts";

type Handler = (body: { value: Record<string, unknown> }, to: Fake) => unknown;

export interface Fake {
  spec: ContainerSpec;
  sink: OutputSink;
  server: Server;
  paused: boolean;
  removed: boolean;
  runs: number;
  reply(status: number, body: string): void;
}

const KIND = "nodejs:20";

interface FakeOptions {
  run: Handler;
  init?: Handler;
  create?: (spec: ContainerSpec) => Promise<Extract<Creation, { ok: false }> | null>;
  death?: "memory" | "exit" | "engine";
  remove?: () => Promise<void>;
  hello?: string;
  fetch?: (image: string) => Promise<Fetched>;
}

export class FakeEngine implements Engine {
  readonly name = "process";
  readonly sharesFiles = false;
  readonly blackbox = true;
  readonly security = PROCESS_SECURITY;
  readonly made: Fake[] = [];
  most = 0;
  #creating = 0;
  readonly options: FakeOptions;

  constructor(options: FakeOptions) {
    this.options = options;
  }

  runtimes = () => [{ kind: KIND, image: "fake", digest: "1" }];
  unhealthy = () => null;
  sweep = async () => 0;
  close = async () => {};
  fetch = async (image: string) => (await this.options.fetch?.(image)) ?? { ok: true as const };

  async create(spec: ContainerSpec, sink: OutputSink): Promise<Creation> {
    this.most = Math.max(this.most, ++this.#creating);
    const failed = (await this.options.create?.(spec)) ?? null;
    this.#creating--;
    if (failed !== null) return failed;
    const server = createServer((request, response) => void this.#serve(fake, request, response));
    const fake = { spec, sink, server, paused: false, removed: false, runs: 0, reply: () => {} } as Fake;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.made.push(fake);
    const { death, remove } = this.options;
    return {
      ok: true,
      container: {
        id: String(spec.number),
        address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
        pause: async () => {
          fake.paused = true;
        },
        resume: async () => {
          fake.paused = false;
        },
        remove: async () => {
          await remove?.();
          fake.removed = true;
          server.close();
          server.closeAllConnections();
          sink.ended();
        },
        death: async () => death ?? "exit",
        residentMb: () => null,
        memoryKills: 0,
        killedForMemory: () => false,
      },
    };
  }

  async #serve(fake: Fake, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += chunk;
    if (request.url === "/hello") return void response.end(this.options.hello ?? "{}");
    expect(fake.paused).toBe(false);
    const body = JSON.parse(text) as { value: Record<string, unknown> };
    let status = 200;
    let raw: string | null = null;
    const reply = (code: number, answer: string) => {
      status = code;
      raw = answer;
    };
    const to = { ...fake, reply };
    const isInit = request.url === "/init";
    if (!isInit) fake.runs++;
    const handler = isInit ? (this.options.init ?? (() => ({}))) : this.options.run;
    const result = await handler(body, Object.assign(to, { runs: fake.runs }));
    if (result === "hang up") return void request.socket.destroy();
    if (!isInit) for (const stream of [1, 2] as const) fake.sink.output(stream, Buffer.from(`${SENTINEL}\n`));
    response.writeHead(status);
    response.end(raw ?? JSON.stringify(result));
  }
}

/** To be stopped by whoever made it. */
export function poolOf(
  engine: Engine,
  limits: Partial<PoolLimits> = {},
  more: Partial<PoolOptions> = {},
): ContainerPool {
  return new ContainerPool(engine, {
    limits: {
      memoryMb: 2048,
      idleShare: 0.5,
      containers: 20,
      creations: 2,
      waiting: 20,
      patienceMs: 500,
      pauseGraceMs: 60_000,
      idleTimeoutMs: 600_000,
      ...limits,
    },
    prewarms: [],
    folder: tmpdir(),
    journals: "/nowhere",
    log: silent,
    ...more,
  });
}

export const job = (changes: Partial<Omit<Job, "limits">> & { limits?: Partial<Job["limits"]> } = {}) =>
  jobOf(KIND, "code", { path: "guest/it", ...changes });
