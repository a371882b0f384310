// CloudEvents in their JSON format: what is taken as which event, and what is refused with which words.

import { describe, expect, it } from "vitest";
import { EVENT, jsonOf, read, STRUCTURED, structured } from "./cloud-events.ts";

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
