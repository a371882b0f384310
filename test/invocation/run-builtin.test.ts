// Built-in actions: how their answers count, and that the record is there before the answer.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_INLINE, MAX_RESULT } from "../../src/entities/limits.ts";
import type { Builtin } from "../../src/invocation/builtin.ts";
import { runHandler } from "../../src/invocation/run-builtin.ts";
import type { Finished } from "../../src/protocol/rpc.ts";
import { about, ID } from "./harness.ts";

const CALLER = {
  subject: "guest",
  namespace: { name: "guest", uuid: "u" },
  limits: {},
  keyId: "k",
  derived: false,
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Script {
  /** The store fails so often before it works. */
  fails?: number;
  /** What the machine says of its disk. */
  fault?: string;
}

async function run(builtin: Builtin, { fails = 0, fault }: Script = {}) {
  const stored: Finished[] = [];
  const blobs = new Map<string, string | Uint8Array>();
  const warnings: string[] = [];
  let left = fails;
  const absent = () => Promise.reject(new Error("not asked for here"));
  const ports = {
    now: () => Date.now(),
    ailing: async () => fault ?? null,
    after: (ms: number, work: () => void) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    storeOf: () => ({
      accept: absent,
      open: absent,
      await: absent,
      fail: absent,
      complete: async (finished: Finished[]) => {
        if (left-- > 0) throw new Error("store is gone");
        stored.push(...finished);
      },
    }),
    blobs: {
      put: async (key: string, bytes: string | Uint8Array) => {
        blobs.set(key, bytes);
      },
    },
    warn: (text: string) => {
      warnings.push(text);
    },
  };
  const call = { id: ID, about, args: '{"a":1.0}', apiHost: "https://here", caller: CALLER };
  const answer = runHandler(ports, builtin, call);
  await vi.advanceTimersByTimeAsync(120_000);
  return { answer: await answer, stored, blobs, warnings };
}

describe("a built-in action", () => {
  it("gets the raw arguments and what it may know, and its record is stored before the answer", async () => {
    let seen: unknown;
    const { answer, stored } = await run((args, context) => {
      seen = { args, ...context, now: typeof context.now };
      return args;
    });
    expect(seen).toEqual({
      args: '{"a":1.0}',
      namespace: "guest",
      caller: CALLER,
      activationId: ID,
      apiHost: "https://here",
      now: "number",
    });
    expect(stored).toMatchObject([{ id: ID, about, completion: { statusCode: 0, engine: "builtin", ran: true } }]);
    expect(answer).toMatchObject({
      ok: true,
      kind: "done",
      record: { statusCode: 0, result: { inline: '{"a":1.0}' } },
    });
  });

  it("that answers an error has an application error, and one that throws fails without telling why", async () => {
    const refused = await run(() => '{"error":{"b":1.0},"more":1}');
    expect(refused.stored[0]?.completion).toMatchObject({ statusCode: 1, result: { inline: '{"error":{"b":1.0}}' } });
    const broken = await run(() => {
      throw new Error("secret");
    });
    expect(broken.stored[0]?.completion).toMatchObject({ statusCode: 3 });
    expect(JSON.stringify(broken.stored[0]?.completion)).not.toContain("secret");
    expect(broken.warnings.join()).toContain("secret");
  });

  it("that takes too long ends as a container would", async () => {
    const { stored } = await run(() => new Promise(() => {}));
    expect(stored[0]?.completion).toMatchObject({ statusCode: 2, timedOut: true });
    expect(JSON.stringify(stored[0]?.completion.result)).toContain("exceeded its time limits of 60000 milliseconds");
  });

  it("with a long answer leaves it in the blob store, and a too long one is cut", async () => {
    const long = await run(() => JSON.stringify({ text: "x".repeat(MAX_INLINE) }));
    const { result } = long.stored[0]?.completion ?? {};
    expect(result).toEqual({ blob: `results/${ID}/1`, size: expect.any(Number) });
    expect(long.blobs.get(`results/${ID}/1`)).toBe(JSON.stringify({ text: "x".repeat(MAX_INLINE) }));
    const tooLong = await run(() => JSON.stringify({ text: "x".repeat(MAX_RESULT) }));
    expect(tooLong.stored[0]?.completion.statusCode).toBe(1);
    expect(String([...tooLong.blobs.values()][0])).toContain("exceeded the allowed length");
  });

  it("asks a store that fails again, and has no answer without a record", async () => {
    expect((await run((args) => args, { fails: 2 })).answer).toMatchObject({ ok: true });
    const lost = await run((args) => args, { fails: 100 });
    expect(lost).toMatchObject({ answer: { ok: false, code: "no-answer" }, stored: [] });
    const full = await run((args) => args, { fails: 100, fault: "the disk is full" });
    expect(full.answer).toMatchObject({ ok: false, code: "storage-ailing" });
  });
});
