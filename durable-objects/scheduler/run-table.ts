// The runs of this incarnation. It owns them, their memory, who waits for them, and what stores were told is not here:
// a run changes state nowhere else. A lease fences a run: what arrives under another lease than the one granted last
// does not touch it.

import { type Completion, completionOf, lostCompletion } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { internalError } from "../../src/entities/outcome.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { HostMessage, RunningItem } from "../../src/protocol/messages.ts";
import { storeNameOf } from "../../src/protocol/names.ts";
import type { Finished, InvokeReply, Offer, StoreName } from "../../src/protocol/rpc.ts";
import { Capacity, weightFound, weightOf } from "./capacity.ts";
import { Denials } from "./denials.ts";
import type { Grants } from "./grants.ts";
import type { SchedulerPorts } from "./ports.ts";
import { finishedOf, type RunName, type RunWaiter, type TrackedRun } from "./run.ts";

/** Beyond its action's timeout a run may take so much, for a cold start with an image to pull. Past it the run is given
 * up; its memory is not. */
const GRACE_MS = 60_000;
/** A host that refused a run for want of room is given no more for so long, unless a run ends before; twice as long
 * each time, until one has ended well. */
const CROWDED_MS = 200;
const MAX_CROWDED_MS = 10_000;
const MAX_DOUBLINGS = 10;
/** Runs that one inventory may name. */
const MAX_NAMED = 10_000;

const NOBODY: readonly RunWaiter[] = [];

type MutableRun = { -readonly [Key in keyof TrackedRun]: TrackedRun[Key] };
type MessageOf<T extends HostMessage["t"]> = Extract<HostMessage, { t: T }>;

/** Where runs go when they end. */
export interface RunOutcomes {
  /** The host's record. `urgent`: somebody waits for it at its store. */
  deliver(store: StoreName, finished: Finished, options: { urgent: boolean }): void;
  /** An outcome of our own, of which the host knows nothing. */
  conclude(store: StoreName, finished: Finished): void;
  /** These were never started here. */
  decline(store: StoreName, items: { id: ActivationId; attempt: number }[]): void;
  /** The same of one whose caller waits here no more: it goes to others, or ends as `finished` says. */
  giveUp(store: StoreName, finished: Finished, invocation: Invocation | undefined): void;
}

export class RunTable {
  readonly #ports: Pick<SchedulerPorts, "now" | "after">;
  readonly #grants: Grants;
  readonly #outcomes: RunOutcomes;
  readonly #runs = new Map<ActivationId, MutableRun>();
  readonly #capacity = new Capacity();
  readonly #denials = new Denials();
  /** Runs whose outcome is still expected. */
  #open = 0;
  /** Epoch ms until which nothing is admitted that needs a container more: the host has just refused what should
   * fit. */
  #crowdedUntil = 0;
  /** Such refusals since it last ran something to its end. */
  #crowds = 0;
  /** Runs named in the inventory that is being read. */
  #named = new Set<TrackedRun>();

  constructor(options: { ports: Pick<SchedulerPorts, "now" | "after">; grants: Grants; outcomes: RunOutcomes }) {
    this.#ports = options.ports;
    this.#grants = options.grants;
    this.#outcomes = options.outcomes;
  }

  get open(): number {
    return this.#open;
  }

  /** MB that nothing runs in. */
  get freeMb(): number {
    return this.#capacity.freeMb;
  }

  get totalMb(): number {
    return this.#capacity.totalMb;
  }

  get usedMb(): number {
    return this.#capacity.usedMb;
  }

  get containers(): number {
    return this.#capacity.containers;
  }

  get running(): number {
    return this.#capacity.running;
  }

  get isCrowded(): boolean {
    return this.#ports.now() < this.#crowdedUntil;
  }

  /** ms until it is not crowded any more. */
  get crowdedMs(): number {
    return Math.max(0, this.#crowdedUntil - this.#ports.now());
  }

  all(): Iterable<TrackedRun> {
    return this.#runs.values();
  }

  get(id: ActivationId): TrackedRun | undefined {
    return this.#runs.get(id);
  }

  isOpen(id: ActivationId): boolean {
    return this.#runs.get(id)?.ended === false;
  }

  /** Whether its store was told that this attempt is not here: the store starts it elsewhere. */
  isDenied(id: ActivationId, attempt: number): boolean {
    return this.#denials.attempts.size > 0 && this.#denials.has(id, attempt);
  }

  deny(id: ActivationId, attempt: number): void {
    this.#denials.add(id, attempt);
  }

  /** Epoch ms at which the next run is given up, or Infinity. */
  earliestDeadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const run of this.#runs.values()) if (!run.ended && run.deadline < earliest) earliest = run.deadline;
    return earliest;
  }

  /** MB of the host. */
  resize(totalMb: number): void {
    this.#capacity.resize(totalMb);
  }

  // ---- admission

