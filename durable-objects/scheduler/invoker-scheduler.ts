// The Durable Object in front of one host shard: takes calls, sockets and frames, and hands them to the core. Its
// storage keeps the epoch and the drain flag, nothing else.

import { DurableObject } from "cloudflare:workers";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { type Env, securityFloor } from "../../src/env.ts";
import type { MetricsSender } from "../../src/metrics/sender.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { PING, PONG } from "../../src/protocol/messages.ts";
import type { MetricsBatch } from "../../src/protocol/metrics.ts";
import { hostOfScheduler, ROSTER_NAME } from "../../src/protocol/names.ts";
import type { PrepareReply } from "../../src/protocol/preparing.ts";
import type {
  HoldsReply,
  InvokeReply,
  InvokerSchedulerRpc,
  Offer,
  OfferReply,
  SchedulerStatus,
  StoreName,
  TailReply,
} from "../../src/protocol/rpc.ts";
import { openMachine } from "../../src/storage/open.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { countingOf } from "../shared/counting.ts";
import { platformPorts } from "../shared/platform.ts";
import type { ObjectPorts } from "../shared/ports.ts";
import { type Attachment, attach } from "./attachment.ts";
import { SchedulerCore } from "./core.ts";
import { memoryOf } from "./memory.ts";
import type { Connection, SchedulerPorts } from "./ports.ts";
import { SchedulerCounts } from "./scheduler-counts.ts";
import { secretsOf } from "./secrets.ts";

export class InvokerScheduler extends DurableObject<Env> implements InvokerSchedulerRpc {
  readonly #core: SchedulerCore;
  readonly #name: string;
  readonly #confirm: Confirm;
  readonly #counting: MetricsSender;
  readonly #counts = new SchedulerCounts(() => this.#counting);
  #socket: WebSocket | undefined;
  #connection: Connection | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    this.#confirm = confirming(env);
    const [newest, ...older] = ctx
      .getWebSockets()
      .map((socket) => ({ socket, attachment: socket.deserializeAttachment() as Attachment | null }))
      .sort((one, other) => (other.attachment?.acceptedAt ?? 0) - (one.attachment?.acceptedAt ?? 0));
    this.#name = ctx.id.name ?? newest?.attachment?.name ?? ctx.id.toString();
    const ports = platformPorts(ctx, `scheduler ${this.#name}`, env);
    this.#core = new SchedulerCore(this.#name, this.#ports(ports));
    this.#counting = countingOf(env, `scheduler ${this.#name}`, { ports, state: () => this.#state() });
    for (const { socket } of older) socket.close(1000, "replaced by a newer connection");
    if (newest === undefined) return;
    const { socket, attachment } = newest;
    const connection = this.#connect(socket);
    if (attachment?.report === undefined) {
      this.#core.connect(connection, attachment?.boot === undefined ? {} : { boot: attachment.boot });
    } else this.#core.resume(connection, { report: attachment.report, acceptedAt: attachment.acceptedAt });
  }

  async invoke(invocation: Invocation, options: { waitMs: number }): Promise<InvokeReply> {
    return this.#core.invoke(invocation, options);
  }

  async prepare(invocation: Invocation, options: { waitMs: number }): Promise<PrepareReply> {
    return this.#core.prepare(invocation, options);
  }

  async offer(store: StoreName, offers: Offer[], options: { epoch: number }): Promise<OfferReply> {
    return this.#core.offer(store, offers, options);
  }

  async holds(ids: ActivationId[], attempts?: number[]): Promise<HoldsReply> {
    return this.#core.holds(ids, attempts);
  }

  async tail(id: ActivationId, options: Parameters<SchedulerCore["tail"]>[1]): Promise<TailReply> {
    return this.#core.tail(id, options);
  }

  async grants(id: ActivationId, attempt: number): Promise<boolean> {
    return this.#core.grants(id, attempt);
  }

  async status(): Promise<SchedulerStatus> {
    await this.#core.awake();
    return this.#core.status();
  }

  async busy(options?: { idle: boolean }): ReturnType<InvokerSchedulerRpc["busy"]> {
    await this.#core.awake();
    return this.#core.busy(options);
  }

  async drain(on: boolean): Promise<void> {
    this.#core.drain(on);
    return this.#confirm(undefined);
  }

  async expel(): Promise<void> {
    this.#core.expel();
  }

  /** The WebSocket of a host the Worker has authenticated. */
  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return Response.json({ error: "Expected a WebSocket upgrade." }, { status: 426 });
    }
    const asked = new URL(request.url).searchParams;
    const name = `${request.headers.get("x-edgewhisk-host")}/${asked.get("shard") ?? "0"}`;
    if (name !== this.#name) return Response.json({ error: "This scheduler serves another host." }, { status: 403 });
    // Hosts of earlier versions do not name their boot.
    const boot = asked.get("boot");
    const occupied = boot === null || asked.has("takeover") ? undefined : this.#core.occupied(boot);
    if (occupied !== undefined) return Response.json({ error: occupied }, { status: 409 });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const dialled = boot === null ? {} : { boot };
    const attachment: Attachment = { key: crypto.randomUUID(), name, acceptedAt: Date.now(), ...dialled };
    server.serializeAttachment(attachment);
    this.#core.connect(this.#connect(server), dialled);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): void {
    const connection = this.#connectionOf(socket);
    if (connection === undefined) return;
    this.#counting.touch();
    const report = this.#core.message(connection, frame);
    if (report !== undefined) attach(socket, report);
  }

  override webSocketClose(socket: WebSocket): void {
    const connection = this.#connectionOf(socket);
    if (connection !== undefined) this.#core.disconnected(connection);
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket);
  }

  #state(): Pick<MetricsBatch, "scheduler"> {
    const { name, running, used: usedMb, memory: totalMb } = this.#core.status();
    return { scheduler: { name, running, usedMb, blackBoxMb: this.#core.blackBoxMb(), totalMb } };
  }

  #connect(socket: WebSocket): Connection {
    const { ctx } = this;
    this.#socket = socket;
    this.#connection = {
      send: (frame) => socket.send(frame),
      close: (code, reason) => {
        try {
          socket.close(code, reason);
        } catch {
          // It was closed already, which is what we want.
        }
      },
      pinged: () => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0,
    };
    return this.#connection;
  }

  /** The line this socket is, or undefined if a newer one has replaced it. */
  #connectionOf(socket: WebSocket): Connection | undefined {
    if (socket === this.#socket) return this.#connection;
    const mine = this.#socket?.deserializeAttachment() as Attachment | null | undefined;
    const its = socket.deserializeAttachment() as Attachment | null;
    return its !== null && its.key === mine?.key ? this.#connection : undefined;
  }

  #ports(ports: ObjectPorts): SchedulerPorts {
    const { env } = this;
    return {
      ...ports,
      memory: memoryOf(this.ctx.storage.kv),
      store: (name) => env.ACTIVATIONS.getByName(name),
      report: (entry) => {
        this.#counts.reported(entry);
        return env.ROSTER.getByName(ROSTER_NAME).report(entry);
      },
      acked: (how) => this.#counts.acked(how),
      ...secretsOf(env),
      securityFloor: securityFloor(env),
      ...(env.MACHINE === undefined
        ? {}
        : { hostIsGoing: () => openMachine(env).isGoing(hostOfScheduler(this.#name)) }),
    };
  }
}
