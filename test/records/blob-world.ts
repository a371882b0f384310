// A namespace whose activations leave blobs behind in every way there is, with the product's own store and
// compositions, and the sweep over them. Nothing that anybody names may go, and nothing else may stay.

import { RunStore } from "../../durable-objects/composition/run-store.ts";
import type { ActivationRecord, Payload } from "../../src/entities/activation.ts";
import { type ActivationId, derivedActivationId, newActivationId } from "../../src/entities/activation-id.ts";
import type { ActivationStoreMode } from "../../src/entities/activation-store-mode.ts";
import type { Fire } from "../../src/protocol/fire.ts";
import { BLOB_GRACE_MS, type SweepPorts, sweepBlobs } from "../../src/records/unowned-blobs.ts";
import type { ListedBlob } from "../../src/storage/blob-list.ts";
import { NEVER_SWEPT, type SweepState } from "../../src/storage/sweep-book.ts";
import { HandoverWorld, NOBODY } from "../durable-objects/activations/handover-world.ts";
import { callOf, completed, metaOf } from "../durable-objects/calls.ts";
import { openDatabase } from "../durable-objects/clock.ts";
import { enter } from "../simulator/machine/ambient.ts";
import { Kernel } from "../simulator/machine/kernel.ts";
import { Random } from "../simulator/machine/random.ts";

const DAY = 86_400_000;
const STEPS = 40;
const MODES: ActivationStoreMode[] = ["d1", "r2", "d1+r2"];
/** Not bounded by the queue: some wait for weeks. */
const WEEKS = 30 * DAY;

export interface Life {
  violations: string[];
  /** Blobs that went by the sweep, and that are there at the end. */
  swept: number;
  left: number;
}

export async function live(seed: number): Promise<Life> {
  enter(new Kernel(new Random(seed), { keepTrace: false }));
  try {
    return await new BlobWorld(new Random(seed)).live();
  } finally {
    enter(null);
  }
}

class BlobWorld {
  readonly #random: Random;
  readonly #store: HandoverWorld;
  readonly #runs = new RunStore(openDatabase());
  readonly #blobs = new Map<string, ListedBlob>();
  /** Records of these cannot be read. */
  readonly #damaged = new Set<ActivationId>();
  readonly #waiting: ReturnType<typeof callOf>[] = [];
  readonly #composed: { id: ActivationId; keys: string[] }[] = [];
  readonly #life: Life = { violations: [], swept: 0, left: 0 };
  #state: SweepState = NEVER_SWEPT;

  constructor(random: Random) {
    this.#random = random;
    this.#store = new HandoverWorld(random.pick(MODES));
  }

