// A runtime host without containers: dials in through the Worker like a real one, speaks the protocol, and answers each
// run as the test says.

import { env, exports } from "cloudflare:workers";
import { type Completion, completionOf } from "../../src/entities/activation.ts";
import { success } from "../../src/entities/outcome.ts";
import { decodeSchedulerFrame, encodeFrames } from "../../src/protocol/codec.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import {
  type HostMessage,
  type HostReport,
  PING,
  PING_EVERY,
  PONG,
  type SchedulerMessage,
  type SecurityReport,
} from "../../src/protocol/messages.ts";
import { ROSTER_NAME } from "../../src/protocol/names.ts";
import type { RosterRpc } from "../../src/protocol/rpc.ts";

export type Run = Extract<SchedulerMessage, { t: "run" }>;

/** What a run ends as; "never" = it goes on until the test ends it with `finish`. */
export type Answer = Completion | "never" | { refused: "busy" | "stale" | "draining" | "unsupported" | "duplicate" };

export interface HostOptions {
  name?: string;
  shard?: number;
  memory?: number;
  kinds?: string[];
  security?: SecurityReport;
  answer?: (invocation: Invocation) => Answer | Promise<Answer>;
}

/** The Worker as a client sees it, under an address where development keys are good. */
export function platform(path: string, init?: RequestInit): Promise<Response> {
  const entry = exports as unknown as { default: { fetch(request: Request): Promise<Response> } };
  return entry.default.fetch(new Request(`http://127.0.0.1${path}`, init));
}

export function roster(): RosterRpc {
  const { ROSTER } = env as unknown as { ROSTER: DurableObjectNamespace };
  return ROSTER.getByName(ROSTER_NAME) as unknown as RosterRpc;
}

/** A completion with this result, as a container would have made it. */
export function ran(result: string, changes: Partial<Completion> = {}): Completion {
  return { ...completionOf(success(result), { engine: "fake", ran: true }), duration: 1, ...changes };
}

export class FakeHost {
  readonly runs: Run[] = [];
  readonly stored: string[] = [];
  closed = false;
  closedWith = 0;
  readonly token: string;
  readonly name: string;
  #socket: WebSocket;
  #answer: NonNullable<HostOptions["answer"]>;
  #report: HostReport;
  #ready = Promise.withResolvers<void>();
  #pings: ReturnType<typeof setInterval> | undefined;

  constructor(socket: WebSocket, options: { token: string; name: string; report: HostReport } & HostOptions) {
    this.token = options.token;
    this.name = options.name;
    this.#socket = socket;
    this.#report = options.report;
    this.#answer = options.answer ?? ((invocation) => ran(inline(invocation)));
  }

  /** Resolves when the scheduler has taken the host's inventory. */
  static async dial(options: HostOptions = {}): Promise<FakeHost> {
    const { name = "fake", shard = 0 } = options;
    const made = await roster().createHost(name, { rotate: true });
    if (made.kind !== "made") throw new Error(`no host can be named ${name}`);
    const headers = { Upgrade: "websocket", Authorization: `Bearer ${made.token}` };
    const answer = await platform(`/host/v1/connect?shard=${shard}`, { headers });
    const socket = answer.webSocket;
    if (socket === null) throw new Error(`dialling in was answered ${answer.status}: ${await answer.text()}`);
    const host = new FakeHost(socket, { ...options, token: made.token, name, report: reportOf(options) });
    socket.addEventListener("message", (event) => host.#hear(event.data));
    socket.addEventListener("close", ({ code }) => {
      host.closed = true;
      host.closedWith = code;
      clearInterval(host.#pings);
    });
    socket.accept();
    host.#ping();
    host.send({ t: "hello", report: host.#report });
    await host.#ready.promise;
    return host;
  }

  get boot(): string {
    return this.#report.boot;
  }

  /** Ends a run that was answered "never". */
  finish(run: Run, completion: Completion): void {
    const { attempt, lease, invocation } = run;
    this.send({ t: "record", id: invocation.id, attempt, lease, about: invocation.about, completion });
  }

  send(...messages: HostMessage[]): void {
    for (const frame of encodeFrames(messages)) this.#socket.send(frame);
  }

  close(): void {
    clearInterval(this.#pings);
    this.#socket.close(1000, "bye");
  }

  /** At once and now and then, as every host: who is silent for long counts as gone, and calls wait for another one,
   * however busy the machine is that the tests run on. */
  #ping(): void {
    this.#socket.send(PING);
    this.#pings = setInterval(() => this.#socket.send(PING), PING_EVERY / 2);
  }

  #hear(frame: unknown): void {
    if (frame === PONG) return;
    const decoded = decodeSchedulerFrame(frame);
    if (!decoded.ok) throw new Error(decoded.reason);
    for (const message of decoded.messages) {
      if (message.t === "welcome") this.#welcome(message.epoch);
      else if (message.t === "stored") this.stored.push(...message.items.map((each) => each.id));
      else if (message.t === "run") void this.#run(message);
    }
  }

  #welcome(epoch: number): void {
    this.send({ t: "inventory", epoch, boot: this.#report.boot, running: [], more: false });
    this.#ready.resolve();
  }

  async #run(run: Run): Promise<void> {
    this.runs.push(run);
    const answer = await this.#answer(run.invocation);
    if (answer === "never") return;
    const { attempt, lease, invocation } = run;
    if ("refused" in answer) this.send({ t: "refused", id: invocation.id, attempt, lease, reason: answer.refused });
    else this.finish(run, answer);
  }
}

function inline({ args }: Invocation): string {
  return "inline" in args ? args.inline : JSON.stringify({ blob: args.blob });
}

function reportOf({
  name = "fake",
  shard = 0,
  memory = 2048,
  kinds = ["nodejs:20"],
  security,
}: HostOptions): HostReport {
  return {
    version: 1,
    host: name,
    shard,
    boot: crypto.randomUUID(),
    build: "test",
    engine: "fake",
    memory,
    runtimes: kinds.map((kind) => ({ kind, image: kind, digest: "0" })),
    blackbox: false,
    epoch: 0,
    ...(security === undefined ? {} : { security }),
  };
}
