// Lines of an export: what is written is read again, byte by byte, and each thing that a line may be wrong in is told.

import { describe, expect, it } from "vitest";
import { type ActivationRecord, recordOf as recordIn, triggerRecord } from "../../src/entities/activation.ts";
import { newActivationId } from "../../src/entities/activation-id.ts";
import { checksumOf } from "../../src/entities/checksum.ts";
import { metaOf, triggerMetaOf } from "../../src/entities/describe-record.ts";
import {
  cursorOf,
  listNameIn,
  MAX_RECORD_LINE,
  pageLine,
  readCursor,
  readRecordLine,
  recordLine,
} from "../../src/entities/record-line.ts";
import { metaOf as callMeta, completed } from "../durable-objects/calls.ts";

const NOW = 1_800_000_000_000;
const AHEAD = 60_000;
const WHERE = { namespace: "guest", shards: 4, now: NOW };
const ID = newActivationId(NOW - 5_000, 3);
const PARTS = { result: '{"n":1.0}', logs: '["grüße"]' };

function recordOf(more: Partial<ActivationRecord> = {}): ActivationRecord {
  return {
    ...{ activationId: ID, namespace: "guest", name: "hello", version: "0.0.1", subject: "guest" },
    ...{ start: NOW - 5_000, end: NOW - 4_980, duration: 20, statusCode: 0, size: 2 },
    ...{ result: { blob: "results/x", size: 9 }, logs: { inline: "[]" }, annotations: '[{"key":"kind","value":1}]' },
    ...more,
  };
}

const META = {
  ...{ v: 1 as const, nsId: "n", listName: "p/hello", kind: "nodejs:20", acceptedAt: 0, logBytes: 0 },
  ...{ traceId: "t", start: "warm" as const },
};

/** As it would be written, whatever is in it. */
function lineOf(record: object, name = "hello"): string {
  return JSON.stringify({ v: 1, name, sum: checksumOf(JSON.stringify(record)), record });
}

const whole = (more: Partial<ActivationRecord> = {}) => ({
  ...recordOf({ result: { inline: "{}" }, logs: { inline: "[]" } }),
  ...more,
});
const read = (record: object, name?: string) => readRecordLine(lineOf(record, name), WHERE);
const refusal = (reason: unknown) => ({ kind: "refused", reason, id: ID });

describe("a record", () => {
  it("comes back from its line, with result and logs in it, and without when it was brought", () => {
    const line = recordLine(recordOf({ imported: 7, meta: { ...META } }), "p/hello", PARTS);
    expect(readRecordLine(line ?? "", WHERE)).toEqual({
      ...{ kind: "record", name: "p/hello" },
      record: recordOf({ meta: META, result: { inline: PARTS.result }, logs: { inline: PARTS.logs } }),
    });
    expect(JSON.parse(line ?? "").record).not.toHaveProperty("imported");
  });

  it("keeps fields that are not known here, and their order", () => {
    const given = { strange: { a: 1 }, ...whole() };
    const found = read(given);
    expect(JSON.stringify(found.kind === "record" && found.record)).toBe(JSON.stringify(given));
  });

  it("whose line would be too long has none; the longest is read", () => {
    const lineWith = (length: number) =>
      recordLine(recordOf(), "hello", { ...PARTS, result: `"${"ü".repeat(length)}"` });
    const rest = new TextEncoder().encode(lineWith(1) ?? "").length - 2;
    const most = Math.floor((MAX_RECORD_LINE - rest) / 2);
    // The checksum has up to nine digits more or less.
    const longest = lineWith(most - 5);
    expect(longest === null ? "none" : readRecordLine(longest, WHERE).kind).toBe("record");
    expect(lineWith(most + 5)).toBeNull();
    expect(readRecordLine(`${longest}${" ".repeat(100)}`, WHERE)).toEqual({
      ...{ kind: "refused", reason: `it is longer than ${MAX_RECORD_LINE} bytes` },
    });
  });
});

