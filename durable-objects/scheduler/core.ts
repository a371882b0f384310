// The scheduler of one host shard. An incarnation of the object is one SchedulerCore. It owns nothing itself: it puts
// the parts together and hands each call to the part it is for. Everything is soft but the epoch and the drain flag;
// nothing is written in steady state.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import { BLACKBOX } from "../../src/entities/runtimes.ts";
import { decodeHostFrame } from "../../src/protocol/codec.ts";
import type { ContainersReply } from "../../src/protocol/containers.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { HostReport } from "../../src/protocol/messages.ts";
import { hostOfScheduler, storeNameOf } from "../../src/protocol/names.ts";
import type { PrepareReply } from "../../src/protocol/preparing.ts";
import type {
  HoldsReply,
  InvokeReply,
  Offer,
  OfferReply,
  SchedulerName,
  SchedulerStatus,
  StoreName,
  TailReply,
} from "../../src/protocol/rpc.ts";
import { AdmissionControl } from "./admission.ts";
import { busyContainers } from "./busy.ts";
import { Delivery } from "./delivery.ts";
import { Grants } from "./grants.ts";
import { HostMessageHandler } from "./host-message-handler.ts";
import { HostSession } from "./host-session.ts";
import { IdleRequests } from "./idle-requests.ts";
import { LivenessMonitor } from "./liveness-monitor.ts";
import type { Connection, SchedulerPorts } from "./ports.ts";
import { Preparations } from "./preparations.ts";
import { RunSender } from "./run-sender.ts";
import { type RunOutcomes, RunTable } from "./run-table.ts";
import { StatusReporter } from "./status-reporter.ts";
import { TailRequests } from "./tail-requests.ts";
import { WorkPuller } from "./work-puller.ts";

/** A call may wait so long while a host that is there finishes its opening (after the object was hibernated,
 * mostly). */
const OPENING_WAIT_MS = 250;

export class SchedulerCore {
  readonly #ports: SchedulerPorts;
  readonly #session: HostSession;
  readonly #grants: Grants;
  readonly #runs: RunTable;
  readonly #delivery: Delivery;
  readonly #sender: RunSender;
  readonly #admission: AdmissionControl;
  readonly #puller: WorkPuller;
  readonly #tails: TailRequests;
  readonly #preparations: Preparations;
  readonly #idle: IdleRequests;
  readonly #messages: HostMessageHandler;

