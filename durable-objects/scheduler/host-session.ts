// The session with the host, from its socket to its being ready. It owns the line, how far the opening has come (hello,
// welcome, inventory), the epoch, what the host reports of itself and the drain flag; and it says to the roster what
// became of them.

import { log } from "../../src/log.ts";
import { illnessForCallers } from "../../src/protocol/illness.ts";
import { DEAD_AFTER, type HostMessage, type HostReport, type SchedulerMessage } from "../../src/protocol/messages.ts";
import type { RosterEntry, SchedulerName } from "../../src/protocol/rpc.ts";
import { HostLink } from "./host-link.ts";
import type { Connection, SchedulerPorts } from "./ports.ts";
import { absenceOf, entryOf } from "./roster-entry.ts";
import { illnessOf } from "./security-floor.ts";

/** A host has obeyed epochs of ours; it may be ahead by so many where our storage was set back. */
const MAX_AHEAD = 1_000_000;
/** How often a host may be ahead on one line. */
const MAX_LEAPS = 5;
/** Time after the inventory within which kept records are still expected to come again. */
const SETTLE_MS = 3_000;
const MAX_SETTLE_MS = 15_000;
const QUIET_MS = 1_000;

/** "down": no socket; "greeting": the host has not said hello; "welcomed": its inventory is not complete. */
export type SessionPhase = "down" | "greeting" | "welcomed" | "ready";

export interface SessionEvents {
  announce(entry: RosterEntry): void;
  /** The host is about to send a whole inventory, and after it the records it has kept. */
  inventoryBegins(): void;
}

type MessageOf<T extends HostMessage["t"]> = Extract<HostMessage, { t: T }>;

export class HostSession {
  readonly name: SchedulerName;
  readonly #ports: Pick<SchedulerPorts, "now" | "after" | "memory" | "warn" | "securityFloor">;
  readonly #events: SessionEvents;
  readonly #link = new HostLink();
  #phase: SessionPhase = "down";
  #report: HostReport | undefined;
  /** Why it takes nothing, by its last report; undefined: nothing. */
  #illness: string | undefined;
  /** 0 until this incarnation has taken one. Differs for each boot of the host it was taken for. */
  #epoch = 0;
  #boot = "";
  #draining: boolean;
  #provenSince: number;
  #rebooted = false;
  /** How often the host was ahead of us on this line. */
  #leaps = 0;
  #saidAbsent = false;
  /** Epoch ms of the last complete inventory, and of the last record. */
  #readyAt = 0;
  #recordAt = 0;
  /** Calls that wait for the opening to end. */
  #waiting: (() => void)[] = [];

