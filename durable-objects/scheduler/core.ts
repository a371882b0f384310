// The scheduler of one host shard: admission, leases, results. Everything is soft but the epoch; nothing here writes in
// steady state. An incarnation of the object is one SchedulerCore.

import { type Completion, completionOf } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { internalError } from "../../src/entities/outcome.ts";
import { decodeHostFrame } from "../../src/protocol/codec.ts";
import { illnessForCallers } from "../../src/protocol/illness.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { needOf, unsuited } from "../../src/protocol/matching.ts";
import type { HostReport } from "../../src/protocol/messages.ts";
import { storeNameOf } from "../../src/protocol/names.ts";
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
import { weightOf } from "./admission.ts";
import { Credentials } from "./credentials.ts";
import { HostMessageHandler } from "./host-message-handler.ts";
import { answer, type NewRun, type Run } from "./leases.ts";
import { LivenessMonitor } from "./liveness-monitor.ts";
import { Passes } from "./passes.ts";
import type { Connection, SchedulerPorts } from "./ports.ts";
import { RecordBatcher } from "./record-batcher.ts";
import { hostOf, makeSchedulerState, type SchedulerState } from "./state.ts";
import { StatusReporter } from "./status-reporter.ts";
import { Tails } from "./tails.ts";
import { WorkPuller } from "./work-puller.ts";

/** ms a call may wait while a host that is there finishes its opening (after the object was hibernated, mostly). */
const OPENING_WAIT = 250;
export class SchedulerCore {
  readonly #ports: SchedulerPorts;
  readonly #state: SchedulerState;
  readonly #words: HostMessageHandler;
  readonly #losses: LivenessMonitor;
  readonly #credentials: Credentials;
  readonly #tails: Tails;
  readonly #passes: Passes;

