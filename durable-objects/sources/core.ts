// The feeds of one namespace's sources: read, and fired for what was read. An incarnation of the object is one
// SourcesCore; all that matters is in its database. What is read is kept together with how far was read; a fire's id
// follows from what is kept, so that firing again changes nothing.

import { eventActivationId } from "../../src/entities/activation-id.ts";
import { hexOf, sha256 } from "../../src/entities/sha256.ts";
import {
  isPolled,
  type ObjectStoreFeed,
  type SourceEvent,
  type SourceView,
  sourceOf,
} from "../../src/entities/source.ts";
import {
  eventFault,
  messageEvent,
  notificationEvent,
  objectChanges,
  rowEvent,
} from "../../src/events/source-events.ts";
import {
  begunSource,
  type EventOutcome,
  fired,
  notPolled,
  polled,
  refusalOf,
  rejectedOf,
  resumedSource,
} from "../../src/events/source-state.ts";
import type { SlotFire, SlotFired } from "../../src/protocol/schedule.ts";
import type { PutSource, SourceRead, TakenMessage } from "../../src/protocol/sources.ts";
import { Alarm } from "../shared/alarm.ts";
import { ANSWER_WITHIN_MS, within } from "../shared/deadline.ts";
import type { Database } from "../shared/schema.ts";
import type { SourcesPorts } from "./ports.ts";
import { type KeptSource, SourceRows, type WaitingEvent } from "./source-rows.ts";

/** Feeds of a namespace. */
export const MAX_FEEDS = 100;
/** Of one feed: messages that wait, and objects that are known. */
export const MAX_WAITING = 1_000;
export const MAX_OBJECTS = 10_000;
/** Feeds that are read, or whose events are fired, at a time. */
const WIDTH = 8;
/** Events that are fired together, and characters of their payloads. */
const MAX_BATCH = 50;
const MAX_BATCH_CHARACTERS = 4 * 1024 * 1024;
/** ms after which what is under way is looked after, should its answer be lost with the incarnation. */
const LOOK_AGAIN_MS = 15_000;
/** ms until a feed whose round failed is tried again. */
const FAILED_MS = 5_000;
/** Words of a digest that make the random part of an id. */
const ID_WORDS = 5;

export class SourcesCore {
  readonly #ports: SourcesPorts;
  readonly #rows: SourceRows;
  readonly #alarm: Alarm;
  /** Names of feeds that are read or fired. */
  readonly #flying = new Set<string>();

  constructor(options: { database: Database; ports: SourcesPorts }) {
    this.#ports = options.ports;
    this.#rows = new SourceRows(options.database);
    this.#alarm = new Alarm(options.ports, async () => this.#round(), { slackMs: 0 });
    // The alarm an earlier incarnation set may be lost.
    this.#arm();
  }

  put({ trigger, feed, cursor, revision, ...head }: PutSource): "put" | "full" | "changed" {
    const old = this.#rows.get(trigger);
    const now = this.#ports.now();
    if (revision !== undefined && old?.revision !== revision) return "changed";
    if (old === null && this.#rows.count >= MAX_FEEDS) return "full";
    const isChange = old !== null && revision !== undefined;
    const id = isChange ? old.id : this.#ports.fresh();
    const state = isChange ? resumedSource(feed, old.state, now) : begunSource(feed, { cursor, now });
    const paused = isChange && old.state.paused;
    const { namespace, apiHost, shards } = isChange ? { ...head, shards: old.shards } : head;
    this.#rows.put({
      ...{ name: trigger, id, revision: this.#ports.fresh(), feed, namespace, apiHost, shards },
      state: { ...state, paused },
    });
    this.#round();
    return "put";
  }

  find(trigger: string): { view: SourceView; revision: string } | null {
    const found = this.#rows.get(trigger);
    if (found === null) return null;
    const { id, feed, state, revision } = found;
    const {
      paused,
      stopped,
      blocked,
      cursor,
      lastPoll,
      nextPoll,
      fired: count,
      idle,
      rejected,
      lastError,
      created,
    } = state;
    return {
      revision,
      view: {
        ...{
          feed,
          paused,
          stopped,
          blocked,
          cursor,
          lastPoll,
          nextPoll,
          fired: count,
          idle,
          rejected,
          lastError,
          created,
        },
        known: this.#rows.knownCount(id),
        waiting: this.#rows.waitingCount(id),
      },
    };
  }

