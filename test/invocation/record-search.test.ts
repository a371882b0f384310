// What is found is what one array of all records holds, in its order, in every mode, wherever records lie and move
// meanwhile; and no request looks at more than it may.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ActivationRecord } from "../../src/entities/activation.ts";
import type { ActivationStoreMode } from "../../src/entities/activation-store-mode.ts";
import { compareKeys, type RecordFilter, type RecordKey } from "../../src/entities/kept-record.ts";
import { fits, type RecordSearch, STATUS_WORDS, stands, standsInLines } from "../../src/entities/record-search.ts";
import type { RecordPlaces } from "../../src/invocation/record-list.ts";
import {
  SEARCH_BOUNDS,
  type Search,
  type SearchedPiece,
  searchActivations,
} from "../../src/invocation/record-search.ts";
import { HandoverWorld, NOBODY } from "../durable-objects/activations/handover-world.ts";
import { completed } from "../durable-objects/calls.ts";
import { openDatabase } from "../durable-objects/clock.ts";

const MODES: ActivationStoreMode[] = ["d1", "r2", "d1+r2"];
const KINDS = ["nodejs:20", "python:3.12", "nodejs:18"];
const LOGS = JSON.stringify(['2026-01-01T00:00:00Z stdout: said "it"', "second .* line"]);

class Namespace {
  readonly shards: HandoverWorld[];
  readonly model: ActivationRecord[] = [];
  readonly blobs = new Map<string, string>();
  meanwhile: () => Promise<void> | void = () => undefined;
  /** ms that go by at each look at the clock. */
  step = 0;
  #now = 0;

  constructor(mode: ActivationStoreMode) {
    const first = new HandoverWorld(mode, openDatabase(), { shard: 0 });
    const { clock, shelves } = first;
    this.shards = [first, new HandoverWorld(mode, openDatabase(), { shard: 1, clock, shelves })];
  }

