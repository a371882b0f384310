// A namespace of two shards over shelves in memory, and an array that knows better.

import { expect } from "vitest";
import type { ActivationRecord } from "../../src/entities/activation.ts";
import type { ActivationStoreMode } from "../../src/entities/activation-store-mode.ts";
import { compareKeys, type RecordFilter } from "../../src/entities/kept-record.ts";
import { countActivations, listActivations, type RecordPlaces } from "../../src/invocation/record-list.ts";
import { HandoverWorld, NOBODY } from "../durable-objects/activations/handover-world.ts";
import { completed } from "../durable-objects/calls.ts";
import { openDatabase } from "../durable-objects/clock.ts";

export const RECORD_MODES: ActivationStoreMode[] = ["d1", "r2", "d1+r2"];
const NAMES = [
  { name: "a", path: "guest/a" },
  { name: "a", path: "guest/pack/a" },
  { name: "b", path: "guest/b" },
];
export const LIST_NAMES = ["a", "pack/a", "b"];

/** Two shards of one namespace, and an array that knows better. */
export class Namespace {
  readonly shards: HandoverWorld[];
  readonly model: { start: number; id: string; name: string }[] = [];
  from = 0;
  /** Runs between the questions of one list. */
  meanwhile: () => Promise<void> | void = () => undefined;

  constructor(mode: ActivationStoreMode) {
    const first = new HandoverWorld(mode, openDatabase(), { shard: 0 });
    const { clock, shelves } = first;
    this.shards = [first, new HandoverWorld(mode, openDatabase(), { shard: 1, clock, shelves })];
  }

  get places(): RecordPlaces {
    const { shelves } = this.shards[0]!;
    return {
      stores: this.shards.map((shard) => ({
        page: async (filter: RecordFilter, limit: number) => {
          const page = structuredClone(shard.core.page(filter, limit));
          await this.meanwhile();
          return page;
        },
        tally: async (filter: RecordFilter) => {
          const tally = structuredClone(shard.core.tally(filter));
          await this.meanwhile();
          return tally;
        },
      })),
      namespaceIds: ["ns"],
      table: shelves.table,
      segments: shelves.segments,
      mode: shelves.mode ?? "d1",
      warn: () => undefined,
    };
  }

  make(count: number, seed: number): void {
    for (let at = 0; at < count; at++) {
      const which = (seed + at) % 7;
      const shard = this.shards[which % 2]!;
      // Several with one start.
      if (which < 3) shard.clock.at += 1;
      const call = shard.call(NAMES[which % 3]);
      const completion = { ...completed(`{"at":${this.model.length}}`), duration: which };
      const { id, about } = call;
      shard.core.complete([{ id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion }], NOBODY);
      this.model.push({ start: shard.clock.at - which, id, name: LIST_NAMES[which % 3]! });
    }
  }

  async advance(ms: number): Promise<void> {
    const [one, other] = this.shards as [HandoverWorld, HandoverWorld];
    for (const end = one.clock.at + ms; one.clock.at < end; ) {
      await one.advance(Math.min(10_000, end - one.clock.at));
      await other.advance(0);
    }
  }

  /** What started before is not kept any more; what of it lies in the table is deleted by nobody here. */
  retain(from: number): void {
    this.from = Math.max(this.from, from);
    for (const shard of this.shards) shard.core.retain(this.from);
  }

  wanted({ name, since, upto }: RecordFilter): string[] {
    return this.model
      .filter((each) => each.start >= this.from)
      .filter((each) => (name === undefined || each.name === name) && each.start >= (since ?? 0))
      .filter((each) => each.start <= (upto ?? Number.POSITIVE_INFINITY))
      .sort(compareKeys)
      .map((each) => each.id);
  }

  async list(query: RecordFilter & { limit: number; skip: number; docs: boolean }): Promise<ActivationRecord[]> {
    const records: ActivationRecord[] = [];
    for await (const record of listActivations(this.places, query)) records.push(record);
    return records;
  }

  async check(query: RecordFilter & { limit: number; skip: number; docs: boolean }): Promise<void> {
    const wanted = this.wanted(query);
    const found = await this.list(query);
    expect(found.map((each) => each.activationId)).toEqual(wanted.slice(query.skip, query.skip + query.limit));
    for (const record of found) {
      const at = this.model.findIndex((each) => each.id === record.activationId);
      expect(record.result).toEqual({ inline: `{"at":${at}}` });
    }
    expect(await countActivations(this.places, { ...query, skip: 0 })).toBe(wanted.length);
  }
}
