// Records as they are answered: whole, in part, and in lists; what lies elsewhere stays a piece of its own.

import { describe, expect, test } from "vitest";
import type { ActivationRecord, Payload } from "../../../src/entities/activation.ts";
import { documents, extended, logs, result, summaries } from "../../../src/http/activations/pieces.ts";
import { bodyOf, flowing, type Piece } from "../../../src/http/pieces.ts";

const LARGE = { blob: "results/1", size: 2_000_000 };

function record(name: string, changes: Partial<ActivationRecord> = {}): ActivationRecord {
  return {
    ...{ activationId: "0".repeat(32), namespace: "ns", name, version: "0.0.1", subject: "someone" },
    ...{ start: 1_000, end: 1_007, duration: 7, statusCode: 0, size: 3, annotations: "[]" },
    result: { inline: '{"n":1.0}' },
    logs: { inline: '["line"]' },
    ...changes,
  };
}

/** The text with `<key>` where a blob flows in. */
function textOf(pieces: Iterable<Piece>): string {
  return Array.from(pieces, (each) => {
    if (typeof each === "string") return each;
    if ("inline" in each) return each.inline;
    return `"<${each.blob}>"${"next" in each ? each.next : ""}`;
  }).join("");
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function* stream(...records: ActivationRecord[]): AsyncGenerator<ActivationRecord> {
  yield* records;
}

describe("one record", () => {
  test("whole, its result by its bytes", () => {
    const text = textOf(extended(record("a")));
    expect(text).toContain('"result":{"n":1.0}');
    expect(JSON.parse(text)).toMatchObject({
      ...{ name: "a", duration: 7, logs: ["line"], response: { success: true, status: "success", size: 3 } },
    });
  });

  test("its result or its logs alone", () => {
    expect(JSON.parse(textOf(result(record("a", { statusCode: 2 }))))).toEqual({
      ...{ result: { n: 1 }, success: false, status: "action developer error", size: 3 },
    });
    expect(textOf(logs(record("a")))).toBe('{"logs":["line"]}');
  });

  test("what lies in the blob store is never held", () => {
    const far: Payload = LARGE;
    expect(extended(record("a", { result: far })).filter((each) => typeof each !== "string")).toContainEqual(
      expect.objectContaining(far),
    );
    expect(JSON.parse(textOf(result(record("a", { result: far }))))).toMatchObject({ result: "<results/1>" });
    expect(textOf(logs(record("a", { logs: far })))).toBe('{"logs":"<results/1>"}');
  });
});

describe("what is gone from the store of results and logs", () => {
  const LOGS = ["The logs of this activation are missing from the store of results and logs."];
  const ERROR = { error: "The result of this activation is missing from the store of results and logs." };
  const gone = { get: async () => null };
  const shown = async (pieces: Iterable<Piece>) => JSON.parse(await new Response(bodyOf(pieces, gone)).text());

  test("is told: the result as a failure of the platform, the logs as one line", async () => {
    const far = record("a", { result: LARGE, logs: { blob: "logs/1", size: 9 } });
    const verdict = { success: false, status: "whisk internal error", size: JSON.stringify(ERROR).length };
    expect(await shown(extended(far))).toMatchObject({
      ...{ response: { result: ERROR, ...verdict }, logs: LOGS, annotations: [], publish: false },
    });
    expect(await shown(result(far))).toEqual({ result: ERROR, ...verdict });
    expect(await shown(logs(far))).toEqual({ logs: LOGS });
  });

  test("takes nothing else of the record with it, and no other record of a list", async () => {
    expect(await shown(extended(record("a", { logs: LARGE })))).toMatchObject({
      response: { result: { n: 1 }, success: true, status: "success", size: 3 },
      logs: LOGS,
    });
    const list = await flowing(documents(stream(record("a", { result: LARGE }), record("b"))), gone);
    expect(await new Response(list).json()).toMatchObject([
      { name: "a", response: { result: ERROR, success: false }, logs: ["line"] },
      { name: "b", response: { result: { n: 1 }, success: true }, logs: ["line"] },
    ]);
    const none = record("a", { result: { inline: "null" }, logs: { inline: "[]" } });
    expect(await shown(extended(none))).toMatchObject({ response: { result: null, success: true }, logs: [] });
  });
});

describe("a list", () => {
  test("of whole records, piece by piece", async () => {
    expect(textOf(await all(documents(stream())))).toBe("[]");
    const text = textOf(await all(documents(stream(record("a"), record("b", { result: LARGE })))));
    const parsed = JSON.parse(text) as { name: string; response: { result: unknown } }[];
    expect(parsed.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(parsed[1]?.response.result).toBe("<results/1>");
  });

  test("of what lists show", async () => {
    expect(await summaries(stream())).toBe("[]");
    const parsed = JSON.parse(await summaries(stream(record("a"), record("b", { end: 0 })))) as object[];
    expect(parsed).toMatchObject([{ name: "a", statusCode: 0 }, { name: "b" }]);
    expect(parsed[1]).not.toHaveProperty("statusCode");
  });
});