  pause(trigger: string, on: boolean): boolean {
    const source = this.#rows.get(trigger);
    if (source === null) return false;
    const { feed, state } = source;
    const next = on ? { ...state, paused: true } : resumedSource(feed, state, this.#ports.now());
    this.#rows.put({ ...source, revision: this.#ports.fresh(), state: next });
    this.#round();
    return true;
  }

  remove(trigger: string): boolean {
    return this.#rows.remove(trigger);
  }

  take(queue: string, messages: readonly TakenMessage[]): ("taken" | "again")[] {
    const now = this.#ports.now();
    const feeds = this.#rows
      .all()
      .filter(({ feed, state }) => isOfQueue(feed, queue) && !state.paused && state.stopped === "");
    if (feeds.length === 0) return messages.map(() => "again");
    const room = Math.min(...feeds.map(({ id }) => MAX_WAITING - this.#rows.waitingCount(id)));
    const taken = messages.slice(0, Math.max(0, room));
    for (const source of feeds) {
      const made = taken.map((message) => ({ at: message.at, event: eventOf(source, queue, message) }));
      const faults = made.flatMap(({ event }) => (typeof event === "string" ? [event] : []));
      const events = made.flatMap(({ event, at }) =>
        event === null || typeof event === "string" ? [] : [{ ...event, at }],
      );
      this.#rows.add({ ...source, state: rejectedOf(source.state, faults, now) }, events);
    }
    this.#round();
    return messages.map((_, at) => (at < taken.length ? "taken" : "again"));
  }

  /** Whoever looks after lost alarms asks. */
  wake(): void {
    this.#round();
  }

  /** The object's alarm. Safe to run at any time and twice. */
  async alarm(): Promise<void> {
    await this.#alarm.run();
  }

  #arm(): void {
    const now = this.#ports.now();
    const next = this.#rows.next([...this.#flying]);
    const look = this.#flying.size === 0 ? Number.POSITIVE_INFINITY : now + LOOK_AGAIN_MS;
    // What is due while all ways are taken has its turn when one comes back.
    this.#alarm.wakeAt(Math.min(look, this.#flying.size >= WIDTH ? look : next));
  }

  #round(): void {
    const max = WIDTH - this.#flying.size;
    const due = max <= 0 ? [] : this.#rows.due(this.#ports.now(), { busy: [...this.#flying], max });
    for (const source of due) {
      this.#flying.add(source.name);
      void this.#fly(source);
    }
    this.#arm();
  }

  async #fly(source: KeptSource): Promise<void> {
    let failed = false;
    try {
      const batch = this.#rows.waiting(source.id, { max: MAX_BATCH, characters: MAX_BATCH_CHARACTERS });
      await (batch.length > 0 ? this.#fire(source, batch) : this.#poll(source));
    } catch (error) {
      failed = true;
      this.#ports.warn(`the feed of ${source.name} failed: ${String(error)}`);
    }
    const again = () => {
      this.#flying.delete(source.name);
      this.#round();
    };
    if (failed) this.#ports.after(FAILED_MS, again);
    else again();
  }

  async #fire(source: KeptSource, batch: readonly WaitingEvent[]): Promise<void> {
    const slots = batch.map((event) => slotOf(source, event));
    let outcomes: SlotFired[];
    try {
      const fired = this.#ports.worker.fireSlots(source.namespace, slots);
      outcomes = await within(this.#ports.after, ANSWER_WITHIN_MS, fired);
    } catch (error) {
      const text = `the platform could not be asked: ${String(error)}`;
      outcomes = batch.map(() => ({ kind: "unknown", text }));
    }
    const kept = this.#rows.get(source.name);
    // Deleted meanwhile, and perhaps made anew.
    if (kept === null || kept.id !== source.id) return;
    const known = batch.map((_, at) => outcomeOf(outcomes[at]));
    const { state, done } = fired(kept.state, known, this.#ports.now());
    this.#rows.settle(
      { ...kept, state },
      batch.filter((_, at) => done[at]).map(({ seq }) => seq),
    );
  }

  async #poll(source: KeptSource): Promise<void> {
    const { name, id, namespace, feed, state, revision } = source;
    if (!isPolled(feed)) return;
    const { cursor, after } = state;
    let read: SourceRead;
    try {
      const asked = this.#ports.worker.readSource({ namespace, trigger: name, feed, cursor, after });
      read = await within(this.#ports.after, ANSWER_WITHIN_MS, asked);
    } catch (error) {
      read = { kind: "failed", text: `the source could not be read: ${String(error)}` };
    }
    const kept = this.#rows.get(name);
    // Changed meanwhile: it is read anew, from where it was.
    if (kept === null || kept.id !== id || kept.revision !== revision) return;
    this.#advance(kept, read);
  }

  #advance(source: KeptSource, read: SourceRead): void {
    const now = this.#ports.now();
    const { feed, state } = source;
    if (!isPolled(feed)) return;
    if (read.kind === "blocked" || read.kind === "failed" || read.kind === "gone") {
      this.#rows.settle({ ...source, state: notPolled(feed, state, { ...read, now }) }, []);
      return;
    }
    const next = polled(feed, state, { now, more: read.more });
    if (read.kind === "rows" && feed.kind === "database") {
      const made = split(read.rows.map(({ value, row }) => rowEvent(feed, value, row)));
      const cursor = read.rows.at(-1)?.value ?? state.cursor;
      this.#rows.advance({ ...source, state: { ...rejectedOf(next, made.faults, now), cursor } }, { ...made, at: now });
    } else if (read.kind === "objects" && feed.kind === "objectstore") {
      this.#list({ ...source, state: next }, feed, read);
    } else throw new Error(`a feed of kind ${feed.kind} was answered with ${read.kind}`);
  }

