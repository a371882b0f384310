// What the host says and what follows from it: the opening (hello, welcome, inventory), results, records, refusals.

import { completionOf } from "../../src/entities/activation.ts";
import { internalError } from "../../src/entities/outcome.ts";
import { DEAD_AFTER, type HostMessage, type HostReport, type RunningItem } from "../../src/protocol/messages.ts";
import { storeNameOf } from "../../src/protocol/names.ts";
import type { RosterEntry, SchedulerName } from "../../src/protocol/rpc.ts";
import { weightFound } from "./admission.ts";
import { Ends } from "./ends.ts";
import { answer, type Run } from "./leases.ts";
import type { LivenessMonitor } from "./liveness-monitor.ts";
import type { Connection, SchedulerPorts } from "./ports.ts";
import { hostOf, type SchedulerState } from "./state.ts";

/** ms for which a host that refused a run for want of room is given no more, unless a run ends before; twice as long each time,
 * until one has ended well. */
const CROWDED_FOR = 200;
const MAX_CROWDED = 10_000;
/** A host has obeyed epochs of ours; it may be ahead by so many where our storage was set back. */
const MAX_AHEAD = 1_000_000;
/** How often a host may be ahead on one line. */
const MAX_LEAPS = 5;
/** Runs, and records that will follow, which one inventory may name. */
const MAX_NAMED = 10_000;
const MAX_KEPT = 200_000;

type MessageOf<T extends HostMessage["t"]> = Extract<HostMessage, { t: T }>;

export class HostMessageHandler {
  readonly #state: SchedulerState;
  readonly #ports: SchedulerPorts;
  readonly #losses: LivenessMonitor;
  readonly #ends: Ends;
  readonly #send: (run: Run) => void;
  /** Runs named in the inventory that is being read. */
  #named = new Set<Run>();
  /** The host was restarted since its last complete inventory. */
  #rebooted = false;
  /** How often the host was ahead of us on this line. */
  #leaps = 0;
  #saidAbsent = false;
  /** Calls that wait for the opening to end. */
  #waiting: (() => void)[] = [];

  constructor(
    state: SchedulerState,
    options: { ports: SchedulerPorts; losses: LivenessMonitor; send: (run: Run) => void },
  ) {
    this.#state = state;
    this.#ports = options.ports;
    this.#losses = options.losses;
    this.#ends = new Ends(state, options.ports);
    this.#send = options.send;
  }

  connect(connection: Connection, options: { boot?: string }): void {
    this.#state.link.attach(connection, { ...options, acceptedAt: this.#ports.now() });
  }

  resume(connection: Connection, known: { report: HostReport; acceptedAt: number }): void {
    this.#state.link.attach(connection, { acceptedAt: known.acceptedAt, boot: known.report.boot });
    this.#greet(known.report);
  }