  constructor(name: SchedulerName, ports: SchedulerPorts) {
    this.#ports = ports;
    this.#passes = new Passes(hostOf(name), () => ports.proofs());
    this.#credentials = new Credentials((invocation, expiresAt) => ports.credential(invocation, expiresAt));
    const state = makeSchedulerState(name, ports, {
      outbox: new RecordBatcher(name, {
        ports,
        events: {
          epoch: () => state.epoch,
          stored: (items) => state.link.post({ t: "stored", epoch: state.epoch, items }),
          caughtUp: () => this.#words.welcome(),
        },
      }),
      puller: new WorkPuller({
        now: () => ports.now(),
        after: (ms, run) => ports.after(ms, run),
        free: () => (this.#closed() === undefined && !this.#crowded() ? state.capacity.free : 0),
        total: () => state.capacity.total,
        pull: (store, { memory, max }) => this.#pull(store, { memory, max }),
        start: (store, offers) => this.#startPulled(store, offers),
        warn: ports.warn,
      }),
      announcer: new StatusReporter(ports, (stores) => {
        for (const store of stores) state.puller.add(store);
        state.puller.pump();
      }),
    });
    this.#state = state;
    this.#losses = new LivenessMonitor(state, ports);
    this.#tails = new Tails(state, ports);
    this.#words = new HostMessageHandler(state, { ports, losses: this.#losses, send: (run) => this.#send(run) });
  }

  /** Fast path. The run goes on if the caller goes away. */
  async invoke(invocation: Invocation, options: { waitMs: number }): Promise<InvokeReply> {
    if (this.#words.opening()) await this.#words.opened(Math.min(OPENING_WAIT, options.waitMs));
    const known = this.#state.leases.get(invocation.id);
    if (known?.origin === "claimed") return { kind: "not-ready", reason: "the host says that it runs this already" };
    if (known !== undefined) return known.ended ? gone() : this.#wait(known, options.waitMs);
    // Its store has been told that it is not here.
    const reason = this.#state.denials.has(invocation.id, 1)
      ? "the call was long under way"
      : this.#refusal(invocation);
    if (reason !== undefined) return { kind: "not-ready", reason };
    const store = storeNameOf(invocation);
    const run = this.#admit({ invocation, attempt: 1 }, { store, origin: "fast" });
    if (run === undefined) return { kind: "busy" };
    const reply = this.#wait(run, options.waitMs);
    this.#start(run);
    return reply;
  }

  /** Durable path. What does not fit is remembered: the store is asked when memory frees. */
  async offer(store: StoreName, offers: Offer[], options: { epoch: number }): Promise<OfferReply> {
    const state = this.#state;
    if (this.#words.opening()) await this.#words.opened(OPENING_WAIT);
    const isStale = options.epoch !== undefined && options.epoch !== state.epoch;
    const closed = this.#closed();
    const accepted: ActivationId[] = [];
    let wanted = 0;
    let unsuitable = 0;
    for (const offer of isStale || closed !== undefined ? [] : offers) {
      const { invocation, attempt } = offer;
      const known = state.leases.get(invocation.id);
      if (known !== undefined) {
        if (known.attempt === attempt && !known.ended && known.origin !== "claimed") accepted.push(known.id);
        continue;
      }
      if (state.denials.has(invocation.id, attempt)) continue;
      if (this.#refusal(invocation) !== undefined) {
        unsuitable++;
        continue;
      }
      const run = this.#admit(offer, { store, origin: "durable" });
      if (run === undefined) {
        wanted += invocation.about.limits.memory;
        continue;
      }
      accepted.push(run.id);
      this.#start(run);
    }
    if (wanted > 0) state.puller.add(store, wanted);
    const room = closed === undefined ? Math.max(0, state.capacity.free - state.puller.reserved) : 0;
    const reply: OfferReply = { epoch: state.epoch, boot: state.boot, accepted, room };
    if (accepted.length < offers.length) {
      const otherwise = unsuitable > 0 ? "unsuited" : "not-ready";
      reply.reason = isStale ? "stale" : wanted > 0 ? "busy" : otherwise;
    }
    return reply;
  }

  holds(ids: ActivationId[], attempts: number[] = []): HoldsReply {
    const { leases, outbox, kept, link, epoch, boot, denials } = this.#state;
    const held = ids.filter((id) => leases.get(id)?.ended === false || outbox.has(id) || kept.has(id));
    const has = new Set(held);
    for (const [at, id] of ids.entries()) if (!has.has(id)) denials.add(id, attempts[at] ?? 0);
    return { ready: link.isSettled(this.#ports.now()), epoch, boot, held };
  }

  /** Output of a run while it runs. */
  async tail(id: ActivationId, options: { namespaceId: string; from: number; waitMs: number }): Promise<TailReply> {
    if (this.#words.opening()) await this.#words.opened(OPENING_WAIT);
    return this.#tails.ask(id, options);
  }

  /** An object that was asleep is about to hear of its host again: resolves when it has, or soon. */
  async awake(): Promise<void> {
    if (this.#words.opening()) await this.#words.opened(OPENING_WAIT);
  }

  grants(id: ActivationId, attempt: number): boolean {
    const run = this.#state.leases.get(id);
    return run?.attempt === attempt && run.origin !== "claimed";
  }

  status(): SchedulerStatus {
    const { name, epoch, link, capacity, draining } = this.#state;
    const now = this.#ports.now();
    return {
      name,
      epoch,
      connected: link.connected,
      ready: this.#closed() === undefined,
      draining,
      ...(link.report === undefined ? {} : { report: link.report }),
      ...(link.connected ? { silence: Math.max(0, now - link.lastSign()) } : {}),
      memory: capacity.total,
      used: capacity.used,
      running: capacity.running,
      strangers: this.#state.strangers,
    };
  }

  /** What runs goes on; nothing new is admitted. */
  drain(on: boolean): void {
    // Written even if nothing changes here: an incarnation that has been superseded must not say yes.
    this.#ports.memory.saveDraining(on);
    if (this.#state.draining === on) return;
    this.#state.draining = on;
    this.#words.announce();
    this.#state.puller.pump();
  }

  /** Cuts the line. */
  expel(): void {
    if (!this.#state.link.connected) return;
    this.#state.link.close(1008, "the host's token was revoked or replaced");
    this.#gone();
  }

  /** Why a host's process with this boot id is not let in, or undefined. */
  occupied(boot: string): string | undefined {
    return this.#state.link.occupied(boot, this.#ports.now());
  }

  /** A host's new socket; older ones are closed. The host speaks first (`hello`). */
  connect(connection: Connection, options: { boot?: string } = {}): void {
    this.#words.connect(connection, options);
  }

  /** A new incarnation finds a socket that was open before; `report` is what its host said. Takes an epoch, says welcome. */
  resume(connection: Connection, known: { report: HostReport; acceptedAt: number }): void {
    this.#words.resume(connection, known);
  }

  /** A frame. Returns the host's report if this frame changed it, for the socket's attachment. */
  message(connection: Connection, frame: unknown): HostReport | undefined {
    if (!this.#state.link.isCurrent(connection)) return undefined;
    const read = decodeHostFrame(frame);
    const wrong = read.ok ? read.skipped : read.reason;
    if (wrong !== undefined) {
      this.#ports.warn(`from the host: ${wrong}`);
      if (!read.ok || this.#state.link.phase === "greeting") {
        this.#state.link.close(1008, wrong);
        this.#gone();
        return undefined;
      }
    }
    if (!read.ok) return undefined;
    for (const message of read.messages) if (message.t === "lines") this.#tails.heard(message);
    return this.#words.hear(read.messages);
  }

  disconnected(connection: Connection): void {
    if (!this.#state.link.isCurrent(connection)) return;
    this.#state.link.detach();
    this.#gone();
  }

  #gone(): void {
    this.#tails.lost();
    this.#words.gone();
  }

  /** Why nothing at all is admitted, or undefined. */
  #closed(): string | undefined {
    const { link, draining } = this.#state;
    if (!link.connected) {
      this.#words.absent();
      return "no host is connected";
    }
    if (link.isSilent(this.#ports.now())) {
      this.#losses.silent();
      return "the host does not answer";
    }
    if (link.phase !== "ready") return "the host's inventory has not come yet";
    if (draining) return "the host is draining";
    const ill = link.report?.unhealthy;
    return ill === undefined ? undefined : `the host is unhealthy: ${illnessForCallers(ill)}`;
  }

  #crowded(): boolean {
    return this.#ports.now() < this.#state.crowdedUntil;
  }

  #refusal(invocation: Invocation): string | undefined {
    const closed = this.#closed();
    if (closed !== undefined) return closed;
    const { report } = this.#state.link;
    return report === undefined ? "no host is connected" : unsuited(report, needOf(invocation));
  }

  /** A lease and the memory for it, or undefined if there is no room. */
  #admit(offer: Offer, options: Pick<NewRun, "store" | "origin">): Run | undefined {
    const { capacity, leases, grants, puller, epoch } = this.#state;
    const { invocation, attempt } = offer;
    const weight = weightOf(invocation);
    const cost = capacity.cost(weight);
    if (cost > capacity.free - puller.reserved || (cost > 0 && this.#crowded())) return undefined;
    const { id, about } = invocation;
    const lease = grants.lease({ id, attempt, about }, epoch);
    const run = leases.grant({ id, attempt, about, weight, invocation, ...options }, { lease, now: this.#ports.now() });
    capacity.take(weight);
    run.counted = true;
    this.#losses.watch();
    return run;
  }

  async #pull(store: StoreName, { memory, max }: { memory: number; max: number }): Promise<Offer[]> {
    const { name, epoch, boot, link } = this.#state;
    const { report } = link;
    if (report === undefined) return [];
    const { runtimes, blackbox, labels } = report;
    const kinds = runtimes.map(({ kind }) => ({ kind }));
    const host = { memory: report.memory, runtimes: kinds, blackbox, ...(labels === undefined ? {} : { labels }) };
    return this.#ports.store(store).pull(name, { epoch, boot, memory, max, host });
  }

  /** Returns how many were started. */
  #startPulled(store: StoreName, offers: Offer[]): number {
    const declined: { id: ActivationId; attempt: number }[] = [];
    let started = 0;
    for (const offer of offers) {
      const { invocation, attempt } = offer;
      const known = this.#state.leases.get(invocation.id);
      if (known?.attempt === attempt && !known.ended && known.origin !== "claimed") continue;
      const isFree = known === undefined && !this.#state.denials.has(invocation.id, attempt);
      const fits = isFree && this.#refusal(invocation) === undefined;
      const run = fits ? this.#admit(offer, { store, origin: "durable" }) : undefined;
      if (run === undefined) declined.push({ id: invocation.id, attempt });
      else {
        started++;
        this.#start(run);
      }
    }
    if (declined.length > 0) this.#state.decline(store, declined);
    return started;
  }

  #wait(run: Run, ms: number): Promise<InvokeReply> {
    return new Promise((resolve) => {
      const cancel = this.#ports.after(ms, () => {
        run.waiters = run.waiters.filter((each) => each !== waiter);
        resolve({ kind: "waiting" });
      });
      const waiter = { answer: resolve, cancel };
      run.waiters.push(waiter);
    });
  }

  #start(run: Run): void {
    const { invocation } = run;
    if (invocation === undefined) return;
    const key = this.#credentials.for(invocation, run.deadline);
    if (key === undefined || typeof key === "string") {
      this.#send(run, key);
      return;
    }
    key.then(
      (made) => this.#send(run, made),
      (error: unknown) => {
        this.#ports.warn(`no credential for ${run.id}: ${String(error)}`);
        this.#conclude(run, completionOf(internalError("The action's credential could not be made.")));
      },
    );
  }

  /** Sends a granted run, or one whose frame went down with an earlier socket: the host knows what it has started. */
  #send(run: Run, key?: string): void {
    const { link, leases } = this.#state;
    const { invocation } = run;
    if (invocation === undefined || run.ended || leases.get(run.id) !== run) return;
    if (key !== undefined) run.key = key;
    if (link.phase !== "ready") {
      if (run.phase === "granted") this.#losses.unstarted(run, "the host went away");
      return;
    }
    try {
      link.post({
        t: "run",
        epoch: this.#state.epoch,
        lease: run.lease,
        attempt: run.attempt,
        invocation: this.#passes.for(invocation, run.deadline),
        ...(run.key === undefined ? {} : { key: run.key }),
      });
      run.phase = "running";
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#conclude(run, completionOf(internalError("The activation is too large to be sent to a host.")));
    }
  }

  /** Ends a run that was never sent with an outcome of our own. */
  #conclude(run: Run, completion: Completion): void {
    if (run.ended) return;
    const now = this.#ports.now();
    this.#state.free(run);
    this.#state.leases.remove(run);
    this.#state.outbox.add(run.store, this.#state.finished(run, completion), { owed: false });
    answer(run, { kind: "done", completion, endedAt: now });
    this.#state.puller.pump();
  }
}

function gone(): InvokeReply {
  return { kind: "lost", reason: "its host vanished" };
}