  async live(): Promise<Life> {
    for (let step = 0; step < STEPS; step++) {
      await this.#act();
      if (this.#random.chance(0.4)) await this.#sweep();
    }
    const { shelves, clock } = this.#store;
    shelves.table.mood = "well";
    shelves.segments.mood = "well";
    await this.#pass(60_000);
    clock.at += BLOB_GRACE_MS + 2 * DAY;
    await this.#pass(60_000);
    this.#state = { ...this.#state, after: "", due: 0 };
    const { passes } = this.#state;
    for (let turn = 0; turn < 20 && this.#state.passes === passes; turn++) await this.#sweep();
    for (const key of this.#blobs.keys())
      if (!(await this.#isNamed(key))) this.#life.violations.push(`${key} is nobody's and is still there`);
    this.#life.left = this.#blobs.size;
    return this.#life;
  }

  async #act(): Promise<void> {
    const random = this.#random;
    const world = this.#store;
    const { core, clock, shelves } = world;
    clock.at += random.int(1, 5_000);
    switch (random.int(0, 13)) {
      case 0: {
        const call = { ...this.#call(), maxQueue: WEEKS };
        this.#put(`args/ns/${call.id}`);
        core.accept([{ ...call, args: { blob: `args/ns/${call.id}`, size: 9 } }], { candidates: [] });
        this.#waiting.push(call);
        return;
      }
      case 1: {
        // What waited ends on a host, at last.
        const call = this.#waiting.shift();
        if (call === undefined) return;
        const [offer] = core.pull("h/0", { epoch: 1, boot: "b", memory: 1_024, max: 1 });
        const { id } = offer?.invocation ?? call;
        const large = this.#large(id, offer?.attempt ?? 1);
        core.complete([this.#word(id, large, offer?.attempt ?? 1)], NOBODY);
        return;
      }
      case 2:
      case 3:
        this.#end(this.#call({}));
        return;
      case 4:
        this.#end(this.#call({ store: false }));
        return;
      case 5:
        // Put, and nobody lived to say so; or of an attempt that another one overtook.
        this.#put(`args/ns/${this.#id()}`);
        this.#put(`results/${this.#id()}/2`);
        if (random.chance(0.5)) this.#put(`logs/${this.#end(this.#call({}))}/7`);
        return;
      case 6: {
        const fire = this.#fire();
        core.fire(fire);
        if (random.chance(0.5)) core.fired(fire.id, { inline: "[]" });
        return;
      }
      case 7:
        this.#import();
        return;
      case 8:
        await this.#compose();
        return;
      case 9: {
        const run = this.#composed.shift();
        if (run === undefined) return;
        const large = this.#large(run.id, 1);
        core.complete([this.#word(run.id, large, 1)], { scheduler: "composition", epoch: 0 });
        this.#runs.end(run.id, clock.at);
        return;
      }
      case 10:
        core.retain(clock.at - random.int(1, 4) * DAY);
        await this.#pass(5_000);
        return;
      case 11:
        await this.#pass(random.pick([30_000, 700_000]));
        clock.at += random.int(0, 2) * DAY;
        return;
      case 12:
        shelves.mode = random.pick(MODES);
        core.move(shelves.mode);
        await this.#pass(random.pick([50, 5_000, 300_000]));
        return;
      default:
        this.#harm();
    }
  }

  async #pass(ms: number): Promise<void> {
    await this.#store.advance(ms);
    this.#obey();
  }

  /** Deletes what the product has asked to be deleted by now. */
  #obey(): void {
    const { forgotten, shelves } = this.#store;
    for (const key of [...forgotten.splice(0), ...shelves.discarded.splice(0)]) this.#blobs.delete(key);
  }

  #harm(): void {
    const { shelves, database } = this.#store;
    const random = this.#random;
    const place = random.pick([shelves.table, shelves.segments]);
    place.mood = place.mood === "well" ? "refuses" : "well";
    const rows = [...shelves.table.rows.values()];
    if (random.chance(0.3) || rows.length === 0) return;
    // Only where the table alone has it: what a segment has whole is read from there.
    const { record } = random.pick(rows);
    const [here] = database.sql.exec("SELECT 1 FROM records WHERE id = ? AND kept = 1", record.id).toArray();
    if (shelves.segments.objects.size > 0 || here !== undefined) return;
    record.text = record.text.replace("results", "damaged");
    if (record.text.includes("damaged")) this.#damaged.add(record.id);
  }

  async #sweep(): Promise<void> {
    const { shelves, clock } = this.#store;
    this.#obey();
    const before = new Map(this.#blobs);
    const named = new Set<string>();
    for (const key of before.keys()) if (await this.#isNamed(key)) named.add(key);
    await sweepBlobs(this.#ports());
    if (this.#state.fault !== null && shelves.table.mood === "well" && shelves.segments.mood === "well")
      this.#life.violations.push(this.#state.fault);
    // Another turn comes as soon as the next one is due.
    this.#state = { ...this.#state, due: 0 };
    for (const [key, { stored }] of before) {
      if (this.#blobs.has(key)) continue;
      this.#life.swept++;
      if (named.has(key)) this.#life.violations.push(`${key} was swept, and is named`);
      if (stored > clock.at - BLOB_GRACE_MS) this.#life.violations.push(`${key} was swept, and is young`);
    }
  }

  #ports(): SweepPorts {
    const { shelves, clock, core } = this.#store;
    return {
      list: {
        page: async ({ prefix, after, max }) => {
          const keys = [...this.#blobs.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
          const blobs = keys.slice(0, max).flatMap((key) => this.#blobs.get(key) ?? []);
          return { blobs, more: keys.length > max };
        },
      },
      book: {
        state: async () => this.#state,
        note: async (state) => {
          this.#state = state;
        },
        deletionOf: async () => "none",
      },
      namespaces: { byId: async () => null },
      wellKnown: [],
      tables: [
        {
          find: async (id) => {
            if (shelves.table.mood !== "well") throw new Error("the shelf is down");
            return shelves.table.rows.get(id) ?? null;
          },
        },
      ],
      store: () => ({ unowned: async (asked) => core.archive.unowned(asked) }),
      composition: () => ({ involved: async (ids) => this.#runs.involved(ids) }),
      discard: async (keys) => {
        for (const key of keys) this.#blobs.delete(key);
      },
      backupRuns: async () => false,
      now: clock.now,
    };
  }

  /** By looking into every place there is. */
  async #isNamed(key: string): Promise<boolean> {
    const { database, shelves } = this.#store;
    const [id = ""] = /[0-9a-f]{32}/.exec(key) ?? [];
    // Of one that cannot be read nobody knows what it names.
    if (this.#damaged.has(id) && shelves.table.rows.has(id)) return true;
    const { sql } = database;
    const texts = [
      ...sql.exec<{ text: string }>("SELECT coalesce(invocation, '') AS text FROM rows").toArray(),
      ...sql.exec<{ text: string }>("SELECT fire AS text FROM fires").toArray(),
      ...sql.exec<{ text: string }>("SELECT record AS text FROM records").toArray(),
    ].map((row) => row.text);
    if (texts.some((text) => text.includes(`"${key}"`))) return true;
    if (this.#composed.some((run) => run.keys.includes(key))) return true;
    if ([...shelves.table.rows.values()].some(({ record }) => record.text.includes(`"${key}"`))) return true;
    const refs = sql.exec<{ key: string }>("SELECT key FROM segments").toArray();
    const { segments } = shelves;
    const { mood } = segments;
    segments.mood = "well";
    let found = false;
    for (const { key: segment } of refs) {
      const records = await segments.read(segment, (await segments.entries(segment)) ?? []);
      found ||= records.some(({ text }) => text.includes(`"${key}"`));
    }
    segments.mood = mood;
    return found;
  }

  #id(): ActivationId {
    return newActivationId(this.#store.clock.at, 1);
  }

  #call(about = {}): ReturnType<typeof callOf> {
    const { clock } = this.#store;
    return { ...callOf({ about: { ...about, acceptedAt: clock.at } }), id: this.#id() };
  }

  #put(key: string): void {
    this.#blobs.set(key, { key, bytes: 9, stored: this.#store.clock.at, namespaceId: "ns" });
  }

  #large(id: ActivationId, attempt: number): { result: Payload; logs: Payload } {
    const keys = [`results/${id}/${attempt}`, `logs/${id}/${attempt}`];
    for (const key of keys) this.#put(key);
    const [result, logs] = keys.map((blob) => ({ blob, size: 9 })) as [Payload, Payload];
    return { result, logs };
  }

  #word(id: ActivationId, large: { result: Payload; logs: Payload }, attempt: number, about = {}) {
    return {
      ...{
        id,
        attempt,
        lease: { epoch: 1, counter: 1 },
        about: metaOf({ acceptedAt: this.#store.clock.at, ...about }),
      },
      completion: { ...completed(), ...large },
    };
  }

  #end(call: ReturnType<typeof callOf>): ActivationId {
    const { store } = call.about;
    const word = this.#word(call.id, this.#large(call.id, 1), 1, store === undefined ? {} : { store });
    this.#store.core.complete([word], NOBODY);
    return call.id;
  }

  #fire(): Fire {
    const id = this.#id();
    const [payload, args] = [`results/${id}/a-b`, `args/ns/${id}/a-b`] as const;
    this.#put(payload);
    this.#put(args);
    const { namespace, namespaceId, subject, name, version, acceptedAt, transactionId } = metaOf({
      acceptedAt: this.#store.clock.at,
    });
    return {
      id,
      about: { namespace, namespaceId, subject, name, version, acceptedAt, transactionId },
      payload: { blob: payload, size: 9 },
      args: { blob: args, size: 9 },
      onBehalf: { identity: {} as Fire["onBehalf"]["identity"], sealedKey: "", apiHost: "" },
      rules: [],
    };
  }

  #import(): void {
    const id = newActivationId(this.#store.clock.at - this.#random.int(0, 100) * DAY, 1);
    const blob = `results/${id}/imported-a`;
    this.#put(blob);
    this.#put(`results/${id}/imported-b`);
    const record = {
      ...{ activationId: id, namespace: "guest", name: "hello", version: "0.0.1", subject: "guest" },
      ...{ start: this.#store.clock.at - 1_000, end: this.#store.clock.at, duration: 1_000, statusCode: 0 },
      ...{ result: { blob, size: 9 }, logs: { inline: "[]" }, annotations: "[]", publish: false, imported: 1 },
    } as unknown as ActivationRecord;
    this.#store.core.import([{ record, name: "hello" }]);
  }

  /** A composition goes on for weeks; its steps are derived from it, and one of them is a composition itself. */
  async #compose(): Promise<void> {
    const about = metaOf({ acceptedAt: this.#store.clock.at });
    const id = this.#id();
    const inner = await derivedActivationId(id, ["1", "1"]);
    const keys = [`args/ns/${id}`, `steps/ns/${id}/1-payload`, `steps/ns/${inner}/2-state`, `results/${inner}/1`];
    for (const key of keys) this.#put(key);
    const plan = { kind: "conductor", action: { path: "guest", name: "c" } } as const;
    const run = { id, about, plan, args: { blob: keys[0] ?? "", size: 9 }, onBehalf: {} };
    const progress = { begun: 0, steps: 0, position: 0, atoms: 0, logs: [], duration: 0, memory: 0, blobs: [] };
    const frame = { id, about, plan, progress };
    this.#runs.begin(
      run as unknown as Parameters<RunStore["begin"]>[0],
      frame as unknown as Parameters<RunStore["begin"]>[1],
    );
    this.#composed.push({ id, keys });
  }
}
