// CloudEvents over HTTP, as headers and as batches: which events they are, and what is refused with which words.

import { describe, expect, it } from "vitest";
import { MAX_EVENTS } from "../../src/events/cloud-event-http.ts";
import { EVENT, jsonOf, read, STRUCTURED, structured } from "./cloud-events.ts";

const BATCH = "application/cloudevents-batch+json";
const CE = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/a", "ce-type": "t" };

describe("binary", () => {
  it("has its attributes in headers and its data in the body, whose JSON keeps its bytes", () => {
    const headers = { ...CE, "CE-Subject": "s", "ce-com1": "x", "content-type": "application/json; charset=utf-8" };
    expect(jsonOf(read(headers, '{ "n": 1.0, "m": 18446744073709551616 }'))).toEqual([
      '{"com1":"x","id":"1","source":"/a","specversion":"1.0","subject":"s","type":"t",' +
        '"datacontenttype":"application/json; charset=utf-8","data":{ "n": 1.0, "m": 18446744073709551616 }}',
    ]);
  });

  it.each([
    ["text/plain", "ä", '"data":"ä"'],
    ["application/vnd.x+xml", "<a/>", '"data":"<a/>"'],
    ["application/octet-stream", new Uint8Array([0, 255]), '"data_base64":"AP8="'],
    ["application/json", "", '"datacontenttype":"application/json"}'],
    ["application/json", "null", '"data":null}'],
  ])("with data of %s", (type, body, expected) => {
    expect(jsonOf(read({ ...CE, "Content-Type": type }, body))).toEqual([expect.stringContaining(expected)]);
  });

  it("without a type has its data in base64, or none", () => {
    expect(jsonOf(read(CE, "abc"))).toEqual([expect.stringContaining('"data_base64":"YWJj"')]);
    expect(jsonOf(read(CE))).toEqual(['{"id":"1","source":"/a","specversion":"1.0","type":"t"}']);
  });

  it.each([
    ["Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"],
    ["%e2%82%ac", "€"],
    ["%41", "A"],
    ["a b", "a b"],
    ['"a \\" %25"', 'a " %'],
  ])("reads the value %s as %s", (sent, value) => {
    expect(jsonOf(read({ ...CE, "ce-ext": sent }))).toEqual([
      expect.stringContaining(`"ext":${JSON.stringify(value)}`),
    ]);
  });

  it.each([
    [{ "ce-ext": "%C0%A0" }, "header ce-ext is not percent-encoded"],
    [{ "ce-ext": "%4" }, "header ce-ext is not percent-encoded"],
    [{ "ce-ext": "ä" }, "header ce-ext is not percent-encoded"],
    [{ "ce-ext": "%00" }, "character that is not allowed"],
    [{ "ce-my-ext": "1" }, "attribute my-ext has a name"],
    [{ "ce-": "1" }, "has a name"],
    [{ "ce-datacontenttype": "a/b" }, "and not a header ce-datacontenttype"],
    [{ "ce-specversion": "0.3" }, 'specversion is "0.3", and only "1.0" is taken'],
    [{ "ce-specversion": "1.0, 1.0" }, "specversion"],
    [{ "ce-id": "" }, "id must not be empty"],
    [{ "ce-time": "yesterday" }, "time must be a time of RFC 3339"],
    [{ "ce-knativebrokerttl": "0" }, "gone round too often"],
    [{ "Content-Type": "nonsense" }, "datacontenttype must be a media type"],
  ])("refuses %j", (headers, words) => {
    expect(read({ ...CE, ...headers })).toMatchObject({ code: "bad-request", text: expect.stringContaining(words) });
  });

  it.each(["ce-id", "ce-source", "ce-type"])("refuses one without %s", (name) => {
    const { [name]: _, ...headers } = CE as Record<string, string>;
    expect(read(headers)).toMatchObject({
      code: "bad-request",
      text: expect.stringContaining(`${name.slice(3)} is missing`),
    });
  });

  it("refuses what is no event, is not in the character set it says, or in none that is known", () => {
    expect(read({ "Content-Type": "application/json" }, "{}")).toMatchObject({ code: "bad-request" });
    expect(read({ ...CE, "Content-Type": "application/json" }, "{")).toMatchObject({ code: "malformed-body" });
    const latin = new Uint8Array([0x22, 0xe4, 0x22]);
    expect(read({ ...CE, "Content-Type": "application/json" }, latin)).toMatchObject({ code: "malformed-body" });
    const named = read({ ...CE, "Content-Type": "application/json; charset=ISO-8859-1" }, latin);
    expect(jsonOf(named)).toEqual([expect.stringContaining('"data":"ä"')]);
    const unknown = read({ ...CE, "Content-Type": "text/plain; charset=utf-16" }, "ab");
    expect(unknown).toMatchObject({ code: "unsupported-media" });
  });
});

describe("the mode", () => {
  it("follows from the content type, whatever its case and its parameters", () => {
    const types = [
      STRUCTURED,
      `${STRUCTURED}; charset=utf8`,
      "Application/CloudEvents",
      "application/cloudevents ; x=1",
    ];
    for (const type of types)
      expect([type, structured(EVENT, type)]).toMatchObject([type, { value: { batch: false } }]);
    expect(structured([EVENT], `${BATCH.toUpperCase()};charset="US-ASCII"`)).toMatchObject({ value: { batch: true } });
    for (const type of ["application/cloudevents+json+x", "application/cloudeventsx", "text/cloudevents+json"]) {
      expect([type, structured(EVENT, type).ok]).toEqual([type, false]);
    }
  });

  it("binary is not asked for its ce- headers where the body is the event", () => {
    const both = read({ ...CE, "ce-id": "header", "Content-Type": STRUCTURED }, JSON.stringify(EVENT));
    expect(both).toMatchObject({ value: { events: [{ id: "1" }] } });
  });

  it("structured may not go round for ever either, alone or in a batch", () => {
    const round = { ...EVENT, knativebrokerttl: 0 };
    expect(structured(round)).toMatchObject({ text: expect.stringContaining("gone round too often") });
    expect(structured([EVENT, round], BATCH)).toMatchObject({ text: expect.stringMatching(/^Event 1 .*gone round/) });
  });
});

describe("a batch", () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => ({ ...EVENT, id: `e${n}` }));

  it("is an array of events, in order; it may be empty", () => {
    expect(structured(many(3), BATCH)).toMatchObject({
      value: { batch: true, events: [{ id: "e0" }, { id: "e1" }, { id: "e2" }] },
    });
    expect(structured([], BATCH)).toEqual({ ok: true, value: { batch: true, events: [] } });
  });

  it("is refused as a whole: too many, one that is bad, no array", () => {
    expect(structured(many(MAX_EVENTS), BATCH).ok).toBe(true);
    expect(structured(many(MAX_EVENTS + 1), BATCH)).toMatchObject({ code: "too-large" });
    const [first] = many(1);
    const result = structured([first, { ...EVENT, type: "" }], BATCH);
    expect(result).toMatchObject({ code: "bad-request", text: expect.stringMatching(/^Event 1 of the batch: .*type/) });
    expect(structured(EVENT, BATCH)).toMatchObject({ code: "bad-request" });
    expect(structured([EVENT, 5], BATCH)).toMatchObject({ code: "bad-request" });
  });
});
