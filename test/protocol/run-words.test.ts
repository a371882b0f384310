// `result` and `record` as they are read by hand: each bound from both sides, what is left out, what is dropped, and
// what a host may name. That the schemas say the same is held by fuzz.test.ts.

import { describe, expect, it } from "vitest";
import { MAX_BODY, MAX_INLINE } from "../../src/entities/limits.ts";
import { MAX_TEXT, MAX_TRANSACTION } from "../../src/protocol/invocation.ts";
import { MAX_ATTEMPT } from "../../src/protocol/messages.ts";
import { MAX_BYTES, MAX_ENGINE, MAX_HOST, MAX_MS } from "../../src/protocol/reported.ts";
import { readRunWord } from "../../src/protocol/run-words.ts";

const ID = "0123456789abcdef0123456789abcdef";
const LEASE = { epoch: 3, counter: 17 };
const COMPLETION = {
  ...{ statusCode: 0, result: { inline: "{}" }, size: 2, duration: 12, endedAgo: 1 },
  ...{ timedOut: false, engine: "docker", ran: true },
};
const ABOUT = {
  ...{ namespace: "guest", namespaceId: "n", subject: "guest", name: "hello", version: "0.0.1", path: "guest/hello" },
  ...{ kind: "nodejs:24", acceptedAt: 7, transactionId: "t" },
  limits: { timeout: 1, memory: 2, logs: 3, concurrency: 4 },
};

type Loose = Record<string, unknown>;

const result = (more: Loose = {}) =>
  readRunWord({ t: "result", id: ID, attempt: 1, lease: LEASE, completion: COMPLETION, ...more });
const completed = (more: Loose) => result({ completion: { ...COMPLETION, ...more } });
const record = (about: unknown) =>
  readRunWord({ t: "record", id: ID, attempt: 1, lease: LEASE, completion: COMPLETION, about });
const noted = (more: Loose) => record({ ...ABOUT, ...more });

function without(given: Loose, name: string): Loose {
  const { [name]: _, ...rest } = given;
  return rest;
}

describe("a result", () => {
  it("comes out as it went in, without what nobody knows", () => {
    const word = { t: "result", id: ID, attempt: 1, lease: LEASE, completion: COMPLETION };
    expect(result()).toEqual(word);
    const strange = { epoch: 3, counter: 17, more: 1 };
    expect(result({ extra: 1, lease: strange, about: ABOUT, completion: { ...COMPLETION, extra: 1 } })).toEqual(word);
  });

  it.each([
    ["id", [undefined, "", ID.slice(1), `${ID}0`, ID.toUpperCase(), 7]],
    ["attempt", [undefined, 0, -1, 1.5, "1", MAX_ATTEMPT + 1]],
    [
      "lease",
      [undefined, null, [], {}, { epoch: 3 }, { counter: 1 }, { epoch: -1, counter: 1 }, { epoch: 1, counter: 0.5 }],
    ],
  ])("without a good %s is none", (name, bad) => {
    for (const value of bad)
      expect([value, result({ [name]: value })]).toEqual([value, "result without id, attempt or lease"]);
  });

  it("may be of the last attempt, and of the first lease", () => {
    expect(result({ attempt: MAX_ATTEMPT, lease: { epoch: 0, counter: 0 } })).toMatchObject({ attempt: MAX_ATTEMPT });
  });
});

