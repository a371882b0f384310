// What the host says, and who of us hears it: the session its opening and its health, the run table what became of
// runs, delivery the records of others, and the tails their lines. It owns nothing.

import type { HostMessage, HostReport } from "../../src/protocol/messages.ts";
import type { Delivery } from "./delivery.ts";
import type { HostSession } from "./host-session.ts";
import type { IdleRequests } from "./idle-requests.ts";
import type { LivenessMonitor } from "./liveness-monitor.ts";
import type { Connection, SchedulerPorts } from "./ports.ts";
import type { Preparations } from "./preparations.ts";
import type { RunSender } from "./run-sender.ts";
import type { RunTable } from "./run-table.ts";
import type { TailRequests } from "./tail-requests.ts";
import type { WorkPuller } from "./work-puller.ts";

type MessageOf<T extends HostMessage["t"]> = Extract<HostMessage, { t: T }>;

export interface MessageHandlerParts {
  ports: Pick<SchedulerPorts, "after" | "warn" | "acked">;
  session: HostSession;
  runs: RunTable;
  delivery: Delivery;
  sender: RunSender;
  liveness: LivenessMonitor;
  tails: TailRequests;
  preparations: Preparations;
  idle: IdleRequests;
  puller: WorkPuller;
}

export class HostMessageHandler {
  readonly #parts: MessageHandlerParts;

  constructor(parts: MessageHandlerParts) {
    this.#parts = parts;
  }

  /** A new incarnation finds a socket that was open before. */
  resume(connection: Connection, known: { report: HostReport; acceptedAt: number }): void {
    const { session, runs } = this.#parts;
    runs.resize(known.report.memory);
    session.resume(connection, known);
  }

  /** Returns the host's report if these messages changed it. */
  hear(messages: readonly HostMessage[]): HostReport | undefined {
    const { session, runs, tails, preparations, idle, puller } = this.#parts;
    session.heard();
    let changed: HostReport | undefined;
    for (const message of messages) {
      switch (message.t) {
        case "result":
          runs.result(message);
          break;
        case "record":
          session.recorded();
          this.#record(message);
          break;
        case "refused":
          this.#refused(message);
          break;
        case "hello":
          changed = this.#hello(message);
          break;
        case "inventory":
          this.#inventory(message);
          break;
        case "health":
          changed = this.#health(message) ?? changed;
          break;
        case "lines":
          tails.heard(message);
          break;
        case "prepared":
          preparations.heard(message);
          break;
        case "listed":
          idle.heard(message);
          break;
      }
      if (!session.connected) return undefined;
    }
    puller.pump();
    return changed;
  }

  /** The line is gone. What runs may still run: it is given up only if the host stays away. */
  gone(): void {
    const { session, runs, liveness, tails, preparations, idle } = this.#parts;
    for (const each of [tails, preparations, idle]) each.lost();
    session.gone();
    runs.unstartedAll("the host went away");
    liveness.watch();
  }

  /** Ends a line on which is said what no host of ours says. */
  refuse(reason: string): void {
    this.#parts.session.close(1008, reason);
    this.gone();
  }

  #disbelieve(reason: string): void {
    this.#parts.ports.warn(`the host's line is closed: ${reason}`);
    this.refuse(reason);
  }

  #record(message: MessageOf<"record">): void {
    const { ports, runs, delivery } = this.#parts;
    const wasGivenUp = runs.get(message.id)?.ended === true;
    if (runs.record(message)) ports.acked?.(wasGivenUp ? "regularAfterForced" : "regular");
    else delivery.unknown(message);
  }

  #hello({ report }: MessageOf<"hello">): HostReport | undefined {
    const wrong = this.#parts.session.hello(report);
    if (wrong !== undefined) {
      this.#disbelieve(wrong);
      return undefined;
    }
    this.#parts.runs.resize(report.memory);
    return report;
  }

  #inventory(message: MessageOf<"inventory">): void {
    const { session, runs, delivery, liveness } = this.#parts;
    if (!session.awaits(message)) return;
    if (message.epoch > session.epoch) {
      const wrong = session.leap(message.epoch);
      if (wrong !== undefined) this.#disbelieve(wrong);
      return;
    }
    if (!runs.found(message.running)) {
      this.#disbelieve("it names more runs than a host can have");
      return;
    }
    liveness.watch();
    delivery.keep(message.kept ?? []);
    if (!message.more) this.#inventoryEnds();
  }

  #inventoryEnds(): void {
    const { session, runs, delivery, sender, puller } = this.#parts;
    const again = runs.endInventory({ rebooted: session.rebooted, isKept: (id) => delivery.isKept(id) });
    session.ready();
    for (const run of again) sender.send(run);
    puller.pump();
  }

  #refused(message: MessageOf<"refused">): void {
    const { ports, session, runs, puller } = this.#parts;
    const run = runs.refused(message);
    if (run === undefined) return;
    if (message.reason === "busy") {
      if (run.origin === "durable") puller.add(run.store, run.weight.memory);
      ports.after(runs.crowdedMs, () => puller.pump());
    }
    if (message.reason === "stale") session.renew();
  }

  #health(message: MessageOf<"health">): HostReport | undefined {
    const changed = this.#parts.session.health(message);
    if (changed !== undefined) this.#parts.runs.resize(message.memory);
    return changed;
  }
}
