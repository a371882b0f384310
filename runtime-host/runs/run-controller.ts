// What the host does with each message, and what it says when a run ends: `result` when the container has answered,
// `record` when the logs are whole; where both fall in one turn of the event loop, `record` alone. Nothing is told that
// the outbox has not kept before, a result as a record without logs.

import type { ActivationMeta } from "../../src/entities/activation.ts";
import { MAX_INLINE } from "../../src/entities/limits.ts";
import type { SchedulerMessage } from "../../src/protocol/messages.ts";
import type { CodeCache } from "../container/code-cache.ts";
import type { Answer, Containers, Job, LiveLogs, Logs, RunListener } from "../container/contract.ts";
import type { Outbox } from "../delivery/outbox.ts";
import type { StoredRecord } from "../delivery/outbox-segments.ts";
import { type PendingRecord, RecordSender } from "../delivery/record-sender.ts";
import { type BlobApi, BlobApiError } from "../link/blob-api.ts";
import type { ListMessage, PrepareMessage, RecordMessage, ResultMessage, RunMessage } from "../link/messages.ts";
import type { Payloads } from "../link/payloads.ts";
import type { SchedulerLink } from "../link/scheduler-link.ts";
import { type Logger, reasonOf } from "../program/logger.ts";
import { argumentsFrom } from "./arguments.ts";
import { Assignments } from "./assignments.ts";
import { healthMessage, stuck } from "./health.ts";
import { askContainers, codeOf } from "./preparing.ts";
import { completionOf, neverRan, Run } from "./run.ts";
import { Tails } from "./tails.ts";

export interface RunControllerOptions {
  host: string;
  boot: string;
  /** MB of each shard. */
  memory: number;
  links: readonly Pick<SchedulerLink, "shard" | "open" | "send" | "sendEncoded" | "flush" | "redial">[];
  containers: Containers;
  outbox: Outbox;
  /** Records of earlier boots. */
  kept: readonly StoredRecord[];
  payloads: Payloads;
  blobs: Pick<BlobApi, "getBlob">;
  code: Pick<CodeCache, "get">;
  ailing?: () => string | null;
  log: Logger;
  /** A scheduler has this boot's inventory. */
  welcomed: (shard: number) => void;
}

interface Shard {
  link: RunControllerOptions["links"][number];
  assignments: Assignments<StoredRecord>;
  records: RecordSender;
  welcomed: boolean;
}

/** ms a report may wait for others, if nobody waits for it and so many run. */
const LINGER_MS = 3;
const MANY = 8;
const MAX_PAGE_BYTES = 96 * 1024;
/** Names of kept records in one page. */
const MAX_KEPT_PER_PAGE = 1000;

export class RunController implements RunListener {
  readonly #options: RunControllerOptions;
  readonly #shards: readonly Shard[];
  readonly #runs = new Set<Run>();
  readonly #tails = new Tails<Run>();
  #pendingReports: Run[] = [];
  #turn: NodeJS.Immediate | null = null;
  #linger: NodeJS.Timeout | undefined;
  #draining = false;
  #nudge: NodeJS.Timeout;