  /** The line is gone. What runs may still run: it is given up only if the host stays away. */
  gone(): void {
    this.#opened();
    this.announce();
    for (const run of this.#state.leases.all()) {
      if (run.phase === "granted") this.#losses.unstarted(run, "the host went away");
    }
    if (this.#state.leases.open > 0) this.#losses.watch();
  }

  announce(): void {
    const entry = this.#state.entry(this.#ports.now());
    if (entry !== undefined) this.#state.announcer.announce(entry);
  }

  /** This incarnation was asked for work and has never seen a host: an earlier one may have told the roster otherwise. */
  absent(): void {
    const { link, name, announcer } = this.#state;
    if (link.report !== undefined || this.#saidAbsent) return;
    this.#saidAbsent = true;
    const { now, memory } = this.#ports;
    try {
      announcer.announce(absence(name, { now: now(), epoch: memory.load().epoch }));
    } catch (error) {
      this.#ports.warn(`this incarnation was superseded and says nothing of its host: ${String(error)}`);
    }
  }

  /** Whether a host is there whose opening is about to end. */
  opening(): boolean {
    const { link } = this.#state;
    return link.connected && link.phase !== "ready" && this.#ports.now() - link.lastSign() < DEAD_AFTER;
  }

  opened(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.after(ms, resolve);
      this.#waiting.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Says welcome (again), so that the host sends its inventory and what it has kept. */
  welcome(): void {
    const { link, epoch, name, kept } = this.#state;
    if (!link.connected || link.report === undefined) return;
    link.phase = "welcomed";
    this.#named = new Set();
    kept.clear();
    link.post({ t: "welcome", epoch, name });
  }

  hear(messages: readonly HostMessage[]): HostReport | undefined {
    const { link, puller } = this.#state;
    link.heard(this.#ports.now());
    let changed: HostReport | undefined;
    for (const message of messages) {
      switch (message.t) {
        case "result":
          this.#ends.result(message);
          break;
        case "record":
          this.#ends.record(message);
          break;
        case "refused":
          this.#refused(message);
          break;
        case "hello":
          if (!this.#expected(message.report)) return undefined;
          this.#leaps = 0;
          changed = this.#greet(message.report);
          break;
        case "inventory":
          this.#inventory(message);
          break;
        case "health":
          changed = this.#health(message) ?? changed;
          break;
      }
      if (!link.connected) return undefined;
    }
    puller.pump();
    return changed;
  }

  #expected(report: HostReport): boolean {
    const { link, name } = this.#state;
    if (`${report.host}/${report.shard}` !== name) return this.#refuse(`this line is for ${name}`);
    if (link.phase !== "greeting") return this.#refuse("hello is said once on a line");
    return this.#credible(report.epoch) || this.#refuse("no scheduler has ever had this epoch");
  }

  #refuse(reason: string): false {
    this.#ports.warn(`the host's line is closed: ${reason}`);
    this.#state.link.close(1008, reason);
    this.gone();
    return false;
  }

  /** Each epoch is written down: without this, a host could use them up. */
  #credible(epoch: number): boolean {
    return epoch <= Math.max(this.#ports.memory.load().epoch, this.#state.epoch) + MAX_AHEAD;
  }

  #greet(report: HostReport): HostReport {
    const state = this.#state;
    // What ran before is gone, but its record may have been kept: the inventory tells.
    if (state.boot !== "" && state.boot !== report.boot) this.#rebooted = true;
    if (state.boot !== report.boot || report.epoch > state.epoch) this.#takeEpoch(report.epoch);
    state.boot = report.boot;
    state.link.introduced(report);
    state.capacity.resize(report.memory);
    this.welcome();
    return report;
  }

  /** The one write. An epoch stands for one incarnation and one boot of its host. */
  #takeEpoch(seen: number): void {
    const { memory, now } = this.#ports;
    const { epoch, provenSince } = memory.load();
    if (provenSince === undefined) {
      // What an earlier version granted carries no proof.
      this.#state.provenSince = epoch === 0 ? 0 : now();
      memory.saveProvenSince(this.#state.provenSince);
    }
    this.#state.epoch = Math.max(epoch, this.#state.epoch, seen) + 1;
    memory.saveEpoch(this.#state.epoch);
  }

  #inventory(word: MessageOf<"inventory">): void {
    const state = this.#state;
    const { link } = state;
    if (link.phase !== "welcomed" || word.boot !== state.boot || word.epoch < state.epoch) return;
    if (word.epoch > state.epoch) {
      if (!this.#credible(word.epoch) || ++this.#leaps > MAX_LEAPS)
        this.#refuse("no scheduler has ever had this epoch");
      else {
        this.#takeEpoch(word.epoch);
        this.welcome();
      }
      return;
    }
    if (this.#named.size + word.running.length > MAX_NAMED) {
      this.#refuse("it names more runs than a host can have");
      return;
    }
    for (const item of word.running) this.#found(item);
    for (const { id } of word.kept ?? []) if (state.kept.size < MAX_KEPT) state.kept.add(id);
    if (!word.more) this.#inventoryEnds();
  }

  #found(item: RunningItem): void {
    const state = this.#state;
    const known = state.leases.get(item.id);
    const same = state.leases.match(item);
    if (known !== undefined && same === undefined) {
      // The host's word on what runs there stands against ours.
      state.free(known);
      this.#losses.lose(known, "its host runs it under another lease");
      state.leases.remove(known);
    }
    // Memory 0: it has ended and its record is about to come again.
    const phase = item.memory > 0 ? "running" : "recording";
    const run = same ?? this.#adopt(item, phase);
    if (same !== undefined && phase === "recording") run.phase = phase;
    this.#named.add(run);
  }

  #adopt(item: RunningItem, phase: "running" | "recording"): Run {
    const { id, attempt, lease, about } = item;
    const weight = weightFound(item);
    const origin = this.#state.grants.standing(item, this.#ports.now()) === "granted" ? "adopted" : "claimed";
    if (origin === "claimed") this.#state.strangers++;
    const run = this.#state.leases.adopt(
      { id, attempt, about, weight, store: storeNameOf(item), origin },
      { lease, phase, now: this.#ports.now() },
    );
    this.#losses.watch();
    return run;
  }

  /** Memory is counted anew: by what the host named, and by what is on its way there. */
  #inventoryEnds(): void {
    const { leases, capacity, link, kept, puller } = this.#state;
    const again: Run[] = [];
    capacity.clear();
    for (const run of leases.all()) {
      const named = this.#named.has(run);
      run.counted = false;
      if (!named && run.origin === "claimed") {
        leases.remove(run);
        continue;
      }
      if (kept.has(run.id)) run.phase = "recording";
      else if (!named && (run.ended || this.#rebooted)) {
        this.#losses.lose(run, "its host was restarted");
        leases.remove(run);
        continue;
      } else if (!named && run.origin === "adopted") run.phase = "recording";
      else if (!named && run.phase === "running") again.push(run);
      if (run.phase === "recording") continue;
      capacity.take(run.weight);
      run.counted = true;
    }
    this.#named = new Set();
    this.#rebooted = false;
    link.ready(this.#ports.now());
    for (const run of again) this.#send(run);
    this.#opened();
    this.announce();
    puller.pump();
  }

  #refused(word: MessageOf<"refused">): void {
    const state = this.#state;
    const run = state.leases.match(word);
    // "duplicate": the host has it under this very lease, and says so by its record in the end.
    if (run === undefined || word.reason === "duplicate") return;
    state.free(run);
    state.leases.remove(run);
    if (run.origin === "claimed") return;
    if (word.reason === "busy") this.#crowded(run);
    if (run.origin === "durable") state.decline(run.store, [{ id: run.id, attempt: run.attempt }]);
    else if (run.waiters.length > 0) {
      const { reason } = word;
      answer(run, reason === "busy" ? { kind: "busy" } : { kind: "not-ready", reason: `the host says ${reason}` });
    } else {
      const completion = completionOf(internalError(`The host refused to start the activation: ${word.reason}.`));
      state.outbox.add(run.store, state.finished(run, completion), { owed: false });
    }
    if (word.reason === "stale") {
      this.#takeEpoch(state.epoch);
      this.welcome();
    }
  }

  /** The host counts otherwise than we do, or is still making room. Asking on at once would go round in circles. */
  #crowded(run: Run): void {
    const { puller } = this.#state;
    const ms = Math.min(MAX_CROWDED, CROWDED_FOR * 2 ** Math.min(10, this.#state.crowds++));
    this.#state.crowdedUntil = this.#ports.now() + ms;
    if (run.origin === "durable") puller.add(run.store, run.weight.memory);
    this.#ports.after(ms, () => puller.pump());
  }

  #health(word: MessageOf<"health">): HostReport | undefined {
    const { link, capacity } = this.#state;
    if (link.report === undefined || !(word.memory >= 0)) return undefined;
    const { unhealthy: _, impaired: __, ...rest } = link.report;
    link.report = { ...rest, memory: word.memory };
    if (word.unhealthy !== undefined) link.report.unhealthy = word.unhealthy;
    if (word.impaired !== undefined) link.report.impaired = word.impaired;
    capacity.resize(word.memory);
    this.announce();
    return link.report;
  }

  #opened(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }
}

/** Says only that the host is not there; the roster keeps the rest of what it knows. */
function absence(scheduler: SchedulerName, options: { now: number; epoch: number }): RosterEntry {
  const host = hostOf(scheduler);
  const nothing = { draining: false, memory: 0, engine: "", build: "", blackbox: false, runtimes: [] };
  return { scheduler, host, connected: false, ...nothing, since: options.now, epoch: options.epoch };
}
