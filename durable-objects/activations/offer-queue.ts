// Offers on their way to schedulers: rows are marked before they get here; what one scheduler declines goes on to the
// next, and what all decline waits again.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import { needOf, needText } from "../../src/protocol/matching.ts";
import type { Offer, OfferReply, SchedulerName, StoreName } from "../../src/protocol/rpc.ts";
import { within } from "../shared/deadline.ts";
import type { ActivationRows, OfferTarget } from "./activation-rows.ts";
import { choose, type Known, offerTargetOf, readinessOf, type SchedulerReadiness } from "./offers.ts";
import type { StorePorts } from "./ports.ts";

const BATCH_ITEMS = 64;
/** ms for which a mark is as good as new. */
const FRESH_MS = 100;
const BATCH_CHARACTERS = 1_000_000;
/** Calls to one scheduler at a time; what comes meanwhile makes the next batch. */
const MAX_FLYING = 2;
/** ms from one call to a scheduler to the next where nobody waits for the rows: under load an offer carries several. */
const PACE_MS = 4;
/** Marked rows that may queue for one scheduler. */
const MAX_QUEUED = 1_000;
const MAX_KNOWN = 1_000;
/** ms after which a scheduler's answer is not waited for any more. */
const ANSWER_WITHIN_MS = 10_000;
/** Times a row is offered to the same scheduler because that had a new epoch each time. */
const MAX_AGAIN = 3;

export interface Task {
  offer: Offer;
  /** As its row says. */
  target: OfferTarget;
  /** Whom to ask next, in order. */
  rest: readonly SchedulerName[];
  /** Epoch ms at which it began to queue. */
  queued?: number;
  /** Times its scheduler had a new epoch when it came. */
  again?: number;
}

interface Lane {
  queue: Task[];
  flying: number;
  /** Epoch ms from which the next call may leave, and whether somebody wakes up for it. */
  next: number;
  timed: boolean;
}

export interface OfferEvents {
  /** Rows wait again: nobody took them. */
  untaken(): void;
  /** It is not known whether these were taken. */
  unknown(ids: ActivationId[]): void;
}

export class OfferQueue {
  readonly #name: StoreName;
  readonly #rows: ActivationRows;
  readonly #ports: StorePorts;
  readonly #events: OfferEvents;
  readonly #known = new Map<SchedulerName, Known>();
  readonly #lanes = new Map<SchedulerName, Lane>();
  /** Rows that ended while they queued or flew. */
  readonly #ended = new Set<ActivationId>();
  /** How many tasks of each row queue or fly. */
  readonly #busy = new Map<ActivationId, number>();

  constructor(name: StoreName, options: { rows: ActivationRows; ports: StorePorts; events: OfferEvents }) {
    this.#name = name;
    this.#rows = options.rows;
    this.#ports = options.ports;
    this.#events = options.events;
  }

  known(scheduler: SchedulerName): Known | undefined {
    return this.#known.get(scheduler);
  }