  constructor(options: RunControllerOptions) {
    const { outbox, payloads, log } = options;
    this.#options = options;
    this.#shards = options.links.map((link) => {
      const assignments = new Assignments<StoredRecord>(options.memory);
      const records = new RecordSender({
        shard: link.shard,
        read: (kept) => outbox.read(kept),
        damaged: (kept) => this.#damaged(link.shard, kept),
        send: (message) => link.sendEncoded(message),
        wanted: (kept) => assignments.isKept(kept),
        payloads,
        log,
      });
      return { link, assignments, records, welcomed: false };
    });
    // There may have been more shards before: any scheduler takes a record to the store.
    for (const kept of options.kept) this.#shards[kept.shard % this.#shards.length]?.assignments.keep(kept, kept);
    this.#nudge = setInterval(() => {
      for (const shard of this.#shards) shard.records.nudge(performance.now());
    }, 10_000).unref();
  }

  /** Runs that have no record yet. */
  get running(): number {
    return this.#runs.size;
  }

  get unconfirmed(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.assignments.waiting, 0);
  }

  epochOf(shard: number): number {
    return this.#shardOf(shard).assignments.epoch;
  }

  /** Why nothing new should be sent here, or null. */
  unhealthy(): string | null {
    return this.#draining ? "draining" : stuck(this.#options);
  }

  /** Says so to every scheduler; called when unhealthy() has changed. */
  healthChanged(): void {
    for (const { link, welcomed } of this.#shards)
      if (welcomed) link.send(healthMessage(this.#options, this.unhealthy()));
  }

  /** From now on every new run is refused. */
  drain(): void {
    this.#draining = true;
    this.healthChanged();
  }

  stop(): void {
    clearInterval(this.#nudge);
  }

  received(shard: number, messages: readonly SchedulerMessage[]): void {
    for (const message of messages) {
      try {
        this.#obey(shard, message);
      } catch (error) {
        // One message must not end the runs of others.
        this.#options.log.error("message.threw", { shard, message: message.t, reason: reasonOf(error) });
      }
    }
  }

  lost(shard: number): void {
    const state = this.#shardOf(shard);
    state.welcomed = false;
    state.records.suspend();
  }

  #obey(shard: number, message: SchedulerMessage): void {
    if (message.t === "run") this.#run(shard, message);
    else if (message.t === "tail") this.#tail(shard, message);
    else if (message.t === "stored") this.#stored(shard, message.items);
    else if (message.t === "prepare" || message.t === "list") this.#askContainers(shard, message);
    else if (message.t === "welcome") this.#welcome(shard, message.epoch);
    else this.#redial(shard, message.epoch);
  }

  #welcome(shard: number, epoch: number): void {
    const { link, assignments, records } = this.#shardOf(shard);
    if (!assignments.obey(epoch)) {
      this.#options.log.warn("welcome.stale", { shard, epoch, obeyed: assignments.epoch });
      return;
    }
    const pages = assignments.inventory(MAX_PAGE_BYTES);
    const kept = assignments.kept();
    for (let last = Math.max(pages.length, Math.ceil(kept.length / MAX_KEPT_PER_PAGE)), page = 0; page < last; page++) {
      const names = kept.slice(page * MAX_KEPT_PER_PAGE, (page + 1) * MAX_KEPT_PER_PAGE);
      const more = page < last - 1;
      const { boot } = this.#options;
      link.send({
        ...{ t: "inventory", epoch, boot, running: pages[page] ?? [], more },
        ...(names.length === 0 ? {} : { kept: names }),
      });
    }
    this.#shardOf(shard).welcomed = true;
    records.resume(assignments.unacknowledged());
    // Results of runs whose logs are still coming were lost with the last socket, perhaps.
    for (const run of this.#runs) if (run.shard === shard && run.earlyRecord !== null) this.#sendResult(run);
    if (this.unhealthy() !== null) link.send(healthMessage(this.#options, this.unhealthy()));
    this.#options.welcomed(shard);
  }

  #redial(shard: number, epoch: number): void {
    const { link, assignments } = this.#shardOf(shard);
    if (assignments.obey(epoch)) link.redial("asked to");
  }

  #stored(shard: number, items: readonly { id: string; attempt: number }[]): void {
    const { assignments, records } = this.#shardOf(shard);
    const released = assignments.stored(items);
    if (released.length === 0) return;
    this.#options.outbox.forget(released);
    records.confirmed(released);
  }

  /** The next inventory does not name it, so that its run ends as one that was lost. */
  #damaged(shard: number, kept: StoredRecord): void {
    this.#options.log.error("record.damaged", { shard, id: kept.id, attempt: kept.attempt });
    this.#stored(shard, [kept]);
    this.#shardOf(shard).link.redial("a kept record is damaged");
  }

  #tail(shard: number, message: Extract<SchedulerMessage, { t: "tail" }>): void {
    const { link } = this.#shardOf(shard);
    const { id, ask, from } = message;
    let run: Run | undefined;
    for (const each of this.#runs) if (each.id === id && each.logs === null) run = each;
    if (run === undefined) link.send({ t: "lines", id, ask, next: from, over: true });
    else this.#tails.ask(run, message, (lines) => link.send(lines));
  }

  #askContainers(shard: number, message: PrepareMessage | ListMessage): void {
    askContainers(message, { ...this.#options, link: this.#shardOf(shard).link, unhealthy: this.unhealthy() });
  }

  #run(shard: number, message: RunMessage): void {
    const { link, assignments, records } = this.#shardOf(shard);
    const { lease, attempt, invocation } = message;
    const { id } = invocation;
    const admission = assignments.admit(
      { epoch: message.epoch, lease, attempt, id, about: invocation.about, revision: invocation.revision },
      {
        now: performance.now(),
        draining: this.#draining,
        full: stuck(this.#options) !== null,
      },
    );
    if (admission.kind === "refuse") link.send({ t: "refused", id, attempt, lease, reason: admission.reason });
    else if (admission.kind === "again") records.again(admission.record);
    else {
      const run = new Run(message, {
        shard,
        assignment: admission.assignment,
        code: codeOf(message, this.#options.code),
      });
      this.#runs.add(run);
      if ("inline" in invocation.args) this.#start(run);
      else void this.#fetchArgs(run, invocation.args);
    }
  }

  #start(run: Run): void {
    try {
      this.#options.containers.run(run, this);
    } catch (error) {
      this.#options.log.error("run.threw", { ...run.named, reason: reasonOf(error) });
      this.#fail(run, "There was an internal error on the runtime host.");
    }
  }

  async #fetchArgs(run: Run, args: { blob: string; size: number }): Promise<void> {
    try {
      run.args = await argumentsFrom(this.#options.blobs, args);
    } catch (error) {
      this.#options.log.warn("args.failed", { ...run.named, reason: reasonOf(error) });
      if (error instanceof BlobApiError && (error.final || error.cut))
        this.#fail(run, "The arguments of the activation could not be read.");
      else this.refused(run, "busy");
      return;
    }
    this.#start(run);
  }

  #fail(run: Run, text: string): void {
    if (run.answer === null) this.answered(run, neverRan(text, performance.now()));
    if (run.logs === null) this.collected(run, { lines: "[]" });
  }

  // ---- What the containers say. They hand back the very job they were given. ----

  opened(job: Job, live: LiveLogs): void {
    const run = job as Run;
    run.live = live;
    this.#tails.watch(run);
  }

  answered(job: Job, answer: Answer): void {
    const run = job as Run;
    if (run.answer !== null || !this.#runs.has(run)) return;
    run.answer = answer;
    this.#shardOf(run.shard).assignments.answered(run.assignment);
    this.#reportSoon(run);
  }

  collected(job: Job, logs: Logs): void {
    const run = job as Run;
    if (run.answer === null || run.logs !== null) return;
    run.logs = logs;
    this.#tails.over(run);
    this.#reportSoon(run);
  }

  refused(job: Job, reason: "busy" | "unsupported" | "draining"): void {
    const run = job as Run;
    if (run.answer !== null || !this.#runs.delete(run)) return;
    this.#tails.over(run);
    const { link, assignments } = this.#shardOf(run.shard);
    assignments.dropped(run.assignment);
    link.send({ t: "refused", id: run.id, attempt: run.attempt, lease: run.assignment.lease, reason });
  }

  // ---- Reports, once per turn: one write to the outbox and one frame per socket, however many runs have ended. Where
  // many run and nobody waits, a few ms are waited for more. ----

  #reportSoon(run: Run): void {
    if (run.pendingReport) return;
    run.pendingReport = true;
    this.#pendingReports.push(run);
    if (run.blocking || this.#runs.size < MANY) this.#turn ??= setImmediate(() => this.#endTurn());
    else this.#linger ??= setTimeout(() => this.#endTurn(), LINGER_MS);
  }

  #endTurn(): void {
    const runs = this.#pendingReports;
    this.#pendingReports = [];
    if (this.#turn !== null) clearImmediate(this.#turn);
    clearTimeout(this.#linger);
    this.#turn = null;
    this.#linger = undefined;
    const entries: PendingRecord[] = [];
    const whole: boolean[] = [];
    for (const run of runs) {
      const { id, attempt, shard } = run;
      run.pendingReport = false;
      // What takes the blob API is not waited for by a caller: the whole record is written in the next turn.
      run.recorded = run.logs !== null && (run.announced || !run.blocking || run.logs.lines.length < MAX_INLINE);
      run.announced ||= !run.recorded;
      whole.push(run.recorded);
      // Before what takes its place is written: nothing else is in between.
      if (run.earlyRecord !== null) this.#options.outbox.supersede(run.earlyRecord);
      run.earlyRecord = null;
      const message = this.#recordOf(run);
      entries.push({ id, attempt, shard, message, text: JSON.stringify(message) });
    }
    if (entries.length > 0) this.#options.outbox.append(entries, (kept) => this.#kept(runs, { entries, kept, whole }));
    for (const { link } of this.#shards) link.flush();
  }

  #kept(
    runs: readonly Run[],
    written: { entries: readonly PendingRecord[]; kept: readonly StoredRecord[]; whole: readonly boolean[] },
  ): void {
    for (const [index, run] of runs.entries()) {
      const { assignments, records } = this.#shardOf(run.shard);
      const kept = written.kept[index] as StoredRecord;
      if (written.whole[index] !== true) {
        this.#keptEarly(run, kept);
        continue;
      }
      this.#runs.delete(run);
      assignments.finished(run.assignment, kept);
      records.add(kept, written.entries[index] as PendingRecord);
    }
  }

  /** The result may be told, unless the whole record has been written meanwhile. */
  #keptEarly(run: Run, kept: StoredRecord): void {
    if (run.recorded) this.#options.outbox.supersede(kept);
    else {
      run.earlyRecord = kept;
      this.#sendResult(run);
      if (run.logs !== null) this.#reportSoon(run);
    }
  }

  #sendResult(run: Run): void {
    const { link, welcomed } = this.#shardOf(run.shard);
    if (!welcomed || run.recorded) return;
    const { id, attempt } = run;
    const { lease } = run.assignment;
    const message: ResultMessage = { t: "result", id, attempt, lease, completion: this.#completionOf(run, null) };
    const fitting = this.#options.payloads.fitting(message);
    if (fitting !== null) link.sendEncoded(fitting);
    else void this.#sendLargeResult(run, message);
  }

  async #sendLargeResult(run: Run, message: ResultMessage): Promise<void> {
    try {
      const encoded = await this.#options.payloads.upload(message, run.assignment.about);
      if (!run.recorded) this.#shardOf(run.shard).link.sendEncoded(encoded);
    } catch (error) {
      // The record will carry it, and tries for longer.
      this.#options.log.warn("result.upload-failed", { ...run.named, reason: reasonOf(error) });
    }
  }

  #recordOf(run: Run): RecordMessage {
    const { id, attempt } = run;
    const { lease, about }: { lease: RecordMessage["lease"]; about: ActivationMeta } = run.assignment;
    const completion = this.#completionOf(run, run.recorded ? run.logs : null);
    return { t: "record", id, attempt, lease, about, completion };
  }

  #completionOf(run: Run, logs: Logs | null) {
    const { host, containers } = this.#options;
    return completionOf(run, { logs, host, engine: containers.engine, now: performance.now() });
  }

  #shardOf(shard: number): Shard {
    const state = this.#shards[shard];
    if (state === undefined) throw new RangeError(`no shard ${shard}`);
    return state;
  }
}
