// One Sources object in a world of its own: incarnations that die between a read and its fires, or live on beside the
// next one, alarms that are lost, answers that are lost or slow; and the judge of it: each row, version of an object
// and message fires once.

import { SourcesCore } from "../../../durable-objects/sources/core.ts";
import { DatabaseFeed, type ListedObject, ObjectStoreFeed, type SourceFeed } from "../../../src/entities/source.ts";
import type { SlotFire, SlotFired } from "../../../src/protocol/schedule.ts";
import type { ReadSource, SourceRead, TakenMessage } from "../../../src/protocol/sources.ts";
import type { Owner } from "../machine/kernel.ts";
import { type Incarnation, type LoneOutcome, LoneWorld, runLone } from "./lone.ts";

const LENGTH_MS = 400_000;
/** From here on nothing goes wrong and nothing comes any more. */
const CALM_MS = 200_000;
/** A version of an object that is there so long (ms) is seen, however often a look comes to nothing. */
const SEEN_MS = 120_000;
/** Objects of one page of a list. */
const PAGE = 3;

const FEEDS: readonly SourceFeed[] = [
  DatabaseFeed.parse({ kind: "database", database: "D", table: "t", cursor: "id", interval: 10, maxRows: 7 }),
  ObjectStoreFeed.parse({ kind: "objectstore", bucket: "B", interval: 10, deliver: "all" }),
  { kind: "queue", queue: "q" },
];

/** A version of an object; times are ms after the beginning. */
interface Version {
  key: string;
  version: string;
  since: number;
  until: number;
}

class SourcedWorld extends LoneWorld<SourcesCore> {
  /** Payloads, by the ids of their activations. */
  readonly store = new Map<string, string>();
  readonly #versions: Version[] = [];
  readonly #objects = new Map<string, ListedObject & { about: Version }>();
  readonly #messages: string[] = [];
  #rows = 0;
  #names = 0;

  constructor(seed: number) {
    super(seed, { calmMs: CALM_MS });
  }

  async run(): Promise<LoneOutcome> {
    const { kernel, random } = this;
    for (const feed of FEEDS) this.later(random.ms(0, 5_000), () => this.#create(feed));
    this.sweep();
    this.later(random.ms(5_000, 20_000), () => this.#fault());
    this.later(1, () => this.#come());
    await kernel.run(LENGTH_MS);
    this.#judge();
    this.outcome.fires = this.store.size;
    return this.outcome;
  }

  #create(feed: SourceFeed): void {
    const about = { namespace: { name: "ns", uuid: "uuid" }, apiHost: "", shards: 4, cursor: null };
    this.live().core.put({ trigger: feed.kind, feed, ...about });
  }

  /** Something comes to one of the sources. */
  #come(): void {
    if (this.calm) return;
    const { random } = this;
    const kind = random.int(0, 3);
    if (kind === 0) this.#rows += random.int(1, 30);
    else if (kind === 1) {
      const id = `m${this.#names++}`;
      this.#messages.push(id);
      this.#send({ id, at: this.kernel.now, body: `{"id":"${id}"}` });
    } else this.#write(`k${random.int(0, 9)}`, kind === 2);
    this.later(random.ms(100, 5_000), () => this.#come());
  }

  #write(key: string, isThere: boolean): void {
    const { now, elapsed } = this.kernel;
    const before = this.#objects.get(key);
    if (before !== undefined) before.about.until = elapsed;
    this.#objects.delete(key);
    if (!isThere) return;
    const version = `v${this.#names++}`;
    const about = { key, version, since: elapsed, until: Number.POSITIVE_INFINITY };
    this.#versions.push(about);
    this.#objects.set(key, { key, version, size: 1, etag: version, uploaded: now, about });
  }

  /** As the queue does: until it is taken, and again where the answer is lost. */
  #send(message: TakenMessage): void {
    const { random } = this;
    const [taken] = this.live().core.take("q", [message]);
    const isLost = !this.calm && random.chance(0.1);
    if (taken !== "taken" || isLost) this.later(random.ms(1_000, 20_000), () => this.#send(message));
  }

  #fault(): void {
    if (this.calm) return;
    const { random } = this;
    if (this.object !== null) {
      this.outcome.deaths++;
      if (random.chance(0.5)) this.die();
      else this.supersede();
    }
    this.later(random.ms(200, 20_000), () => this.#fault());
  }

  protected skew(): number {
    return 0;
  }

  protected coreOf(
    owner: Incarnation<SourcesCore>,
    { database, ports }: Parameters<LoneWorld<SourcesCore>["coreOf"]>[1],
  ): SourcesCore {
    return new SourcesCore({
      database,
      ports: {
        ...ports,
        // One that is superseded does nothing more.
        after: (ms, run) => ports.after(ms, () => owner.superseded || run()),
        fresh: () => `f${this.#names++}`,
        worker: {
          fireSlots: (_, slots) => this.#fireSlots(owner, slots),
          readSource: (asked) => this.#answered(owner, () => this.#read(asked)),
        },
      },
    });
  }

  /** What is asked is done or not, and the answer is lost, late, or comes at once. */
  #answered<T>(owner: Owner, work: () => T): Promise<T> {
    const { kernel, random } = this;
    const fate = this.calm ? 1 : random.next();
    const delay = fate < 0.4 ? random.ms(1_000, 8_000) : random.ms(1, 30);
    const reply = Promise.withResolvers<T>();
    let done: T | undefined;
    kernel.after(delay / 2, this.outside, () => {
      if (fate >= 0.05) done = work();
    });
    kernel.after(delay, owner, () => {
      if (fate >= 0.15 && done !== undefined) return reply.resolve(done);
      this.outcome.lostAnswers++;
      reply.reject(new Error("lost"));
    });
    return reply.promise;
  }

