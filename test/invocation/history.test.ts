// One activation, wherever it is.

import { describe, expect, it } from "vitest";
import type { ActivationRecord } from "../../src/entities/activation.ts";
import { newActivationId } from "../../src/entities/activation-id.ts";
import { findActivation } from "../../src/invocation/history.ts";
import type { Waiting } from "../../src/protocol/rpc.ts";

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
