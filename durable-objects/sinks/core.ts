// The sinks of one namespace: what stores hand over waits here until its sink has it, or it is given up. An incarnation
// of the object is one SinksCore; all that matters is in its database.

import type { SinkAnswer, SinkRefusal, SinkSettings } from "../../src/entities/sink.ts";
import { verdictOf } from "../../src/events/sink-policy.ts";
import type { DeadLetter, SinkEvent, SinkOf, SinkView } from "../../src/protocol/sinks.ts";
import { Alarm } from "../shared/alarm.ts";
import { ANSWER_WITHIN_MS, within } from "../shared/deadline.ts";
import type { Database } from "../shared/schema.ts";
import type { SinksPorts } from "./ports.ts";
import { type KeptSink, type QueuedEvent, SinkRows } from "./sink-rows.ts";

/** Sinks of a namespace. */
export const MAX_SINKS = 100;
/** Requests on their way: of the namespace, whose outbound requests are bounded as well, and of one sink. */
const WIDTH = 4;
const WIDTH_OF_SINK = 2;
/** ms after which what is on its way is looked after, should its answer be lost with the incarnation. */
const LOOK_AGAIN_MS = 15_000;

export class SinksCore {
  readonly #ports: SinksPorts;
  readonly #rows: SinkRows;
  readonly #alarm: Alarm;
  /** Numbers of sinks by the rows that are on their way to them. */
  readonly #flying = new Map<number, number>();

  constructor(options: { database: Database; ports: SinksPorts }) {
    this.#ports = options.ports;
    this.#rows = new SinkRows(options.database);
    this.#alarm = new Alarm(options.ports, async () => this.#round(), { slackMs: 0 });
    // The alarm an earlier incarnation set may be lost.
    this.#arm();
  }

  async put(
    of: SinkOf,
    settings: SinkSettings,
    { namespace, shards }: { namespace: KeptSink["namespace"]; shards: number },
  ): Promise<boolean> {
    const others = this.#rows.all().filter(({ kind, name }) => kind !== of.kind || name !== of.name);
    if (others.length >= MAX_SINKS) return false;
    // First the stores: what they hand over for a sink that is not there is nobody's.
    await this.#tell([...others, of], { namespace, shards });
    this.#rows.put(of, settings, { namespace, now: this.#ports.now() });
    this.#round();
    return true;
  }

  async remove(of: SinkOf, { shards }: { shards: number }): Promise<boolean> {
    const sink = this.#rows.find(of);
    if (sink === null) return false;
    this.#rows.remove(sink.number);
    await this.#tell(this.#rows.all(), { namespace: sink.namespace, shards });
    return true;
  }

  views(): SinkView[] {
    return this.#rows.views(this.#ports.now());
  }

  letters(of: SinkOf, page: { limit: number; skip: number }): DeadLetter[] {
    const sink = this.#rows.find(of);
    return sink === null ? [] : this.#rows.letters(sink.number, page);
  }

  again(of: SinkOf, ids: string[] | null): number {
    const sink = this.#rows.find(of);
    const count = sink === null ? 0 : this.#rows.again(sink.number, ids, this.#ports.now());
    this.#round();
    return count;
  }

  take(events: SinkEvent[]): void {
    this.#rows.take(events, this.#ports.now());
    this.#round();
  }

  wake(): void {
    this.#round();
  }

  /** The object's alarm. Safe to run at any time and twice. */
  async alarm(): Promise<void> {
    await this.#alarm.run();
  }

  async #tell(
    all: readonly SinkOf[],
    { namespace, shards }: { namespace: KeptSink["namespace"]; shards: number },
  ): Promise<void> {
    const these = all.map(({ kind, name }) => ({ kind, name }));
    const numbers = Array.from({ length: shards }, (_, shard) => shard);
    await Promise.all(numbers.map((shard) => this.#ports.store(namespace.uuid, shard).follow(these)));
  }

  #arm(): void {
    const next = this.#rows.next([...this.#flying.keys()]);
    const look = this.#flying.size === 0 ? Number.POSITIVE_INFINITY : this.#ports.now() + LOOK_AGAIN_MS;
    // What is due while all ways are taken has its turn when one comes back.
    this.#alarm.wakeAt(Math.min(look, this.#flying.size >= WIDTH ? look : Math.max(next, this.#blockedUntil(next))));
  }

  /** What is due and has no way free goes when one of its own sink's comes back. */
  #blockedUntil(next: number): number {
    const now = this.#ports.now();
    return this.#flying.size > 0 && next <= now ? now + LOOK_AGAIN_MS : next;
  }

  #round(): void {
    const now = this.#ports.now();
    for (const sink of this.#rows.all()) {
      const own = [...this.#flying].flatMap(([seq, number]) => (number === sink.number ? [seq] : []));
      const max = Math.min(WIDTH - this.#flying.size, WIDTH_OF_SINK - own.length);
      if (sink.stopped !== "" || max <= 0) continue;
      for (const waiting of this.#rows.due(sink.number, { now, busy: own, max })) {
        this.#flying.set(waiting.seq, sink.number);
        this.#fly(sink, waiting).catch((error: unknown) => this.#ports.warn(`a delivery failed: ${String(error)}`));
      }
    }
    this.#arm();
  }

  async #fly(sink: KeptSink, waiting: QueuedEvent): Promise<void> {
    try {
      this.#landed(sink, waiting, await this.#send(sink, waiting));
    } finally {
      this.#flying.delete(waiting.seq);
      this.#round();
    }
  }

  async #send({ namespace, settings }: KeptSink, { event, dead }: QueuedEvent): Promise<SinkAnswer> {
    try {
      const answer = this.#ports.worker.deliver(namespace, settings, event, dead);
      return await within(this.#ports.after, ANSWER_WITHIN_MS, answer);
    } catch (error) {
      return { kind: "none", reason: `the platform could not be asked: ${String(error)}`, permanent: false };
    }
  }

  #landed(sink: KeptSink, waiting: QueuedEvent, answer: SinkAnswer): void {
    const now = this.#ports.now();
    const tries = waiting.tries + 1;
    const verdict = verdictOf(sink.settings, { tries, answer, now });
    const { number, settings } = sink;
    if (verdict.kind === "again") this.#rows.later(waiting.seq, { due: now + verdict.inMs, tries });
    else if (waiting.dead !== null) this.#landedDead(sink, waiting, { dead: waiting.dead, answer });
    else if (verdict.kind === "done") this.#rows.delivered(number, waiting.seq);
    else if (verdict.kind === "stop") this.#rows.stop(number, verdict.reason);
    else if (settings.deadLetterSink !== undefined) {
      this.#rows.passOn(waiting.seq, { tries, code: verdict.code, data: verdict.data }, now);
    } else this.#rows.bury(number, { ...waiting, tries }, { now, code: verdict.code, data: verdict.data });
  }

  /** What the dead letter sink does not take either is kept, with how its own sink refused it. */
  #landedDead(
    { number }: KeptSink,
    waiting: QueuedEvent,
    { dead, answer }: { dead: SinkRefusal; answer: SinkAnswer },
  ): void {
    const isTaken = answer.kind === "answer" && answer.status >= 200 && answer.status < 300;
    if (isTaken) this.#rows.passedOn(number, waiting.seq);
    else if (answer.kind === "barred") this.#rows.stop(number, answer.reason);
    else {
      const { tries, code, data } = dead;
      this.#rows.bury(number, { ...waiting, tries }, { now: this.#ports.now(), code, data });
    }
  }
}