describe("a completion", () => {
  const malformed = `result ${ID} with a malformed completion`;

  it.each(Object.keys(COMPLETION))("needs its %s", (name) => {
    expect(result({ completion: without(COMPLETION, name) })).toBe(malformed);
  });

  it.each([null, [], "x", undefined])("is not %j", (completion) => expect(result({ completion })).toBe(malformed));

  it.each([0, 1, 2, 3])("may have the status %d", (statusCode) => {
    expect(completed({ statusCode })).toMatchObject({ completion: { statusCode } });
  });

  it.each([
    ...[{ statusCode: 4 }, { statusCode: "0" }, { statusCode: 1.5 }, { timedOut: 0 }, { ran: null }, { engine: 7 }],
    ...[{ prewarmed: false }, { prewarmed: 1 }, { host: null }, { initTime: undefined }, { logs: undefined }],
    ...[{ size: -1 }, { size: Number.NaN }, { duration: "1" }, { endedAgo: -0.1 }],
  ])("is refused with %j", (more) => expect(completed(more)).toBe(malformed));

  it.each([
    ["size", MAX_BYTES],
    ["duration", MAX_MS],
    ["endedAgo", MAX_MS],
    ["initTime", MAX_MS],
    ["logsCut", MAX_BYTES],
  ])("counts in %s from 0 up to a bound", (name, most) => {
    for (const good of [0, 0.5, most])
      expect(completed({ [name]: good })).toMatchObject({ completion: { [name]: good } });
    expect(completed({ [name]: most * 1.000_001 })).toBe(malformed);
  });

  it.each([
    ["engine", MAX_ENGINE],
    ["host", MAX_HOST],
  ])("has a text in %s of a length that is bounded", (name, most) => {
    expect(completed({ [name]: "x".repeat(most) })).toMatchObject({ completion: { [name]: "x".repeat(most) } });
    expect(completed({ [name]: "x".repeat(most + 1) })).toBe(malformed);
  });

  it("keeps what it may leave out", () => {
    const more = { initTime: 3, prewarmed: true, host: "one", logs: { inline: '["a"]' }, logsCut: 7 };
    expect(completed(more)).toMatchObject({ completion: { ...COMPLETION, ...more } });
  });

  it.each(["{", "", "[1", "undefined"])("is refused with the result %j, which is no JSON", (inline) => {
    expect(completed({ result: { inline } })).toBe(malformed);
  });

  it.each(["{}", "[1]", '"a"', "null"])("is refused with the logs %j, which are no lines", (inline) => {
    expect(completed({ logs: { inline } })).toBe(malformed);
  });

  it("has a payload that is one thing or the other, within its size", () => {
    const blob = `results/${ID}/1`;
    expect(completed({ result: { blob, size: MAX_BODY } })).toMatchObject({ completion: { result: { blob } } });
    const long = `"${"x".repeat(MAX_INLINE - 2)}"`;
    expect(completed({ result: { inline: long } })).toMatchObject({ completion: { result: { inline: long } } });
    const wrong = [
      ...[{ inline: `${long} ` }, { inline: "{}", size: 2 }, { inline: "{}", blob }, { blob }, { size: 2 }, {}, "{}"],
      ...[
        { blob, size: MAX_BODY + 1 },
        { blob, size: -1 },
        { blob, size: 1.5 },
        { blob: 7, size: 1 },
      ],
      ...[
        { blob: "x".repeat(101), size: 1 },
        { blob, size: 1, more: 1 },
      ],
    ];
    for (const payload of wrong) expect([payload, completed({ result: payload })]).toEqual([payload, malformed]);
  });

  it("names only blobs of its own run and attempt", () => {
    const foreign = [`results/${ID}/2`, `logs/${ID}/1`, `results/${"f".repeat(32)}/1`, "code/x"];
    const said = `result ${ID} names what is not its own`;
    for (const blob of foreign) expect([blob, completed({ result: { blob, size: 1 } })]).toEqual([blob, said]);
    expect(completed({ logs: { blob: `results/${ID}/1`, size: 1 } })).toBe(said);
    expect(completed({ logs: { blob: `logs/${ID}/1`, size: 1 } })).toMatchObject({ t: "result" });
  });
});

describe("what a record is about", () => {
  const malformed = `record ${ID} with a malformed about`;

  it("comes out as it went in, without what nobody knows", () => {
    const more = {
      ...{ keyId: "k", binding: "guest/b", cause: "c", actionRevision: "r", trigger: "t", rule: "u", source: "s" },
      ...{ causedBy: "sequence", topmost: false, conductor: true, permitMs: 3, store: false },
      limits: { ...ABOUT.limits, instances: 5 },
    };
    expect(record(ABOUT)).toMatchObject({ t: "record", about: ABOUT });
    expect(noted({ ...more, extra: 1 })).toEqual({
      ...{ t: "record", id: ID, attempt: 1, lease: LEASE, completion: COMPLETION, about: { ...ABOUT, ...more } },
    });
  });

  it.each(Object.keys(ABOUT))("needs its %s", (name) => expect(record(without(ABOUT, name))).toBe(malformed));
  it.each(Object.keys(ABOUT.limits))("needs the limit %s", (name) => {
    expect(noted({ limits: without(ABOUT.limits, name) })).toBe(malformed);
  });

  it.each([undefined, null, [], "x"])("is not %j", (about) => expect(record(about)).toBe(malformed));

  it.each([
    ...[{ causedBy: "rule" }, { topmost: "true" }, { conductor: false }, { store: 0 }, { permitMs: -1 }],
    ...[{ acceptedAt: -1 }, { acceptedAt: "7" }, { limits: [] }, { limits: { ...ABOUT.limits, instances: -1 } }],
    ...[{ cause: undefined }, { topmost: undefined }, { store: null }, { permitMs: null }],
  ])("is refused with %j", (more) => expect(noted(more)).toBe(malformed));

  it.each(["namespace", "keyId", "path", "source"])("has a text in %s of a length that is bounded", (name) => {
    expect(noted({ [name]: "x".repeat(MAX_TEXT) })).toMatchObject({ t: "record" });
    expect(noted({ [name]: "x".repeat(MAX_TEXT + 1) })).toBe(malformed);
    expect(noted({ [name]: 7 })).toBe(malformed);
  });

  it("has a transaction id of a length that is bounded", () => {
    expect(noted({ transactionId: "x".repeat(MAX_TRANSACTION) })).toMatchObject({ t: "record" });
    expect(noted({ transactionId: "x".repeat(MAX_TRANSACTION + 1) })).toBe(malformed);
  });
});