describe("a line", () => {
  it.each(["", "{", "x"])("%j is no JSON", (text) => {
    expect(readRecordLine(text, WHERE)).toMatchObject({ kind: "refused", reason: expect.stringContaining("no JSON") });
  });

  it.each([
    ...[
      {},
      [],
      null,
      7,
      { v: 2, page: { records: 1, left: [], next: null } },
      { v: 1, page: { records: 1, left: [] } },
    ],
    ...[
      { v: 1, name: "hello", sum: 1 },
      { v: 1, name: "a/b/c", sum: 1, record: {} },
      { v: 1, name: "", sum: 1, record: {} },
    ],
    ...[
      { v: 1, name: "a?", sum: 1, record: {} },
      { v: 1, name: "a", sum: "1", record: {} },
    ],
  ])("%j is none of an export", (value) => {
    expect(readRecordLine(JSON.stringify(value), WHERE)).toEqual({
      kind: "refused",
      reason: "it is no line of an export",
    });
  });

  it("that was altered is known by its checksum, and by its id where that can be read", () => {
    const altered = lineOf(whole()).replace('"size":2', '"size":3');
    expect(readRecordLine(altered, WHERE)).toEqual(refusal("it was altered: its checksum is another one"));
    const nameless = readRecordLine(altered.replace(ID, "nobody"), WHERE);
    expect(nameless).toEqual({ kind: "refused", reason: "it was altered: its checksum is another one" });
  });

  it.each([
    ["name", { name: "a?" }],
    ["version", { version: "1".repeat(65) }],
    ["subject", { subject: "x".repeat(257) }],
    ["cause", { cause: "x" }],
    ["start", { start: -1 }],
    ["end", { end: 1.5 }],
    ["duration", { duration: -1 }],
    ["statusCode", { statusCode: 4 }],
    ["result", { result: { inline: "{" } }],
    ["logs", { logs: { inline: "{}" } }],
    ["size", { size: 1.5 }],
    ["annotations", { annotations: "{}" }],
    ["annotations", { annotations: "[" }],
    ["annotations", { annotations: "[null]" }],
    ["annotations", { annotations: '[{"key":7,"value":1}]' }],
    ["duration", { duration: 1.5 }],
    ["duration", { duration: 366 * 86_400_000 + 1 }],
    ["size", { size: 50 * 1024 * 1024 + 1 }],
    ["meta", { meta: null }],
    ["meta", { meta: "x" }],
    ["meta.nsId", { meta: { v: 1 } }],
    ["meta.v", { meta: { ...META, v: 99 } }],
    ["meta.nsId", { meta: { ...META, nsId: "" } }],
    ["meta.kind", { meta: { ...META, kind: [1] } }],
    ["meta.start", { meta: { ...META, start: { a: 1 } } }],
    ["meta.start", { meta: { ...META, start: "frozen" } }],
    ["meta.waitMs", { meta: { ...META, waitMs: -1 } }],
    ["meta.runMs", { meta: { ...META, runMs: "5" } }],
    ["meta.logBytes", { meta: { ...META, logBytes: 0.5 } }],
    ["meta.acceptedAt", { meta: { ...META, acceptedAt: null } }],
    ["meta.stepRefused", { meta: { ...META, stepRefused: {} } }],
    ["meta.keyId", { meta: { ...META, keyId: 7 } }],
  ])("is refused for a wrong '%s'", (field, more) => {
    expect(read({ ...whole(), ...more })).toEqual(refusal(`it is no record: '${field}' is not as it must be`));
  });

  it("is refused where a number is none, or where it ends before it starts; a trigger's record has no end", () => {
    const infinite = lineOf(whole({ meta: { ...META, initMs: 12_345 } }), "p/hello");
    const record = JSON.parse(infinite.replace("12345", "1e999")).record as object;
    const line = JSON.stringify({ v: 1, name: "p/hello", sum: checksumOf(JSON.stringify(record)), record });
    expect(readRecordLine(line.replace('"initMs":null', '"initMs":1e999'), WHERE)).toEqual(
      refusal("it is no record: 'meta.initMs' is not as it must be"),
    );
    expect(read(whole({ end: NOW - 5_001 }))).toEqual(refusal("it is no record: 'end' is before 'start'"));
    expect(read(whole({ end: 0 }))).toMatchObject({ kind: "record" });
  });

  it("is taken whatever made the record: each meta that there may be", () => {
    const about = callMeta();
    for (const made of [
      ...[{}, { binding: "guest/b", keyId: "k", permitMs: 0.5, trigger: "t", rule: "r", source: "rule" }],
      ...[{ topmost: true, kind: "sequence", stepRefused: "no", limits: { ...about.limits, memory: 0 } }],
    ].map((more) => callMeta({ namespaceId: "another", ...more }))) {
      for (const run of [{}, { initTime: 12.5, prewarmed: true as const, host: "h" }, { ran: false }]) {
        const completion = { ...completed(), ...run };
        const record = recordIn(ID, made, { completion, now: NOW });
        const meta = metaOf(made, { completion, start: record.start, by: { scheduler: "h/0", attempt: 2 } });
        const line = recordLine({ ...record, meta }, meta.listName, { result: "{}", logs: "[]" });
        expect(readRecordLine(line ?? "", WHERE)).toMatchObject({ kind: "record" });
      }
    }
    const meta = triggerMetaOf({ ...about, name: "t" }, { inline: "[]" });
    const fired = triggerRecord(ID, { ...about, name: "t" }, { payload: { inline: "{}" }, logs: { inline: "[]" } });
    const line = recordLine({ ...fired, meta }, "t", { result: "{}", logs: "[]" });
    expect(readRecordLine(line ?? "", WHERE)).toMatchObject({ kind: "record" });
  });

  it("is refused for what lies elsewhere, since nobody can read that", () => {
    expect(read(whole({ logs: { blob: "logs/x", size: 1 } }))).toEqual(
      refusal("it is no record: its logs lies elsewhere"),
    );
  });

  it("is refused in another namespace, with another name than its own, and of another deployment", () => {
    expect(read(whole({ namespace: "other" }))).toEqual(refusal("it is of another namespace"));
    expect(read(whole({ meta: { ...META } }), "hello")).toEqual(refusal("it has another name"));
    expect(read(whole({ meta: { ...META } }), "p/hello")).toMatchObject({ kind: "record" });
    expect(readRecordLine(lineOf(whole()), { ...WHERE, shards: 3 })).toEqual(
      refusal("its id was not made by this deployment"),
    );
  });

  it("is refused where its start, its end or its id is of the future, but for a clock that is a minute ahead", () => {
    const late = NOW + AHEAD + 1;
    for (const more of [{ start: late }, { end: late }]) {
      expect(read(whole(more))).toEqual(refusal("it is of the future"));
    }
    const id = newActivationId(late, 0);
    expect(read(whole({ activationId: id }))).toEqual({ kind: "refused", reason: "it is of the future", id });
    expect(read(whole({ end: late - 1 }))).toMatchObject({ kind: "record" });
  });
});