  #fireSlots(owner: Owner, slots: readonly SlotFire[]): Promise<SlotFired[]> {
    return this.#answered(owner, () => {
      // Some are refused for now; of some nobody knows whether they came through.
      return slots.map(({ id, payload }): SlotFired => {
        const fate = this.calm ? 1 : this.random.next();
        if (fate < 0.1) return { kind: "refused", statusCode: 429, text: "too many" };
        if (fate >= 0.15) this.store.set(id, payload);
        return fate < 0.2 ? { kind: "unknown", text: "lost" } : { kind: "accepted" };
      });
    });
  }

  #read({ feed, cursor, after }: ReadSource): SourceRead {
    if (feed.kind === "database") {
      const from = Number(cursor ?? "0") + 1;
      const ids = Array.from({ length: Math.max(0, this.#rows - from + 1) }, (_, at) => String(from + at));
      const rows = ids.slice(0, feed.maxRows).map((id) => ({ value: id, row: [["id", id] as const] }));
      return { kind: "rows", rows, more: ids.length > rows.length };
    }
    const found = [...this.#objects.values()]
      .filter(({ key }) => key > after)
      .sort((one, other) => (one.key < other.key ? -1 : 1));
    const objects = found.slice(0, PAGE).map(({ about: _, ...object }) => object);
    return { kind: "objects", objects, more: found.length > objects.length };
  }

  #judge(): void {
    const { violations } = this.outcome;
    const told = new Map<string, number>();
    for (const payload of this.store.values()) {
      const { row, id, event, key, etag } = JSON.parse(payload);
      const what = row === undefined ? (id === undefined ? `${event} ${key} ${etag ?? ""}` : id) : `row ${row.id}`;
      told.set(what, (told.get(what) ?? 0) + 1);
    }
    const once = (what: string) => {
      const count = told.get(what) ?? 0;
      if (count !== 1) violations.push(`${what} fired ${count} times`);
    };
    for (let id = 1; id <= this.#rows; id++) once(`row ${id}`);
    for (const id of this.#messages) once(id);
    for (const { key, version, since, until } of this.#versions) {
      const what = `created ${key} ${version}`;
      if (until - since >= SEEN_MS || (told.get(what) ?? 0) > 0) once(what);
    }
    for (const key of new Set(this.#versions.map((each) => each.key))) {
      const ends = this.#versions.filter((each) => each.key === key && each.until !== Number.POSITIVE_INFINITY);
      const isThere = this.#objects.has(key);
      const deleted = told.get(`deleted ${key} `) ?? 0;
      if (deleted > ends.length) violations.push(`${key} was deleted ${deleted} times of ${ends.length}`);
      const wasSeen = this.#versions.some((each) => each.key === key && each.until - each.since >= SEEN_MS);
      if (!isThere && wasSeen && deleted === 0) violations.push(`nobody heard that ${key} was deleted`);
    }
  }
}

/** The world of this seed. */
export function runSourcedSeed(seed: number): Promise<LoneOutcome> {
  return runLone(new SourcedWorld(seed));
}
