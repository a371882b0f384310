import { describe, expect, it } from "vitest";
import { answerOf } from "../../../src/http/web/answer.ts";
import type { Extension } from "../../../src/http/web/path.ts";
import { growth, LINEAR } from "../../support/growth.ts";

function answer(result: unknown, extension: Extension = ".http") {
  const made = answerOf(typeof result === "string" ? result : JSON.stringify(result), extension);
  return made.ok ? made.value : `${made.code}: ${made.text}`;
}

describe("answerOf() for .http", () => {
  it("answers 204 without a body and keeps headers but the content type", () => {
    const headers = { location: "https://x", "Content-Type": "text/plain" };
    expect(answer({ headers, statusCode: 302 })).toEqual({
      status: 302,
      headers: [["location", "https://x"]],
      body: null,
    });
    for (const body of [undefined, null, ""])
      expect(answer({ body })).toEqual({ status: 204, headers: [], body: null });
  });

  it("takes text as HTML and JSON as JSON, keeping its bytes", () => {
    expect(answer({ body: "hi" })).toEqual({
      status: 200,
      headers: [["content-type", "text/html; charset=UTF-8"]],
      body: "hi",
    });
    expect(answer('{"body":{"n":18446744073709551616, "f":1.0}}')).toEqual({
      status: 200,
      headers: [["content-type", "application/json"]],
      body: '{"n":18446744073709551616, "f":1.0}',
    });
  });

  it("decodes base64 for binary types and refuses what is no base64", () => {
    const headers = { "content-type": "image/png" };
    expect(answer({ headers, body: btoa("\x89PNG!!") })).toMatchObject({
      body: new Uint8Array([0x89, 80, 78, 71, 33, 33]),
    });
    expect(answer({ headers, body: "no base64" })).toMatch(/did not match generated content type/);
  });

  it("decodes SVG and unregistered types, whose body may also be text", () => {
    const svg = "<svg xmlns='x'>é</svg>";
    const coded = Buffer.from(svg).toString("base64");
    for (const type of ["image/svg+xml", "application/yaml", "text/vtt", "application/foo+xml", "application/x-own"]) {
      const bytes = answer({ headers: { "content-type": type }, body: coded });
      expect(bytes).toEqual({ status: 200, headers: [["content-type", type]], body: new Uint8Array(Buffer.from(svg)) });
      expect(answer({ headers: { "content-type": type }, body: svg })).toMatchObject({
        headers: [["content-type", `${type}; charset=UTF-8`]],
        body: svg,
      });
      expect(answer({ headers: { "content-type": `${type}; charset=utf-8` }, body: coded })).toMatchObject(
        type === "image/svg+xml" ? { body: new Uint8Array(Buffer.from(svg)) } : { body: coded },
      );
    }
  });

  it.each([
    ["QQ", "A"],
    ["QUI", "AB"],
    ["QUJD", "ABC"],
    ["QQ==", "A"],
    ["QUI=", "AB"],
    ["QUJDR", null],
    ["QQ=", null],
    ["QU=", null],
    ["====", null],
    ["QU JD", null],
    ["QUJ-", null],
  ])("reads %s, padded or not, as %s", (body, bytes) => {
    const made = answer({ headers: { "content-type": "image/png" }, body });
    if (bytes === null) expect(made).toMatch(/did not match generated content type/);
    else expect(made).toMatchObject({ body: new Uint8Array(Buffer.from(bytes)) });
  });

  it("says UTF-8 of text, whatever charset the action named, since that is what is sent", () => {
    const headers = { "content-type": "text/html; charset=iso-8859-1" };
    expect(answer({ headers, body: "ü" })).toMatchObject({
      headers: [["content-type", "text/html; charset=UTF-8"]],
      body: "ü",
    });
  });

  it("leaves out headers that ask a browser something for all that is served here", () => {
    const headers = { "Service-Worker-Allowed": "/", "clear-site-data": ['"*"'], "x-own": "1" };
    expect(answer({ headers })).toEqual({ status: 204, headers: [["x-own", "1"]], body: null });
  });

  it("repeats headers given as arrays and prints numbers by their bytes", () => {
    const made = answer('{"headers":{"Set-Cookie":["a=1","b=2"],"x-n":1.0,"x-t":true},"body":"x"}');
    expect(made).toMatchObject({
      headers: [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["x-n", "1.0"],
        ["x-t", "true"],
        ["content-type", "text/html; charset=UTF-8"],
      ],
    });
  });

  it.each([
    [[1]],
    [{ statusCode: "abc" }],
    [{ statusCode: 1.5 }],
    [{ statusCode: true }],
    [{ statusCode: 99 }],
    [{ headers: [] }],
    [{ headers: { a: {} } }],
    [{ headers: { a: "b\r\nc: d" } }],
    [{ headers: { "a b": "c" } }],
  ])("refuses %j as no HTTP message", (result) => {
    expect(answer(result)).toBe("bad-request: Response is not valid 'message/http'.");
  });

  it("sends no more headers than fit, however few characters ask for them", () => {
    const many = (name: string, count: number) => ({ headers: { [name]: Array(count).fill(1) }, body: "x" });
    const hostile = (scale: number): unknown[] => [
      many("x".repeat(1_875 * scale), 1_875 * scale),
      many("set-cookie", 2_500 * scale),
      many("set-cookie", 1_001),
      many("x".repeat(100), 700),
      { headers: { a: "y".repeat(70_000) }, body: "x" },
      `{"headers":{"a":${"[".repeat(3_750 * scale)}${"]".repeat(3_750 * scale)}},"body":"x"}`,
      `{"headers":{"a":${"[".repeat(31_250 * scale)}${"]".repeat(31_250 * scale)}},"body":"x"}`,
      `{"headers":{"a":${"[".repeat(9)}1${"]".repeat(9)}},"body":"x"}`,
    ];
    const refuse = (scale: number) => {
      for (const result of hostile(scale))
        expect(answer(result)).toBe("bad-request: Response is not valid 'message/http'.");
    };
    expect(growth(refuse)).toBeLessThan(LINEAR);
    expect(answer(many("set-cookie", 1_000))).toMatchObject({ status: 200 });
    expect(answer(`{"headers":{"a":${"[".repeat(8)}1${"]".repeat(8)}},"body":"x"}`)).toMatchObject({ status: 200 });
  });

  it("takes numeric strings and unusual numbers as status", () => {
    expect(answer({ statusCode: "418", body: "x" })).toMatchObject({ status: 418 });
    expect(answer({ statusCode: 799, body: "x" })).toMatchObject({ status: 799 });
  });

  it("refuses a JSON body under another type, and a type nobody can read", () => {
    expect(answer({ headers: { "content-type": "text/html" }, body: { a: 1 } })).toMatch(/did not match/);
    expect(answer({ headers: { "content-type": "nonsense" }, body: "x" })).toMatch(/known content-type/);
    expect(answer({ headers: { "content-type": "application/foo+json" }, body: { a: 1 } })).toMatchObject({
      body: '{"a":1}',
    });
  });
});

