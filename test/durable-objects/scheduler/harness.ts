// A scheduler's core on a clock that stands still, with a host, stores and a roster made of what the test says.

import { SchedulerCore } from "../../../durable-objects/scheduler/core.ts";
import type { Acknowledgement, Connection, SchedulerMemory } from "../../../durable-objects/scheduler/ports.ts";
import type { SecurityLevel } from "../../../src/entities/security-level.ts";
import type { Giver } from "../../../src/protocol/matching.ts";
import type { HostMessage, HostReport, SchedulerMessage } from "../../../src/protocol/messages.ts";
import { Proofs } from "../../../src/protocol/proofs.ts";
import type { Finished, Offer, RosterEntry } from "../../../src/protocol/rpc.ts";
import { completed, reportOf } from "../calls.ts";
import { Clock, settle } from "../clock.ts";

/** The epoch of the first incarnation that a host joins. */
export const EPOCH = 5;

export type RunMessage = Extract<SchedulerMessage, { t: "run" }>;

export class SchedulerHarness {
  readonly clock = new Clock();
  readonly sent: SchedulerMessage[] = [];
  readonly finished: Finished[] = [];
  readonly declined: { id: string; attempt: number }[] = [];
  readonly entries: RosterEntry[] = [];
  /** How runs ended, as they are counted. */
  readonly acked: Acknowledgement[] = [];
  readonly memory: ReturnType<SchedulerMemory["load"]> = { epoch: EPOCH - 1, draining: false, provenSince: 0 };
  readonly proofs = new Proofs({ current: "a secret of the tests", previous: null });
  /** What stores give when they are pulled from. */
  work: Offer[] = [];
  /** What each pull brings, where it is not what is in `work`. */
  bring: (() => Promise<Offer[]>) | undefined;
  pulls: { memory: number; host?: Giver }[] = [];
  waiting: string[] = [];
  storeFails = false;
  /** It answers nothing, though it may have taken what it was told. */
  storeHangs = false;
  credential: () => Promise<string> = async () => "key";
  pinged = 0;
  /** What the host's machine says of its process; undefined = nobody can tell. */
  going: boolean | undefined;
  /** Of the incarnations that come. */
  securityFloor: SecurityLevel | undefined;
  core = this.#incarnate();
  connection = this.#dial();

  #incarnate(): SchedulerCore {
    return new SchedulerCore("h/0", {
      now: this.clock.now,
      after: this.clock.after,
      memory: {
        load: () => ({ ...this.memory }),
        saveEpoch: (epoch) => {
          this.memory.epoch = epoch;
        },
        saveProvenSince: (at) => {
          this.memory.provenSince = at;
        },
        saveDraining: (on) => {
          this.memory.draining = on;
        },
      },
      securityFloor: this.securityFloor,
      hostIsGoing: async () => this.going === true,
      store: () => ({
        complete: async (list) => {
          if (this.storeHangs) return new Promise(() => {});
          if (this.storeFails) throw new Error("store is away");
          this.finished.push(...list);
        },
        pull: async (_name, { memory, host }) => {
          this.pulls.push({ memory, ...(host === undefined ? {} : { host }) });
          return this.bring === undefined ? this.work.splice(0) : this.bring();
        },
        accept: async () => ({ kind: "accepted" }),
        declined: async (items) => void this.declined.push(...items),
      }),
      report: async (entry) => {
        this.entries.push(entry);
        return this.waiting;
      },
      proofs: () => this.proofs,
      credential: () => this.credential(),
      warn: () => {},
      acked: (how) => void this.acked.push(how),
    });
  }

  #dial(): Connection {
    const connection: Connection = {
      send: (frame) => this.sent.push(...(JSON.parse(frame) as SchedulerMessage[])),
      close: () => this.core.disconnected(connection),
      pinged: () => this.pinged,
    };
    return connection;
  }

  hear(...messages: HostMessage[]): void {
    this.core.message(this.connection, JSON.stringify(messages));
  }

  /** A host comes, with what it says runs there. */
  async join(
    options: { report?: Partial<HostReport>; inventory?: Partial<Extract<HostMessage, { t: "inventory" }>> } = {},
  ) {
    this.connection = this.#dial();
    this.core.connect(this.connection);
    const report = reportOf(options.report);
    this.hear({ t: "hello", report });
    await settle();
    const epoch = this.welcomed();
    this.hear({ t: "inventory", epoch, boot: report.boot, running: [], more: false, ...options.inventory });
    await settle();
  }

  evict(report?: HostReport): void {
    this.core = this.#incarnate();
    if (report !== undefined) this.core.resume(this.connection, { report, acceptedAt: this.clock.at });
  }

  welcomed(): number {
    const welcome = this.sent.findLast((message) => message.t === "welcome");
    return welcome?.t === "welcome" ? welcome.epoch : -1;
  }

  runs(): RunMessage[] {
    return this.sent.filter((message): message is RunMessage => message.t === "run");
  }

  record(run: RunMessage, result?: string): void {
    const { lease, attempt, invocation } = run;
    this.hear({
      t: "record",
      id: invocation.id,
      attempt,
      lease,
      about: invocation.about,
      completion: completed(result),
    });
  }
}
