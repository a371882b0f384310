// Offers on their way to schedulers: rows are marked before they get here; what one scheduler declines goes on to the next,
// and what all decline waits again.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Offer, OfferReply, SchedulerName, StoreName } from "../../src/protocol/rpc.ts";
import type { Ledger, Mark } from "./ledger.ts";
import { choose, heard, type Known, type Mood, markOf } from "./offers.ts";
import type { StorePorts } from "./ports.ts";

const BATCH_ITEMS = 64;
/** ms for which a mark is as good as new. */
const FRESH = 100;
const BATCH_SIZE = 1_000_000;
/** Calls to one scheduler at a time; what comes meanwhile makes the next batch. */
const MOST_FLYING = 2;
/** ms from one call to a scheduler to the next where nobody waits for the rows: under load an offer carries several. */
const PACE = 4;
/** Marked rows that may queue for one scheduler. */
const MOST_QUEUED = 1_000;
const MOST_KNOWN = 1_000;

export interface Task {
  offer: Offer;
  /** As its row says. */
  mark: Mark;
  /** Whom to ask next, in order. */
  rest: readonly SchedulerName[];
  /** Epoch ms at which it began to queue. */
  queued?: number;
}

interface Lane {
  queue: Task[];
  flying: number;
  /** Epoch ms from which the next call may leave, and whether somebody wakes up for it. */
  next: number;
  timed: boolean;
}

export interface DispatcherEvents {
  /** Rows wait again: nobody took them. */
  untaken(): void;
  /** It is not known whether these were taken. */
  unknown(ids: ActivationId[]): void;
}

export class Dispatcher {
  readonly #name: StoreName;
  readonly #ledger: Ledger;
  readonly #ports: StorePorts;
  readonly #events: DispatcherEvents;
  readonly #known = new Map<SchedulerName, Known>();
  readonly #lanes = new Map<SchedulerName, Lane>();
  /** Rows that ended while they queued or flew. */
  readonly #ended = new Set<ActivationId>();
  /** How many tasks of each row queue or fly. */
  readonly #busy = new Map<ActivationId, number>();

  constructor(name: StoreName, options: { ledger: Ledger; ports: StorePorts; events: DispatcherEvents }) {
    this.#name = name;
    this.#ledger = options.ledger;
    this.#ports = options.ports;
    this.#events = options.events;
  }

  known(scheduler: SchedulerName): Known | undefined {
    return this.#known.get(scheduler);
  }

  learn(scheduler: SchedulerName, known: Known): void {
    if (!this.#known.has(scheduler) && this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(scheduler, known);
  }

  /** The first of the candidates worth asking now. */
  choose(candidates: readonly SchedulerName[]): SchedulerName | undefined {
    const open = candidates.filter((name) => (this.#lanes.get(name)?.queue.length ?? 0) < MOST_QUEUED);
    return choose(open, this.#known, { now: this.#ports.now(), waiting: this.#ledger.waiting });
  }

  /** Whether an offer of this row is on its way: what its scheduler says of it meanwhile proves nothing. */
  isBusy(id: ActivationId): boolean {
    return this.#busy.has(id);
  }

  /** It has its record, by whatever road: an offer that has not left must not. */
  ended(id: ActivationId): void {
    if (this.#busy.has(id)) this.#ended.add(id);
  }

  /** Offers rows that are marked for this scheduler. */
  send(scheduler: SchedulerName, tasks: readonly Task[]): void {
    let lane = this.#lanes.get(scheduler);
    if (lane === undefined) {
      lane = { queue: [], flying: 0, next: 0, timed: false };
      this.#lanes.set(scheduler, lane);
    }
    const now = this.#ports.now();
    for (const task of tasks) {
      const { id } = task.offer.invocation;
      this.#busy.set(id, (this.#busy.get(id) ?? 0) + 1);
      lane.queue.push({ ...task, queued: now });
    }
    this.#leave(scheduler, lane);
  }

  /** The next batch, if it is time. */
  #leave(scheduler: SchedulerName, lane: Lane): void {
    if (lane.flying >= MOST_FLYING || lane.queue.length === 0) return;
    const early = lane.next - this.#ports.now();
    const urgent = lane.queue.length >= BATCH_ITEMS || lane.queue.some((task) => task.offer.invocation.blocking);
    if (early > 0 && !urgent) {
      if (lane.timed) return;
      lane.timed = true;
      this.#ports.after(early, () => {
        lane.timed = false;
        this.#leave(scheduler, lane);
      });
      return;
    }
    lane.next = this.#ports.now() + PACE;
    this.#fly(scheduler, lane).catch((error: unknown) => {
      this.#ports.warn(`an offer to ${scheduler} failed: ${String(error)}`);
    });
  }

