// Several shards, one list.

import { describe, expect, it } from "vitest";
import type { ActivationRecord } from "../../src/entities/activation.ts";
import { newActivationId } from "../../src/entities/activation-id.ts";
import { findActivation, listActivations } from "../../src/invocation/history.ts";
import type { ActivationQuery, Waiting } from "../../src/protocol/rpc.ts";
import { stored } from "./harness.ts";

function shelf(starts: number[]) {
  const asked: ActivationQuery[] = [];
  const records: ActivationRecord[] = starts.toSorted((a, b) => b - a).map((start) => ({ ...stored, start }));
  const list = async (query: ActivationQuery) => {
    asked.push(query);
    return records.slice(query.skip, query.skip + query.limit);
  };
  return { list, asked };
}

async function gather(records: AsyncIterable<ActivationRecord>): Promise<ActivationRecord[]> {
  const all: ActivationRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
}

const starts = Array.from({ length: 1_000 }, (_, at) => at);
const shelves = () =>
  [0, 1, 2, 3].map((shard) => shelf(starts.filter((each) => (each * 7 + (each >> 3)) % 4 === shard)));

describe("a list of activations", () => {
  it.each([
    [30, 0],
    [200, 0],
    [1, 999],
    [200, 850],
    [5, 2_000],
    [30, 400],
  ])("of %i after %i is the newest first over all shards", async (limit, skip) => {
    for (const docs of [false, true]) {
      const list = await gather(listActivations(shelves(), { limit, skip, docs }));
      expect(list.map((each) => each.start)).toEqual(starts.toReversed().slice(skip, skip + limit));
    }
  });

  it("asks each shard once for a first page, with the filter", async () => {
    const all = shelves();
    await gather(listActivations(all, { limit: 30, skip: 0, docs: false, name: "hello", since: 5 }));
    for (const { asked } of all) expect(asked).toEqual([{ limit: 30, skip: 0, docs: false, name: "hello", since: 5 }]);
  });

  it("never asks for more than twenty records with their results at once", async () => {
    const all = shelves();
    await gather(listActivations(all, { limit: 200, skip: 0, docs: true }));
    for (const { asked } of all) for (const query of asked) expect(query.limit).toBe(20);
  });

  it("asks for no more than its reader has read", async () => {
    const all = shelves();
    const records = listActivations(all, { limit: 200, skip: 0, docs: true });
    for (let read = 0; read < 20; read++) await records.next();
    expect(all.map(({ asked }) => asked.length)).toEqual([1, 1, 1, 1]);
    for (let read = 0; read < 80; read++) await records.next();
    expect(Math.max(...all.map(({ asked }) => asked.length))).toBeLessThanOrEqual(3);
  });
});

describe("one activation", () => {
  const store = (record: ActivationRecord | null, known: boolean, waiting?: Waiting) => {
    const found = { record, known, ...(waiting === undefined ? {} : { waiting }) };
    const calls: string[] = [];
    return {
      calls,
      get: async () => {
        calls.push("get");
        return found;
      },
      await: async (_id: string, { ms }: { ms: number }) => {
        calls.push(`await ${ms}`);
        return found;
      },
    };
  };

  const at = (now: number, onItsWay = false) => ({ now, isOnItsWay: async () => onItsWay });

  it("whose long logs are still on their way is waited for", async () => {
    const shard = store(null, false);
    await findActivation(shard, newActivationId(1_000, 0), at(2_000, true));
    expect(shard.calls).toEqual(["await 50", "await 2000"]);
  });

  it("that is young is waited for a moment", async () => {
    const shard = store(null, false);
    expect(await findActivation(shard, newActivationId(1_000, 0), at(2_999))).toMatchObject({ record: null });
    expect(shard.calls).toEqual(["await 50"]);
  });

  it("that is old and unknown is refused at once", async () => {
    const shard = store(null, false);
    expect(await findActivation(shard, newActivationId(1_000, 0), at(3_000))).toMatchObject({ record: null });
    expect(shard.calls).toEqual(["get"]);
  });

  it("that is old, known and about to end is waited for a moment", async () => {
    const shard = store(null, true);
    await findActivation(shard, newActivationId(1_000, 0), at(9_000));
    expect(shard.calls).toEqual(["get", "await 50"]);
  });

  it("that waits for a host says why, and nobody else is asked", async () => {
    const waiting = { since: 1_000, reason: "no connected host can run python:3.12" };
    for (const [now, calls] of [
      [1_500, ["await 50"]],
      [9_000, ["get"]],
    ] as const) {
      const shard = store(null, true, waiting);
      expect(await findActivation(shard, newActivationId(1_000, 0), at(now))).toMatchObject({ record: null, waiting });
      expect(shard.calls).toEqual(calls);
    }
  });
});