  constructor(name: SchedulerName, ports: SchedulerPorts) {
    this.#ports = ports;
    const reporter = new StatusReporter(ports, {
      hear: (stores) => this.#hasWork(stores),
      unknown: () => this.expel(),
    });
    const session = new HostSession(name, {
      ports,
      events: { announce: (entry) => reporter.announce(entry), inventoryBegins: () => this.#inventoryBegins() },
    });
    const grants = new Grants(hostOfScheduler(name), {
      proofs: () => ports.proofs(),
      provenSince: () => session.provenSince,
    });
    const delivery = new Delivery({ session, grants, ports });
    const outcomes: RunOutcomes = {
      deliver: (store, finished, options) => delivery.deliver(store, finished, options),
      conclude(store, finished) {
        ports.acked?.("forced");
        delivery.conclude(store, finished);
      },
      decline: (store, items) => delivery.decline(store, items),
      giveUp: (store, finished, invocation) => delivery.giveUp(store, finished, invocation),
    };
    const runs = new RunTable({ ports, grants, outcomes });
    const liveness = new LivenessMonitor({ session, runs, ports });
    const tails = new TailRequests({ session, runs, ports });
    const preparations = new Preparations({ session, ports });
    const idle = new IdleRequests({ session, ports });
    const sender = new RunSender({ session, runs, ports, concluded: () => this.#puller.pump() });
    const puller = new WorkPuller({
      now: () => ports.now(),
      after: (ms, run) => ports.after(ms, run),
      freeMb: () => this.#admission.freeMb(),
      totalMb: () => runs.totalMb,
      pull: (store, options) => this.#pull(store, options),
      start: (store, offers) => this.#admission.takePulled(store, offers),
      warn: ports.warn,
    });
    this.#session = session;
    this.#grants = grants;
    this.#delivery = delivery;
    this.#runs = runs;
    this.#tails = tails;
    this.#preparations = preparations;
    this.#idle = idle;
    this.#sender = sender;
    this.#puller = puller;
    this.#admission = new AdmissionControl({ session, runs, delivery, sender, liveness, puller });
    this.#messages = new HostMessageHandler({
      ...{ ports, session, runs, delivery, sender, liveness, tails, preparations, idle, puller },
    });
  }

  /** Fast path. The run goes on if the caller goes away. */
  async invoke(invocation: Invocation, options: { waitMs: number }): Promise<InvokeReply> {
    const runs = this.#runs;
    if (this.#session.opening()) await this.#session.opened(Math.min(OPENING_WAIT_MS, options.waitMs));
    const known = runs.get(invocation.id);
    if (known?.origin === "claimed") return { kind: "not-ready", reason: "the host says that it runs this already" };
    if (known?.ended === true) return { kind: "lost", reason: "its host vanished" };
    if (known !== undefined) return runs.wait(known, options.waitMs);
    // Its store has been told that it is not here.
    const reason = runs.isDenied(invocation.id, 1)
      ? "the call was long under way"
      : this.#admission.refusal(invocation);
    if (reason !== undefined) return { kind: "not-ready", reason };
    const store = storeNameOf(invocation);
    const run = this.#admission.admit({ invocation, attempt: 1 }, { store, origin: "fast" });
    if (run === undefined) return { kind: "busy" };
    const reply = runs.wait(run, options.waitMs);
    this.#sender.start(run);
    return reply;
  }

  /** A container for a call that is about to come. */
  async prepare(invocation: Invocation, { waitMs }: { waitMs: number }): Promise<PrepareReply> {
    if (this.#session.opening()) await this.#session.opened(OPENING_WAIT_MS);
    return this.#preparations.ask(invocation, { admission: this.#admission, sender: this.#sender, waitMs });
  }

  /** Durable path. */
  async offer(store: StoreName, offers: Offer[], options: { epoch: number }): Promise<OfferReply> {
    if (this.#session.opening()) await this.#session.opened(OPENING_WAIT_MS);
    return this.#admission.takeOffered(store, offers, options);
  }

  /** Which of these attempts this host has. The others are not started here any more. */
  holds(ids: ActivationId[], attempts: number[] = []): HoldsReply {
    const { epoch, boot } = this.#session;
    const held = ids.filter((id) => this.#runs.isOpen(id) || this.#delivery.has(id));
    const has = new Set(held);
    for (const [at, id] of ids.entries()) if (!has.has(id)) this.#runs.deny(id, attempts[at] ?? 0);
    return { ready: this.#session.isSettled(), epoch, boot, held };
  }

  /** Output of a run while it runs. */
  async tail(id: ActivationId, options: Parameters<TailRequests["ask"]>[1]): Promise<TailReply> {
    if (this.#session.opening()) await this.#session.opened(OPENING_WAIT_MS);
    return this.#tails.ask(id, options);
  }

  /** An object that was asleep is about to hear of its host again: resolves when it has, or soon. */
  async awake(): Promise<void> {
    if (this.#session.opening()) await this.#session.opened(OPENING_WAIT_MS);
  }

  grants(id: ActivationId, attempt: number): boolean {
    const run = this.#runs.get(id);
    return run?.attempt === attempt && run.origin !== "claimed";
  }

  status(): SchedulerStatus {
    const { name, epoch, connected, draining, report } = this.#session;
    const { totalMb, usedMb, running, containers } = this.#runs;
    return {
      name,
      epoch,
      connected,
      ready: this.#admission.closed() === undefined,
      draining,
      ...(report === undefined ? {} : { report }),
      ...(connected ? { silence: Math.max(0, this.#ports.now() - this.#session.lastSign()) } : {}),
      memory: totalMb,
      used: usedMb,
      running,
      containers,
      strangers: this.#grants.strangers,
    };
  }

  /** MB of runs in containers that bring their own image; of one that takes several at a time as many as run. */
  blackBoxMb(): number {
    let sum = 0;
    for (const { about, counted, weight } of this.#runs.all())
      if (counted && about.kind === BLACKBOX) sum += weight.memory;
    return sum;
  }

  /** Which containers of its host run something, and, where `idle` is wanted and the host can say it, which do not. */
  async busy({ idle: wanted }: { idle: boolean } = { idle: false }): Promise<ContainersReply> {
    const idle = wanted ? await this.#idle.ask() : undefined;
    return { ...busyContainers(this.#runs.all()), ...(idle === undefined ? {} : { idle }) };
  }

  /** What runs goes on; nothing new is admitted. */
  drain(on: boolean): void {
    if (this.#session.drain(on)) this.#puller.pump();
  }

  /** Cuts the line. */
  expel(): void {
    if (this.#session.connected) this.#messages.refuse("the host's token was revoked or replaced");
  }

  /** Why a host's process with this boot id is not let in, or undefined. */
  occupied(boot: string): string | undefined {
    return this.#session.occupied(boot);
  }

  /** A host's new socket; older ones are closed. The host speaks first (`hello`). */
  connect(connection: Connection, options: { boot?: string } = {}): void {
    this.#session.connect(connection, options);
  }

  /** A new incarnation finds a socket that was open before; `report` is what its host said. Takes an epoch, says
   * welcome. */
  resume(connection: Connection, known: { report: HostReport; acceptedAt: number }): void {
    this.#messages.resume(connection, known);
  }

  /** A frame. Returns the host's report if this frame changed it, for the socket's attachment. */
  message(connection: Connection, frame: unknown): HostReport | undefined {
    if (!this.#session.isCurrent(connection)) return undefined;
    const read = decodeHostFrame(frame);
    const wrong = read.ok ? read.skipped : read.reason;
    if (wrong !== undefined) {
      this.#ports.warn(`from the host: ${wrong}`);
      if (!read.ok || this.#session.isGreeting) {
        this.#messages.refuse(wrong);
        return undefined;
      }
    }
    return read.ok ? this.#messages.hear(read.messages) : undefined;
  }

  disconnected(connection: Connection): void {
    if (!this.#session.isCurrent(connection)) return;
    this.#session.detach();
    this.#messages.gone();
  }

  #hasWork(stores: readonly StoreName[]): void {
    for (const store of stores) this.#puller.add(store);
    this.#puller.pump();
  }

  #inventoryBegins(): void {
    this.#runs.beginInventory();
    this.#delivery.forgetKept();
  }

  async #pull(store: StoreName, options: { memory: number; max: number }): Promise<Offer[]> {
    const { name, epoch, boot, report } = this.#session;
    if (report === undefined) return [];
    const { memory, runtimes, blackbox, labels } = report;
    const kinds = runtimes.map(({ kind }) => ({ kind }));
    const host = { memory, runtimes: kinds, blackbox, ...(labels === undefined ? {} : { labels }) };
    return this.#ports.store(store).pull(name, { epoch, boot, ...options, host });
  }
}