  /** `started`: whether anything came of it. */
  learn(scheduler: SchedulerName, word: Omit<Known, "vain" | "at">, started: boolean): void {
    const before = this.#known.get(scheduler);
    if (before === undefined && this.#known.size >= MAX_KNOWN) this.#known.clear();
    const vain = started || word.readiness === "room" ? 0 : (before?.vain ?? 0) + 1;
    this.#known.set(scheduler, { ...word, vain, at: this.#ports.now() });
  }

  /** The first of the candidates worth asking now about rows with this need. */
  choose(candidates: readonly SchedulerName[], need: string): SchedulerName | undefined {
    const open = candidates.filter((name) => (this.#lanes.get(name)?.queue.length ?? 0) < MAX_QUEUED);
    return choose(open, this.#known, { now: this.#ports.now(), waiting: () => this.#rows.queue.has(need) });
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
    if (lane.flying >= MAX_FLYING || lane.queue.length === 0) return;
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
    lane.next = this.#ports.now() + PACE_MS;
    this.#fly(scheduler, lane).catch((error: unknown) => {
      this.#ports.warn(`an offer to ${scheduler} failed: ${String(error)}`);
    });
  }

  async #fly(scheduler: SchedulerName, lane: Lane): Promise<void> {
    lane.flying++;
    const taken = batch(lane.queue);
    try {
      const ready = this.#known.get(scheduler)?.boot ? true : await this.#introduce(scheduler, taken);
      if (ready) await this.#offer(scheduler, taken);
    } finally {
      lane.flying--;
      for (const task of taken) this.#landed(task.offer.invocation.id);
    }
    if (lane.queue.length > 0) this.#leave(scheduler, lane);
    else if (lane.flying === 0 && this.#lanes.size > MAX_KNOWN) this.#lanes.delete(scheduler);
  }

  /** Without those whose rows have moved on while they queued; the rest is marked anew, since a mark counts for seconds
   * only. Writing also stops an incarnation that has been superseded. */
  #current(scheduler: SchedulerName, tasks: Task[], now: number): Task[] {
    if (tasks.every((task) => now - (task.queued ?? 0) < FRESH_MS && !this.#ended.has(task.offer.invocation.id)))
      return tasks;
    const ids = tasks.map((task) => task.offer.invocation.id);
    const attempts = this.#rows.remark(ids, scheduler, now);
    return tasks.filter(({ offer }) => attempts.get(offer.invocation.id) === offer.attempt);
  }

  #landed(id: ActivationId): void {
    const left = (this.#busy.get(id) ?? 1) - 1;
    if (left === 0) {
      this.#busy.delete(id);
      this.#ended.delete(id);
    } else this.#busy.set(id, left);
  }

  /** First contact: the rows' marks must name the host before an offer leaves, or nothing could be concluded from
   * silence. False if there is nobody to offer to; the rows went on. */
  async #introduce(scheduler: SchedulerName, tasks: Task[]): Promise<boolean> {
    let readiness: SchedulerReadiness = "not-ready";
    let host = { epoch: 0, boot: "" };
    try {
      host = await within(this.#ports.after, ANSWER_WITHIN_MS, this.#ports.scheduler(scheduler).holds([]));
    } catch (error) {
      readiness = "silent";
      this.#ports.warn(`${scheduler} did not answer: ${String(error)}`);
    }
    const { epoch, boot } = host;
    if (boot === "") {
      this.learn(scheduler, { epoch, boot, readiness }, false);
      this.#sort(scheduler, tasks, { epoch, boot, accepted: [], room: 0, reason: "not-ready" });
      return false;
    }
    this.learn(scheduler, { epoch, boot, readiness: "room" }, true);
    return true;
  }

  /** The rows' marks name the epoch under which they are offered: under another one they are not taken. */
  #retarget(tasks: readonly Task[], target: OfferTarget): void {
    const other = tasks.filter((task) => task.target.epoch !== target.epoch || task.target.boot !== target.boot);
    if (other.length === 0) return;
    for (const task of other) task.target = target;
    this.#rows.confirm(
      other.map((task) => task.offer.invocation.id),
      target,
    );
  }

  async #offer(scheduler: SchedulerName, taken: Task[]): Promise<void> {
    const target = offerTargetOf(scheduler, this.#known.get(scheduler));
    this.#retarget(taken, target);
    const tasks = this.#current(scheduler, taken, this.#ports.now());
    if (tasks.length === 0) return;
    const { after } = this.#ports;
    let reply: OfferReply;
    try {
      const offers = tasks.map((task) => task.offer);
      const asked = this.#ports.scheduler(scheduler).offer(this.#name, offers, { epoch: target.epoch });
      reply = await within(after, ANSWER_WITHIN_MS, asked);
    } catch (error) {
      this.#ports.warn(`${scheduler} did not answer an offer: ${String(error)}`);
      this.learn(scheduler, { epoch: target.epoch, boot: target.boot, readiness: "silent" }, false);
      this.#events.unknown(tasks.map((task) => task.offer.invocation.id));
      return;
    }
    const { epoch, boot, reason, accepted } = reply;
    this.learn(scheduler, { epoch, boot, readiness: readinessOf(reason) }, accepted.length > 0);
    if (reason === "stale" && boot !== "") this.#again(scheduler, tasks, reply);
    else this.#sort(scheduler, tasks, reply);
  }

  /** A new incarnation was met: the rows are marked for it and offered once more. */
  #again(scheduler: SchedulerName, tasks: readonly Task[], reply: OfferReply): void {
    const fresh = tasks.filter((task) => (task.again ?? 0) < MAX_AGAIN);
    const rest = tasks.filter((task) => (task.again ?? 0) >= MAX_AGAIN);
    if (rest.length > 0) this.#sort(scheduler, rest, reply);
    if (fresh.length === 0) return;
    this.send(
      scheduler,
      fresh.map((task) => ({ ...task, again: (task.again ?? 0) + 1 })),
    );
  }

  /** The rows' marks follow the reply; what was declined goes on. */
  #sort(scheduler: SchedulerName, tasks: readonly Task[], reply: OfferReply): void {
    const { epoch, boot } = reply;
    const accepted = new Set(reply.accepted);
    const moved = tasks
      .filter(
        ({ offer, target }) => accepted.has(offer.invocation.id) && (target.epoch !== epoch || target.boot !== boot),
      )
      .map((task) => task.offer.invocation.id);
    if (moved.length > 0) this.#rows.confirm(moved, { scheduler, epoch, boot });
    if (accepted.size === tasks.length) return;
    const next = new Map<SchedulerName, Task[]>();
    const untaken: { id: ActivationId; attempt: number }[] = [];
    for (const task of tasks) {
      const { id } = task.offer.invocation;
      if (accepted.has(id)) continue;
      const to = this.choose(task.rest, needText(needOf(task.offer.invocation)));
      if (to === undefined) untaken.push({ id, attempt: task.offer.attempt });
      else next.set(to, [...(next.get(to) ?? []), { ...task, rest: task.rest.slice(task.rest.indexOf(to) + 1) }]);
    }
    for (const [to, list] of next) this.#pass(scheduler, to, list);
    if (untaken.length === 0) return;
    const reason = reply.reason === "busy" ? "all hosts that can run it are busy" : "no host that can run it is ready";
    this.#rows.wait(untaken, { scheduler, reason, again: false });
    this.#events.untaken();
  }

  #pass(from: SchedulerName, to: SchedulerName, tasks: readonly Task[]): void {
    const ids = tasks.map((task) => task.offer.invocation.id);
    const target = offerTargetOf(to, this.#known.get(to));
    const moved = new Set(this.#rows.pass(ids, { from, to: target, now: this.#ports.now() }));
    const still = tasks.filter((task) => moved.has(task.offer.invocation.id)).map((task) => ({ ...task, target }));
    if (still.length > 0) this.send(to, still);
  }
}

function batch(queue: Task[]): Task[] {
  let size = 0;
  let count = 0;
  for (const { offer } of queue) {
    const { args } = offer.invocation;
    size += 2_000 + ("inline" in args ? args.inline.length : 0);
    if (count === BATCH_ITEMS || (count > 0 && size > BATCH_CHARACTERS)) break;
    count++;
  }
  return queue.splice(0, count);
}