  async #fly(scheduler: SchedulerName, lane: Lane): Promise<void> {
    lane.flying++;
    const taken = batch(lane.queue);
    try {
      const ready = taken.every((task) => task.mark.boot !== "") || (await this.#introduce(scheduler, taken));
      if (ready) await this.#offer(scheduler, taken);
    } finally {
      lane.flying--;
      for (const task of taken) this.#landed(task.offer.invocation.id);
    }
    if (lane.queue.length > 0) this.#leave(scheduler, lane);
    else if (lane.flying === 0 && this.#lanes.size > MOST_KNOWN) this.#lanes.delete(scheduler);
  }

  /** Without those whose rows have moved on while they queued; the rest is marked anew, since a mark counts for seconds only.
   * Writing also stops an incarnation that has been superseded. */
  #current(scheduler: SchedulerName, tasks: Task[], now: number): Task[] {
    if (tasks.every((task) => now - (task.queued ?? 0) < FRESH && !this.#ended.has(task.offer.invocation.id)))
      return tasks;
    const ids = tasks.map((task) => task.offer.invocation.id);
    const attempts = this.#ledger.remark(ids, scheduler, now);
    return tasks.filter(({ offer }) => attempts.get(offer.invocation.id) === offer.attempt);
  }

  #landed(id: ActivationId): void {
    const left = (this.#busy.get(id) ?? 1) - 1;
    if (left === 0) {
      this.#busy.delete(id);
      this.#ended.delete(id);
    } else this.#busy.set(id, left);
  }

  /** First contact: the rows' marks must name the host before an offer leaves, or nothing could be concluded from silence.
   * False if there is nobody to offer to; the rows went on. */
  async #introduce(scheduler: SchedulerName, tasks: Task[]): Promise<boolean> {
    let mood: Mood = "not-ready";
    let host = { epoch: 0, boot: "" };
    try {
      host = await this.#ports.scheduler(scheduler).holds([]);
    } catch (error) {
      mood = "silent";
      this.#ports.warn(`${scheduler} did not answer: ${String(error)}`);
    }
    const { epoch, boot } = host;
    if (boot === "") {
      this.learn(scheduler, { epoch, boot, mood, at: this.#ports.now() });
      this.#sort(scheduler, tasks, { epoch, boot, accepted: [], room: 0, reason: "not-ready" });
      return false;
    }
    const mark = { scheduler, epoch, boot };
    for (const task of tasks) task.mark = mark;
    this.#ledger.confirm(
      tasks.map((task) => task.offer.invocation.id),
      mark,
    );
    return true;
  }

  async #offer(scheduler: SchedulerName, taken: Task[]): Promise<void> {
    const at = this.#ports.now();
    const tasks = this.#current(scheduler, taken, at);
    if (tasks.length === 0) return;
    let reply: OfferReply;
    try {
      const offers = tasks.map((task) => task.offer);
      reply = await this.#ports.scheduler(scheduler).offer(this.#name, offers, { at });
    } catch (error) {
      this.#ports.warn(`${scheduler} did not answer an offer: ${String(error)}`);
      const mark = markOf(scheduler, this.#known.get(scheduler));
      this.learn(scheduler, { ...mark, mood: "silent", at: this.#ports.now() });
      this.#events.unknown(tasks.map((task) => task.offer.invocation.id));
      return;
    }
    this.learn(scheduler, heard(reply, this.#ports.now()));
    this.#sort(scheduler, tasks, reply);
  }

  /** The rows' marks follow the reply; what was declined goes on. */
  #sort(scheduler: SchedulerName, tasks: readonly Task[], reply: OfferReply): void {
    const { epoch, boot } = reply;
    const accepted = new Set(reply.accepted);
    const moved = tasks
      .filter(({ offer, mark }) => accepted.has(offer.invocation.id) && (mark.epoch !== epoch || mark.boot !== boot))
      .map((task) => task.offer.invocation.id);
    if (moved.length > 0) this.#ledger.confirm(moved, { scheduler, epoch, boot });
    if (accepted.size === tasks.length) return;
    const next = new Map<SchedulerName, Task[]>();
    const untaken: { id: ActivationId; attempt: number }[] = [];
    for (const task of tasks) {
      const { id } = task.offer.invocation;
      if (accepted.has(id)) continue;
      const to = this.choose(task.rest);
      if (to === undefined) untaken.push({ id, attempt: task.offer.attempt });
      else next.set(to, [...(next.get(to) ?? []), { ...task, rest: task.rest.slice(task.rest.indexOf(to) + 1) }]);
    }
    for (const [to, list] of next) this.#pass(scheduler, to, list);
    if (untaken.length === 0) return;
    const reason = reply.reason === "not-ready" ? "no host is ready" : "all hosts are busy";
    this.#ledger.wait(untaken, { scheduler, reason, again: false });
    this.#events.untaken();
  }

  #pass(from: SchedulerName, to: SchedulerName, tasks: readonly Task[]): void {
    const ids = tasks.map((task) => task.offer.invocation.id);
    const mark = markOf(to, this.#known.get(to));
    const moved = new Set(this.#ledger.pass(ids, { from, to: mark, now: this.#ports.now() }));
    const still = tasks.filter((task) => moved.has(task.offer.invocation.id)).map((task) => ({ ...task, mark }));
    if (still.length > 0) this.send(to, still);
  }
}

function batch(queue: Task[]): Task[] {
  let size = 0;
  let count = 0;
  for (const { offer } of queue) {
    const { args } = offer.invocation;
    size += 2_000 + ("inline" in args ? args.inline.length : 0);
    if (count === BATCH_ITEMS || (count > 0 && size > BATCH_SIZE)) break;
    count++;
  }
  return queue.splice(0, count);
}