  constructor(
    name: SchedulerName,
    options: {
      ports: Pick<SchedulerPorts, "now" | "after" | "memory" | "warn" | "securityFloor">;
      events: SessionEvents;
    },
  ) {
    this.name = name;
    this.#ports = options.ports;
    this.#events = options.events;
    const { draining, provenSince = 0 } = this.#ports.memory.load();
    this.#draining = draining;
    this.#provenSince = provenSince;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Boot id of the host the epoch was taken for; "" before. */
  get boot(): string {
    return this.#boot;
  }

  /** What the host last said of itself; kept when its line is gone. */
  get report(): HostReport | undefined {
    return this.#report;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Epoch ms from which on leases are proofs. */
  get provenSince(): number {
    return this.#provenSince;
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  get isReady(): boolean {
    return this.#phase === "ready";
  }

  get isGreeting(): boolean {
    return this.#phase === "greeting";
  }

  /** The host was restarted since its last complete inventory. */
  get rebooted(): boolean {
    return this.#rebooted;
  }

  isCurrent(connection: Connection): boolean {
    return this.#link.isCurrent(connection);
  }

  /** Why the host's process with this boot id is not let in, or undefined. */
  occupied(boot: string): string | undefined {
    return this.#link.occupied(boot, this.#ports.now());
  }

  isSilent(): boolean {
    return this.#link.isSilent(this.#ports.now());
  }

  /** Epoch ms of the last sign of life. */
  lastSign(): number {
    return this.#link.lastSign();
  }

  /** Any message is a sign of life. */
  heard(): void {
    this.#link.heard(this.#ports.now());
  }

  recorded(): void {
    this.#recordAt = this.#ports.now();
  }

  /** Whether what the host did not name by now is unknown to it: inventory and kept records have come. */
  isSettled(): boolean {
    const now = this.#ports.now();
    const since = now - this.#readyAt;
    if (this.#phase !== "ready" || since < SETTLE_MS) return false;
    return since >= MAX_SETTLE_MS || now - this.#recordAt >= QUIET_MS;
  }

  /** Why nothing is admitted though the host is connected and heard, or undefined. */
  closed(): string | undefined {
    if (this.#phase !== "ready") return "the host's inventory has not come yet";
    if (this.#draining) return "the host is draining";
    return this.#illness === undefined ? undefined : `the host is unhealthy: ${illnessForCallers(this.#illness)}`;
  }

  /** Sends soon. Throws RangeError if the message is larger than a frame. */
  post(message: SchedulerMessage): void {
    this.#link.post(message);
  }

  connect(connection: Connection, options: { boot?: string }): void {
    this.#attach(connection, { ...options, acceptedAt: this.#ports.now() });
  }

  /** A new incarnation finds a socket that was open before. Takes an epoch, says welcome. */
  resume(connection: Connection, known: { report: HostReport; acceptedAt: number }): void {
    this.#attach(connection, { acceptedAt: known.acceptedAt, boot: known.report.boot });
    this.#greet(known.report);
  }

  #attach(connection: Connection, options: { acceptedAt: number; boot?: string }): void {
    this.#phase = "greeting";
    this.#link.attach(connection, options);
  }

  /** Returns why the host is not welcome, or undefined: then it has been told that it is. */
  hello(report: HostReport): string | undefined {
    if (`${report.host}/${report.shard}` !== this.name) return `this line is for ${this.name}`;
    if (this.#phase !== "greeting") return "hello is said once on a line";
    if (!this.#isCredible(report.epoch)) return "no scheduler has ever had this epoch";
    this.#leaps = 0;
    this.#greet(report);
    return undefined;
  }

  #greet(report: HostReport): void {
    // What ran before is gone, but its record may have been kept: the inventory tells.
    if (this.#boot !== "" && this.#boot !== report.boot) this.#rebooted = true;
    if (this.#boot !== report.boot || report.epoch > this.#epoch) this.#takeEpoch(report.epoch);
    this.#boot = report.boot;
    this.#learn(report);
    this.#link.introduced(report.boot);
    this.welcome();
  }

  #learn(report: HostReport): void {
    this.#report = report;
    this.#illness = illnessOf(report, this.#ports.securityFloor);
  }

  /** Says welcome (again), so that the host sends its inventory and what it has kept. */
  welcome(): void {
    if (!this.#link.connected || this.#report === undefined) return;
    this.#phase = "welcomed";
    this.#events.inventoryBegins();
    this.post({ t: "welcome", epoch: this.#epoch, name: this.name });
  }

  /** The host has seen a higher epoch than this incarnation's. */
  renew(): void {
    this.#takeEpoch(this.#epoch);
    this.welcome();
  }

  /** Each epoch is written down: without this, a host could use them up. */
  #isCredible(epoch: number): boolean {
    return epoch <= Math.max(this.#ports.memory.load().epoch, this.#epoch) + MAX_AHEAD;
  }

  /** The one write. An epoch stands for one incarnation and one boot of its host. */
  #takeEpoch(seen: number): void {
    const { memory, now } = this.#ports;
    const { epoch, provenSince } = memory.load();
    if (provenSince === undefined) {
      // What an earlier version granted carries no proof.
      this.#provenSince = epoch === 0 ? 0 : now();
      memory.saveProvenSince(this.#provenSince);
    }
    this.#epoch = Math.max(epoch, this.#epoch, seen) + 1;
    memory.saveEpoch(this.#epoch);
  }

  /** Whether this page belongs to the inventory that was asked for; the host may be ahead of us. */
  awaits({ boot, epoch }: MessageOf<"inventory">): boolean {
    return this.#phase === "welcomed" && boot === this.#boot && epoch >= this.#epoch;
  }

  /** The host has obeyed a higher epoch: takes one above it and asks anew. Returns why that is not believed, or
   * undefined. */
  leap(epoch: number): string | undefined {
    if (!this.#isCredible(epoch) || ++this.#leaps > MAX_LEAPS) return "no scheduler has ever had this epoch";
    this.#takeEpoch(epoch);
    this.welcome();
    return undefined;
  }

  /** The inventory is complete. */
  ready(): void {
    const now = this.#ports.now();
    this.#phase = "ready";
    this.#readyAt = now;
    this.#recordAt = now;
    this.#rebooted = false;
    this.#openingEnds();
    this.announce();
    log.info("host-ready", { object: `scheduler ${this.name}`, epoch: this.#epoch });
  }

  /** Returns the changed report; undefined if there is nothing to change. */
  health({ memory, unhealthy, impaired }: MessageOf<"health">): HostReport | undefined {
    if (this.#report === undefined || !(memory >= 0)) return undefined;
    const { unhealthy: _, impaired: __, ...rest } = this.#report;
    this.#learn({
      ...{ ...rest, memory },
      ...(unhealthy === undefined ? {} : { unhealthy }),
      ...(impaired === undefined ? {} : { impaired }),
    });
    this.announce();
    return this.#report;
  }

  /** Written even if nothing changes here: an incarnation that has been superseded must not say yes. Returns whether it
   * changed. */
  drain(on: boolean): boolean {
    this.#ports.memory.saveDraining(on);
    if (this.#draining === on) return false;
    this.#draining = on;
    this.announce();
    return true;
  }

  /** The socket has closed. */
  detach(): void {
    this.#phase = "down";
    this.#link.detach();
  }

  /** Closes the socket. */
  close(code: number, reason: string): void {
    this.#phase = "down";
    this.#link.close(code, reason);
  }

  /** The line is gone: nobody waits for its opening any more, and the roster hears it. */
  gone(): void {
    this.#openingEnds();
    this.announce();
    log.info("host-gone", { object: `scheduler ${this.name}` });
  }

  /** Whether a host is there whose opening is about to end. */
  opening(): boolean {
    return this.connected && this.#phase !== "ready" && this.#ports.now() - this.lastSign() < DEAD_AFTER;
  }

  /** Resolves when the opening has ended, at the latest after `ms`. */
  opened(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.after(ms, resolve);
      this.#waiting.push(() => {
        cancel();
        resolve();
      });
    });
  }

  #openingEnds(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }

  /** Says to the roster how things stand; nothing before a host has been seen. */
  announce(): void {
    const report = this.#report;
    if (report === undefined) return;
    const { connected, draining, epoch, name: scheduler } = this;
    const unhealthy = this.#illness;
    const known = unhealthy === undefined ? report : { ...report, unhealthy };
    this.#events.announce(entryOf(known, { scheduler, connected, draining, epoch, now: this.#ports.now() }));
  }

  /** This incarnation was asked for work and has never seen a host: an earlier one may have told the roster
   * otherwise. */
  absent(): void {
    if (this.#report !== undefined || this.#saidAbsent) return;
    this.#saidAbsent = true;
    const { now, memory, warn } = this.#ports;
    try {
      this.#events.announce(absenceOf(this.name, { now: now(), epoch: memory.load().epoch }));
    } catch (error) {
      warn(`this incarnation was superseded and says nothing of its host: ${String(error)}`);
    }
  }
}