describe("a page", () => {
  it("comes back from its line", () => {
    for (const page of [
      { records: 0, left: [], next: null },
      { records: 3, left: [ID], next: "7.x" },
    ]) {
      expect(readRecordLine(pageLine(page), WHERE)).toEqual({ kind: "page", page });
    }
  });

  it("goes on where a cursor says; what is none is not taken for one", () => {
    const key = { start: NOW, id: ID };
    expect(readCursor(cursorOf(key))).toEqual(key);
    expect(readCursor(`0.${ID}`)).toEqual({ start: 0, id: ID });
    for (const text of [
      "",
      ID,
      `.${ID}`,
      `1.${ID}0`,
      `1.${ID.toUpperCase()}x`,
      `-1.${ID}`,
      `${"1".repeat(16)}.${ID}`,
    ]) {
      expect([text, readCursor(text)]).toEqual([text, null]);
    }
  });
});

describe("the name in lists", () => {
  const named = (annotations: string, more: object = {}) => listNameIn(recordOf({ annotations, ...more }));

  it("is what the record says, or follows from the path of its action", () => {
    expect(named("[]", { meta: META })).toBe("p/hello");
    expect(named('[{"key":"path","value":"guest/p/hello"}]')).toBe("p/hello");
    for (const path of ["guest/hello", "a/b/c/d", 7]) {
      expect(named(JSON.stringify([{ key: "path", value: path }]))).toBe("hello");
    }
    expect(named("[]")).toBe("hello");
    for (const meta of [null, { listName: 7 }]) expect(named("[]", { meta })).toBe("hello");
  });
});