  /** A lease and the memory for it, or undefined if there is no room. `reservedMb` is kept free for others. */
  admit(
    offer: Offer,
    options: Pick<TrackedRun, "store"> & { origin: "fast" | "durable"; epoch: number; reservedMb: number },
  ): TrackedRun | undefined {
    const { invocation, attempt } = offer;
    const { store, origin, epoch, reservedMb } = options;
    const weight = weightOf(invocation);
    const cost = this.#capacity.cost(weight);
    if (cost > this.#capacity.freeMb - reservedMb || (cost > 0 && this.isCrowded)) return undefined;
    const { id, about } = invocation;
    const lease = this.#grants.lease({ id, attempt, about }, epoch);
    this.#capacity.take(weight);
    return this.#add({ id, attempt, about, weight, invocation, store, origin, lease, phase: "granted", counted: true });
  }

  #add(run: Omit<MutableRun, "ended" | "deadline" | "waiters">): MutableRun {
    const deadline = this.#ports.now() + run.about.limits.timeout + GRACE_MS;
    const tracked = { ...run, ended: false, deadline, waiters: NOBODY };
    this.#runs.set(run.id, tracked);
    this.#open++;
    return tracked;
  }

  /** Resolves with its outcome, or after `ms` with "waiting". */
  wait(run: MutableRun, ms: number): Promise<InvokeReply> {
    return new Promise((resolve) => {
      const cancel = this.#ports.after(ms, () => {
        run.waiters = run.waiters.filter((each) => each !== waiter);
        resolve({ kind: "waiting" });
      });
      const waiter = { answer: resolve, cancel };
      run.waiters = [...run.waiters, waiter];
    });
  }

  /** Its frame is on its way to the host. `key`: its credential. */
  sent(run: MutableRun, key: string | undefined): void {
    run.phase = "running";
    if (key !== undefined) run.key = key;
  }

  // ---- what the host says of a run

  /** The host has answered it: its caller hears it and its memory is free. */
  result(message: MessageOf<"result">): void {
    const run = this.#match(message);
    if (run === undefined) return;
    this.#release(run);
    if (run.ended) return;
    const completion = this.#grants.believed(message, this.#ports.now());
    run.phase = "recording";
    run.completion = completion;
    this.#crowds = 0;
    this.#answer(run, this.#done(run, completion));
  }

  /** The host has its record, logs included. Returns false if it was not granted here. */
  record(message: MessageOf<"record">): boolean {
    const run = this.#match(message);
    if (run === undefined) return false;
    this.#release(run);
    this.#remove(run);
    if (run.origin === "claimed") return false;
    const completion = this.#grants.believed(message, this.#ports.now());
    this.#crowds = 0;
    this.#answer(run, this.#done(run, completion));
    // On the durable path whoever waits does so at the store; on the fast path he has been answered.
    const urgent = run.origin === "durable" && run.invocation?.blocking === true;
    this.#outcomes.deliver(run.store, finishedOf(run, completion), { urgent });
    return true;
  }

  /** The host did not start it. Returns the run, if it was granted here. */
  refused(message: MessageOf<"refused">): TrackedRun | undefined {
    const run = this.#match(message);
    // "duplicate": the host has it under this very lease, and says so by its record in the end.
    if (run === undefined || message.reason === "duplicate") return undefined;
    this.#release(run);
    this.#remove(run);
    if (run.origin === "claimed") return undefined;
    const { reason } = message;
    if (reason === "busy") this.#crowd();
    const refusal: InvokeReply =
      reason === "busy" ? { kind: "busy" } : { kind: "not-ready", reason: `the host says ${reason}` };
    this.#giveBack(run, refusal, `The host refused to start the activation: ${reason}.`);
    return run;
  }

  /** The host counts otherwise than we do, or is still making room. Asking on at once would go round in circles. */
  #crowd(): void {
    const ms = Math.min(MAX_CROWDED_MS, CROWDED_MS * 2 ** Math.min(MAX_DOUBLINGS, this.#crowds++));
    this.#crowdedUntil = this.#ports.now() + ms;
  }

  // ---- how runs end without the host's word

  /** Gives up a run: what may have started is lost, what never left here is given back. Its memory stays counted. */
  lose(run: MutableRun, reason: string): void {
    if (run.ended) return;
    if (run.phase === "granted") {
      this.unstarted(run, reason);
      return;
    }
    const { completion = lostCompletion(reason) } = run;
    this.#end(run);
    if (run.origin === "claimed") return;
    this.#outcomes.conclude(run.store, finishedOf(run, completion));
    this.#answer(run, { kind: "lost", reason });
  }

  loseAll(reason: string): void {
    for (const run of this.#all()) this.lose(run, reason);
  }

  loseOverdue(reason: string): void {
    const now = this.#ports.now();
    for (const run of this.#all()) if (now >= run.deadline) this.lose(run, reason);
  }

  /** A run that never left here: who granted it decides anew. */
  unstarted(run: MutableRun, reason: string): void {
    if (run.ended) return;
    this.#release(run);
    this.#remove(run);
    this.#giveBack(run, { kind: "not-ready", reason }, `The activation was not started: ${reason}.`);
  }

  /** Nothing more can be sent. */
  unstartedAll(reason: string): void {
    for (const run of this.#all()) if (run.phase === "granted") this.unstarted(run, reason);
  }

  /** Ends a run that was never sent with an outcome of our own. */
  conclude(run: MutableRun, completion: Completion): void {
    if (run.ended) return;
    this.#release(run);
    this.#remove(run);
    this.#outcomes.conclude(run.store, finishedOf(run, completion));
    this.#answer(run, { kind: "done", completion, endedAt: this.#ports.now() });
  }

  /** Its store or its caller may try elsewhere; where neither can, it ends with an error that says `text`. */
  #giveBack(run: MutableRun, reply: InvokeReply, text: string): void {
    if (run.origin === "durable") this.#outcomes.decline(run.store, [{ id: run.id, attempt: run.attempt }]);
    else if (run.waiters.length > 0) this.#answer(run, reply);
    else this.#outcomes.giveUp(run.store, finishedOf(run, completionOf(internalError(text))), run.invocation);
  }

  // ---- the host's inventory

  beginInventory(): void {
    this.#named = new Set();
  }

  /** A page of the runs the host has. Returns false if it names more than a host can have. */
  found(items: readonly RunningItem[]): boolean {
    if (this.#named.size + items.length > MAX_NAMED) return false;
    for (const item of items) this.#named.add(this.#find(item));
    return true;
  }

  #find(item: RunningItem): TrackedRun {
    const known = this.#runs.get(item.id);
    const same = this.#match(item);
    if (known !== undefined && same === undefined) {
      // The host's word on what runs there stands against ours.
      this.#release(known);
      this.lose(known, "its host runs it under another lease");
      this.#remove(known);
    }
    // Memory 0: it has ended and its record is about to come again.
    const phase = item.memory > 0 ? "running" : "recording";
    if (same === undefined) return this.#adopt(item, phase);
    if (phase === "recording") same.phase = phase;
    return same;
  }

  #adopt(item: RunningItem, phase: "running" | "recording"): TrackedRun {
    const { id, attempt, lease, about } = item;
    const origin = this.#grants.status(item, this.#ports.now()) === "granted" ? "adopted" : "claimed";
    if (origin === "claimed") this.#grants.countStranger();
    const store = storeNameOf(item);
    return this.#add({ id, attempt, lease, about, weight: weightFound(item), store, origin, phase, counted: false });
  }

  /** The inventory is complete: memory is counted anew, by what the host named and by what is on its way there. Returns
   * what the host never got and must be sent again. */
  endInventory({ rebooted, isKept }: { rebooted: boolean; isKept: (id: ActivationId) => boolean }): TrackedRun[] {
    const again: TrackedRun[] = [];
    this.#capacity.clear();
    for (const run of this.#all()) {
      const named = this.#named.has(run);
      run.counted = false;
      if (!named && run.origin === "claimed") {
        this.#remove(run);
        continue;
      }
      if (isKept(run.id)) run.phase = "recording";
      else if (!named && (run.ended || rebooted)) {
        this.lose(run, "its host was restarted");
        this.#remove(run);
        continue;
      } else if (!named && run.origin === "adopted") run.phase = "recording";
      else if (!named && run.phase === "running") again.push(run);
      if (run.phase === "recording") continue;
      this.#capacity.take(run.weight);
      run.counted = true;
    }
    this.beginInventory();
    return again;
  }

  // ---- each change of a run

  #all(): MutableRun[] {
    return [...this.#runs.values()];
  }

  /** The run this word is about, if it speaks under the lease that was granted. */
  #match({ id, attempt, lease }: RunName): MutableRun | undefined {
    const run = this.#runs.get(id);
    if (run === undefined || run.attempt !== attempt) return undefined;
    return run.lease.epoch === lease.epoch && run.lease.counter === lease.counter ? run : undefined;
  }

  /** Gives back its memory, once. */
  #release(run: MutableRun): void {
    if (!run.counted) return;
    run.counted = false;
    this.#crowdedUntil = 0;
    this.#capacity.release(run.weight);
  }

  /** Its outcome is known or given up. */
  #end(run: MutableRun): void {
    if (run.ended) return;
    run.ended = true;
    this.#open--;
  }

  #remove(run: MutableRun): void {
    this.#end(run);
    if (this.#runs.get(run.id) === run) this.#runs.delete(run.id);
  }

  /** The first word says when: the record shows the same times as the answer. */
  #done(run: MutableRun, completion: Completion): InvokeReply {
    run.endedAt ??= this.#ports.now() - completion.endedAgo;
    return { kind: "done", completion, endedAt: run.endedAt };
  }

  #answer(run: MutableRun, reply: InvokeReply): void {
    const { waiters } = run;
    run.waiters = NOBODY;
    for (const waiter of waiters) {
      waiter.cancel();
      waiter.answer(reply);
    }
  }
}
