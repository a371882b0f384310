// CloudEvents over HTTP: what is taken in each mode, as which event, and what is refused with which words.

import { describe, expect, it } from "vitest";
import { eventsOf, MAX_EVENTS } from "../../src/events/cloud-event-http.ts";

const STRUCTURED = "application/cloudevents+json";
const BATCH = "application/cloudevents-batch+json";
const EVENT = { specversion: "1.0", id: "1", source: "/a", type: "t" };
const CE = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/a", "ce-type": "t" };

const read = (headers: Record<string, string>, body: string | Uint8Array = "") =>
  eventsOf({ headers: new Headers(headers), body: typeof body === "string" ? Buffer.from(body) : body });
const structured = (event: unknown, type = STRUCTURED) =>
  read({ "Content-Type": type }, typeof event === "string" ? event : JSON.stringify(event));
const jsonOf = (result: ReturnType<typeof read>) =>
  result.ok ? result.value.events.map(({ json }) => json) : result.text;

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

describe("structured", () => {
  it("is the body, whose values keep their bytes; what is null is not there", () => {
    const body =
      '{"specversion":"1.0","id":"1","source":"urn:x","type":"t","subject":null,"n":1,"b":true,"data":{"a": 1.0}}';
    expect(jsonOf(structured(body, "Application/CloudEvents+JSON; charset=UTF-8"))).toEqual([
      '{"specversion":"1.0","id":"1","source":"urn:x","type":"t","n":1,"b":true,"data":{"a": 1.0}}',
    ]);
    expect(jsonOf(structured({ ...EVENT, data: null }))).toEqual([expect.stringContaining('"data":null')]);
    expect(jsonOf(structured({ ...EVENT, data_base64: "AP8=" }))).toEqual([expect.stringContaining("AP8=")]);
    expect(structured(EVENT)).toMatchObject({ value: { batch: false, events: [{ source: "/a", id: "1" }] } });
  });

  it.each([
    ["2026-11-28T12:00:00Z", true],
    ["2026-11-28t12:00:00.123456+02:00", true],
    ["2026-12-31T23:59:60Z", true],
    ["2026-11-28", false],
    ["2026-11-28 12:00:00Z", false],
    ["2026-13-28T12:00:00Z", false],
    ["2026-11-28T24:00:00Z", false],
    [1_700_000_000, false],
  ])("with the time %s: %s", (time, good) => {
    expect(structured({ ...EVENT, time }).ok).toBe(good);
  });

  it.each([
    [{ specversion: "0.3" }, 'only "1.0"'],
    [{ specversion: 1 }, "must be a string"],
    [{ id: 5 }, "id must be a string"],
    [{ id: "" }, "id must not be empty"],
    [{ source: "" }, "URI reference"],
    [{ source: "a b" }, "URI reference"],
    [{ source: "%4" }, "URI reference"],
    [{ type: "" }, "type must not be empty"],
    [{ subject: "" }, "subject must not be empty"],
    [{ dataschema: "relative" }, "absolute URI"],
    [{ datacontenttype: "json" }, "media type"],
    [{ myExtension: "x" }, "myExtension has a name"],
    [{ my_extension: "x" }, "my_extension has a name"],
    [{ ext: 1.5 }, "whole number of 32 bits"],
    [{ ext: 2_147_483_648 }, "whole number of 32 bits"],
    [{ ext: {} }, "must be a string, a number or a boolean"],
    [{ ext: ["a"] }, "must be a string, a number or a boolean"],
    [{ ext: "a\nb" }, "character that is not allowed"],
    [{ ext: "\ud800" }, "character that is not allowed"],
    [{ ext: "\ufffe" }, "character that is not allowed"],
    [{ data: 1, data_base64: "AA==" }, "both data and data_base64"],
    [{ data_base64: "AA=" }, "not base64"],
    [{ data_base64: 1 }, "not base64"],
    [{ knativebrokerttl: 0 }, "gone round too often"],
    [Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`x${n}`, "1"])), "more than 100 attributes"],
  ])("refuses %j", (more, words) => {
    const result = structured({ ...EVENT, ...more });
    expect(result).toMatchObject({ code: "bad-request", text: expect.stringContaining(words) });
  });

  it("refuses what is no object, no JSON, has a name twice, or is in another format or character set", () => {
    expect(structured("[]")).toMatchObject({ code: "bad-request" });
    expect(structured("{")).toMatchObject({ code: "malformed-body" });
    const twice = '{"specversion":"1.0","id":"1","id":"2","source":"/a","type":"t"}';
    expect(structured(twice)).toMatchObject({ code: "bad-request", text: expect.stringContaining("twice") });
    for (const type of ["application/cloudevents+avro", "application/cloudevents+json; charset=iso-8859-1"]) {
      expect(structured(EVENT, type)).toMatchObject({ code: "unsupported-media" });
    }
    expect(read({ "Content-Type": STRUCTURED }, new Uint8Array([0x22, 0xe4, 0x22]))).toMatchObject({
      code: "malformed-body",
    });
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