  get places(): RecordPlaces {
    const { shelves } = this.shards[0]!;
    return {
      stores: this.shards.map(({ core }) => ({
        page: async (filter: RecordFilter, limit: number) => {
          const page = structuredClone(core.page(filter, limit));
          await this.meanwhile();
          return page;
        },
        tally: async (filter: RecordFilter) => core.tally(filter),
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
      const which = seed + at;
      const shard = this.shards[which % 2]!;
      if (which % 3 > 0) shard.clock.at += 1;
      const isFault = which % 5 === 0;
      const call = shard.call({ kind: KINDS[which % 3]!, ...(which % 4 === 0 ? { cause: "c".repeat(32) } : {}) });
      const { id, about } = call;
      const result = `{"n":${which % 7},"t":"\\u00fc${which}"}`;
      const completion = {
        ...{ ...completed(result), duration: which % 11, statusCode: isFault ? (1 as const) : (0 as const) },
        ...(which % 6 === 0 ? { initTime: 1 } : {}),
        ...(which % 9 === 0 ? { result: { blob: `results/${id}/1`, size: 40 } } : {}),
        logs: { inline: which % 8 === 0 ? LOGS : "[]" },
      };
      if ("blob" in completion.result) this.blobs.set(completion.result.blob, result);
      shard.core.complete([{ id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion }], NOBODY);
      this.model.push(shard.core.get(id).record as ActivationRecord);
    }
  }

  async advance(ms: number): Promise<void> {
    const [one, other] = this.shards as [HandoverWorld, HandoverWorld];
    for (const end = one.clock.at + ms; one.clock.at < end; ) {
      await one.advance(Math.min(10_000, end - one.clock.at));
      await other.advance(0);
    }
  }

  search(search: RecordSearch, more: Partial<Search> = {}): Promise<SearchedPiece> {
    const asked = { filter: {}, search, limit: 200, docs: true, ...more };
    const blobs = { text: async (key: string) => this.blobs.get(key) ?? null };
    const now = () => (this.#now += this.step);
    return searchActivations(this.places, asked, { blobs, now, pause: async () => {} });
  }

  /** All, page by page. */
  async all(search: RecordSearch, more: Partial<Search> = {}): Promise<ActivationRecord[]> {
    const records: ActivationRecord[] = [];
    for (let after: RecordKey | undefined; ; ) {
      const filter = { ...more.filter, ...(after === undefined ? {} : { after }) };
      const found = await this.search(search, { ...more, filter });
      records.push(...found.records);
      if (found.next === null) return records;
      after = found.next;
    }
  }

  wanted(search: RecordSearch): string[] {
    const { text } = search;
    return this.model
      .filter((record) => fits(record, search) && (text === undefined || this.#holds(record, text)))
      .map(({ start, activationId: id }) => ({ start, id }))
      .sort(compareKeys)
      .map(({ id }) => id);
  }

  #holds({ result, logs }: ActivationRecord, text: string): boolean {
    const json = "inline" in result ? result.inline : (this.blobs.get(result.blob) ?? "");
    return stands(text, json) || ("inline" in logs && standsInLines(text, logs.inline));
  }
}

const search: fc.Arbitrary<RecordSearch> = fc
  .record({
    kind: fc.option(fc.constantFrom("nodejs", "nodejs:20", "python", "ruby"), { nil: undefined }),
    status: fc.option(fc.constantFrom(...STATUS_WORDS), { nil: undefined }),
    minDuration: fc.option(fc.nat(12), { nil: undefined }),
    maxDuration: fc.option(fc.nat(12), { nil: undefined }),
    start: fc.option(fc.constantFrom("cold" as const, "warm" as const), { nil: undefined }),
    cause: fc.option(fc.constant("c".repeat(32)), { nil: undefined }),
    text: fc.option(fc.constantFrom("ü1", '"n":3', 'said "it"', ".*", "nowhere"), { nil: undefined }),
  })
  .map((given) => JSON.parse(JSON.stringify(given)) as RecordSearch);

describe.each(MODES)("in %s", (mode) => {
  it("finds what is there, in order, across objects and shelves, while records move", async () => {
    await fc.assert(
      fc.asyncProperty(search, fc.nat(50), fc.integer({ min: 1, max: 40 }), async (wanted, seed, limit) => {
        const namespace = new Namespace(mode);
        namespace.make(60, seed);
        await namespace.advance(25 * 3_600_000);
        namespace.make(60, seed + 3);
        namespace.meanwhile = () => namespace.advance(1_000);
        const found = await namespace.all(wanted, { limit });
        expect(found.map((each) => each.activationId)).toEqual(namespace.wanted(wanted));
      }),
      { numRuns: 12 },
    );
  });
});

it("ends a request when its time is over, says how far it came, and goes on there", async () => {
  const namespace = new Namespace("d1");
  namespace.make(500, 1);
  namespace.step = 200;
  const first = await namespace.search({ status: "timeout" });
  expect(first.records).toEqual([]);
  expect(first.scanned).toBeGreaterThanOrEqual(100);
  expect(first.scanned).toBeLessThan(500);
  // What has to be fetched from elsewhere is not waited for longer.
  expect((await namespace.search({ text: "nowhere" })).scanned).toBeLessThan(100);
  expect(first.next).not.toBeNull();
  const found = await namespace.all({ text: "ü4" });
  expect(found.map((each) => each.activationId)).toEqual(namespace.wanted({ text: "ü4" }));
});

it.each(["records", "bytes", "answer"] as const)("looks at no more %s than one request may", async (bound) => {
  const namespace = new Namespace("d1");
  namespace.make(100, 1);
  const before = SEARCH_BOUNDS[bound];
  SEARCH_BOUNDS[bound] = bound === "records" ? 10 : 6_000;
  try {
    const { scanned, next } = await namespace.search({});
    expect(scanned).toBe(10);
    expect(next).not.toBeNull();
    expect(await namespace.all({ status: "error" })).toHaveLength(20);
  } finally {
    SEARCH_BOUNDS[bound] = before;
  }
});

it("leaves out result and logs where the records are not asked for", async () => {
  const namespace = new Namespace("d1");
  namespace.make(9, 1);
  const { records } = await namespace.search({ text: "ü8" }, { docs: false });
  expect(records).toMatchObject([{ result: { inline: "" }, logs: { inline: "" } }]);
});

it("takes a text as it is, wherever it may be written otherwise", () => {
  expect([stands("ü", '{"a":"\\u00fc"}'), stands("ü", '{"a":"ü"}'), stands("ü", '{"a":"u"}')]).toEqual([
    ...[true, true, false],
  ]);
  expect(stands('say "hi"', '{"a":"say \\"hi\\""}')).toBe(true);
  expect(stands('{"a":1}', '{"a":1}')).toBe(true);
  expect([stands("a.c", '"abc"'), stands("(", '"a"'), stands("[a", '"["')]).toEqual([false, false, false]);
  expect([standsInLines('said "it"', LOGS), standsInLines(".*", LOGS), standsInLines('","', LOGS)]).toEqual([
    ...[true, true, false],
  ]);
  expect(standsInLines("x", "damaged")).toBe(false);
});

it("knows kinds and starts of records from before they had a meta, and triggers by their name", () => {
  const namespace = new Namespace("d1");
  namespace.make(7, 6);
  for (const record of namespace.model) {
    const { meta, ...old } = record;
    for (const kind of KINDS) expect(fits(old, { kind })).toBe(meta?.kind === kind);
    for (const start of ["cold", "warm", "none"] as const) expect(fits(old, { start })).toBe(meta?.start === start);
  }
  const [record] = namespace.model as [ActivationRecord];
  const { meta } = record;
  if (meta === undefined) throw new Error("it has a meta");
  expect(fits({ ...record, name: "tick", meta: { ...meta, kind: "trigger" } }, { trigger: "tick" })).toBe(true);
  expect(fits({ ...record, meta: { ...meta, trigger: "tick" } }, { trigger: "tick" })).toBe(true);
  expect(fits({ ...record, name: "tick" }, { trigger: "tick" })).toBe(false);
});