  #list(source: KeptSource, feed: ObjectStoreFeed, { objects, more }: Extract<SourceRead, { kind: "objects" }>): void {
    const now = this.#ports.now();
    const { id, state } = source;
    const last = more ? (objects.at(-1)?.key ?? null) : null;
    const known = this.#rows.known(id, state.after, last);
    const since = state.listed || feed.deliver === "all" ? Number.NEGATIVE_INFINITY : state.created;
    const { put, gone, events } = objectChanges(feed, { known, listed: objects, since, now });
    const isTooMuch = this.#rows.knownCount(id) - known.size + objects.length > MAX_OBJECTS;
    if (isTooMuch) {
      const text = `the bucket has more than ${MAX_OBJECTS} objects with this prefix: let its notifications come through a queue`;
      this.#rows.settle({ ...source, state: { ...state, stopped: text, lastError: { text, at: now } } }, []);
      return;
    }
    const made = split(events);
    const place = last === null ? { after: "", listed: true } : { after: last };
    this.#rows.advance(
      { ...source, state: { ...rejectedOf(state, made.faults, now), ...place } },
      { events: made.events, at: now, put, gone },
    );
  }
}

/** Those that can fire, and why others never can. */
function split(events: readonly SourceEvent[]): { events: SourceEvent[]; faults: string[] } {
  const faults = events.map(eventFault);
  return { events: events.filter((_, at) => faults[at] === null), faults: faults.filter((each) => each !== null) };
}

function isOfQueue(feed: KeptSource["feed"], queue: string): boolean {
  const { kind, name } = sourceOf(feed);
  return kind === "queue" && name === queue;
}

/** Null: not what the feed wants to hear. A text: why it can never fire. */
function eventOf({ feed }: KeptSource, queue: string, message: TakenMessage): SourceEvent | null | string {
  const event = feed.kind === "objectstore" ? notificationEvent(feed, queue, message) : messageEvent(queue, message);
  return event === null || typeof event === "string" ? event : (eventFault(event) ?? event);
}

/** The id says what it is for: asked again, it is the same. */
function slotOf({ id, name, shards, apiHost }: KeptSource, { key, at, payload }: WaitingEvent): SlotFire {
  const shard = Number.parseInt(hexOf(sha256(`${id}\0${key}`), 1), 16) % shards;
  const activation = eventActivationId(hexOf(sha256(`${id}\0${key}\0${at}`), ID_WORDS), { now: at, shard });
  return { id: activation, slot: at, trigger: name, payload, apiHost, follow: false };
}

function outcomeOf(outcome: SlotFired | undefined): EventOutcome {
  switch (outcome?.kind) {
    case "accepted":
      return { kind: "fired" };
    case "idle":
      return { kind: "idle" };
    case "refused":
      return refusalOf(outcome);
    case "barred":
      return { kind: "barred", text: outcome.text };
    case "unknown":
      return { kind: "again", text: outcome.text };
    default:
      return { kind: "again", text: "it is not known whether it was fired" };
  }
}
