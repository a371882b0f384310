// What is sent to a hook, and what its answers mean.

import { createHmac } from "node:crypto";
import { describe, expect, it, test } from "vitest";
import { linesOf, signatureHeaders, targetOf, verdictOf } from "../../../durable-objects/activations/forward-batch.ts";
import { recordOf, triggerRecord } from "../../../src/entities/activation.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import { metaOf as describeRecord } from "../../../src/entities/describe-record.ts";
import { completed, metaOf, START } from "../calls.ts";

const about = metaOf({ keyId: "the-key-id" });
const completion = completed();
const made = recordOf(newActivationId(START, 1), about, { completion, now: START });
const record = { ...made, meta: describeRecord(about, { completion, start: made.start }) };
const PARTS = { result: '{"n":12345678901234567890,\n "t":"a\\nb"}', logs: '["one"]' };

describe("a line", () => {
  it("is the record as clients see it, with its meta, each number as it was, and no key", () => {
    const line = linesOf(record, PARTS, { format: "ndjson" });
    expect(line.split("\n")).toEqual([line.slice(0, -1), ""]);
    expect(line).toContain('"n":12345678901234567890');
    expect(line).not.toContain("the-key-id");
    expect(JSON.parse(line)).toMatchObject({
      ...{ activationId: record.activationId, namespace: "guest", logs: ["one"], publish: false },
      response: { success: true, status: "success", result: { t: "a\nb" } },
      meta: { v: 1, kind: "nodejs:20", listName: "hello" },
    });
  });

  it("names what is not in it", () => {
    const whole = JSON.parse(linesOf(record, { result: null, logs: null }, { format: "ndjson" }));
    expect(whole).toMatchObject({ response: { result: null }, logs: [], omitted: ["result", "logs"] });
    expect(JSON.parse(linesOf(record, PARTS, { format: "ndjson" })).omitted).toBeUndefined();
  });

  it("of a trigger, or of a record from before there was a meta, is whole as well", () => {
    const fired = triggerRecord(record.activationId, about, { payload: { inline: "{}" }, logs: { inline: "[]" } });
    const line = JSON.parse(linesOf(fired, { result: "{}", logs: "[]" }, { format: "ndjson" }));
    expect(line).toMatchObject({ activationId: record.activationId, response: { result: {} } });
    expect([line.meta, line.end]).toEqual([undefined, undefined]);
  });

  it("of _bulk follows its action, and no result or annotation gives the index a mapping", () => {
    const [action = "", line = "", end] = linesOf(record, PARTS, { format: "elasticsearch", index: "runs" }).split(
      "\n",
    );
    expect([JSON.parse(action), end]).toEqual([{ index: { _index: "runs", _id: record.activationId } }, ""]);
    const value = JSON.parse(line);
    expect(value["@timestamp"]).toBe(new Date(record.start).toISOString());
    expect(typeof value.annotations).toBe("string");
    expect(JSON.parse(value.response.result)).toMatchObject({ t: "a\nb" });
    const [plain = ""] = linesOf(record, PARTS, { format: "elasticsearch" }).split("\n");
    expect(JSON.parse(plain)).toEqual({ index: { _id: record.activationId } });
  });
});

test("of Elasticsearch no more is asked for than is looked at, whatever the URL has", () => {
  const target = (url: string) => targetOf({ url, format: "elasticsearch" });
  const filter = "filter_path=errors,items.*.status,items.*.error.type";
  expect(target("https://es.example/_bulk")).toBe(`https://es.example/_bulk?${filter}`);
  expect(target("https://es.example/_bulk?pipeline=a#b")).toBe(`https://es.example/_bulk?pipeline=a&${filter}#b`);
  expect(target("https://es.example/_bulk?filter_path=errors")).toBe("https://es.example/_bulk?filter_path=errors");
  expect(targetOf({ url: "https://a.example/x", format: "ndjson" })).toBe("https://a.example/x");
});

test.each([
  ["a secret of its own", (text: string) => text],
  [
    `whsec_${Buffer.from("thirty-two bytes of a secret key").toString("base64")}`,
    () => "thirty-two bytes of a secret key",
  ],
])("what is signed with %s is what Standard Webhooks say", async (secret, keyOf) => {
  const body = new TextEncoder().encode("ü\n");
  const headers = await signatureHeaders(secret, { id: "batch-1", body, now: 1_700_000_000_999 });
  const signed = Buffer.concat([Buffer.from("batch-1.1700000000."), body]);
  const right = createHmac("sha256", keyOf(secret)).update(signed).digest("base64");
  expect(headers).toEqual({
    "webhook-id": "batch-1",
    "webhook-timestamp": "1700000000",
    "webhook-signature": `v1,${right}`,
  });
});

describe("an answer", () => {
  const of = (status: number, text = "") => ({ ok: true as const, status, text });
  const items = (...statuses: number[]) =>
    JSON.stringify({
      errors: true,
      items: statuses.map((status) => ({ index: { status, ...(status < 400 ? {} : { error: { type: "odd" } }) } })),
    });

  test.each([
    [of(200), { kind: "taken", refused: 0 }],
    [of(204), { kind: "taken", refused: 0 }],
    [of(413, "too\nlarge"), { kind: "split", reason: "it answered 413: too large" }],
    [of(400), { kind: "split", reason: "it answered 400" }],
    [of(401), { kind: "again", reason: "it answered 401" }],
    [of(404), { kind: "again", reason: "it answered 404" }],
    [of(429), { kind: "again", reason: "it answered 429" }],
    [of(503, "x".repeat(500)), { kind: "again", reason: `it answered 503: ${"x".repeat(200)}` }],
    [
      { ok: false as const, reason: "it was not reached" },
      { kind: "again", reason: "it was not reached" },
    ],
  ])("%j", (reply, verdict) => {
    expect(verdictOf(reply, "ndjson")).toEqual(verdict);
  });

  test.each([
    ['{"errors":false}', { kind: "taken", refused: 0 }],
    [items(201, 200), { kind: "again", reason: "it reports errors and does not say which" }],
    [items(201, 400, 400), { kind: "taken", refused: 2, reason: "it refused records, one with 400: odd" }],
    [items(201, 400, 429), { kind: "again", reason: "it answered 429 for some records" }],
    [items(503), { kind: "again", reason: "it answered 503 for some records" }],
    ["<html>", { kind: "again", reason: "its answer is none of Elasticsearch's _bulk" }],
    ["null", { kind: "again", reason: "its answer is none of Elasticsearch's _bulk" }],
    ['{"errors":true,"items":[null,7,{"index":null}]}', expect.objectContaining({ kind: "again" })],
  ])("of _bulk %s", (text, verdict) => {
    expect(verdictOf(of(200, text), "elasticsearch")).toEqual(verdict);
  });
});