describe("answerOf() for the other extensions", () => {
  it("projects html, svg and text", () => {
    expect(answer({ html: "<b>" }, ".html")).toMatchObject({
      body: "<b>",
      headers: [["content-type", "text/html; charset=UTF-8"]],
    });
    expect(answer('"plain"', ".html")).toMatchObject({ body: "plain" });
    expect(answer({ n: 1 }, ".html")).toBe("bad-request: Response is not valid 'text/html'.");
    expect(answer({ svg: "<svg/>" }, ".svg")).toMatchObject({ body: "<svg/>" });
    expect(answer({ text: 1.5 }, ".text")).toMatchObject({ body: "1.5" });
    expect(answer({ text: null }, ".text")).toMatchObject({ body: "null" });
    expect(answer({ text: { a: 1 } }, ".text")).toMatchObject({ body: '{\n  "a": 1\n}' });
    expect(answer({ text: [1, { a: [] }] }, ".text")).toMatchObject({ body: '[1, {\n  "a": []\n}]' });
    expect(answer({ other: 1 }, ".text")).toMatch(/^response-field-missing/);
  });

  it("makes nothing larger than what was stored, or than an action may answer", () => {
    const nest = (depth: number, leaf: string) => `${'{"a":'.repeat(depth)}${leaf}${"}".repeat(depth)}`;
    const bombs = [
      (scale: number) =>
        `[${Array(19 * scale)
          .fill(nest(400, "0"))
          .join()}]`,
      (scale: number) => nest(90, `{${Array.from({ length: 2_500 * scale }, (_, at) => `"k${at}":0`).join()}}`),
      (scale: number) => nest(9_500 * scale, "0"),
      (scale: number) => "[".repeat(31_250 * scale) + "]".repeat(31_250 * scale),
      (scale: number) => `[${"{},".repeat(21_250 * scale)}0]`,
    ];
    const make = (bomb: string) => {
      for (const result of [`{"text":${bomb}}`, `{"body":${bomb}}`, bomb]) {
        const made = answer(result, ".text");
        if (typeof made === "string") expect(made).toMatch(/^response-field-missing/);
        else expect((made.body as string).length).toBeLessThanOrEqual(1_048_576);
      }
    };
    for (const bomb of bombs) expect(growth((scale) => make(bomb(scale)))).toBeLessThan(LINEAR);
  });

  it("takes objects and arrays as JSON and nothing else", () => {
    expect(answer("[1.0]", ".json")).toMatchObject({ status: 200, body: "[1.0]" });
    expect(answer("7", ".json")).toBe("bad-request: Response is not valid 'application/json'.");
  });
});
