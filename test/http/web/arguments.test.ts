import { describe, expect, it } from "vitest";
import { mergeLayers } from "../../../src/entities/raw-json.ts";
import { argumentsOf, RESERVED, type WebRequest } from "../../../src/http/web/arguments.ts";
import { webTargetOf } from "../../../src/http/web/path.ts";

interface Given extends Omit<Partial<WebRequest>, "body"> {
  body?: string | Uint8Array;
  raw?: boolean;
  frozen?: string[];
}

function args(given: Given) {
  const body = typeof given.body === "string" ? new TextEncoder().encode(given.body) : (given.body ?? new Uint8Array());
  const made = argumentsOf(
    { method: "POST", headers: [["x-a", "1"]], rest: "/r", query: "", contentType: null, user: null, ...given, body },
    { raw: given.raw ?? false, frozen: new Set(given.frozen) },
  );
  return made.ok ? mergeLayers(made.value) : `${made.code}: ${made.text}`;
}

const CONTEXT = '"__ow_method":"post","__ow_headers":{"x-a":"1"},"__ow_path":"/r"';

describe("argumentsOf()", () => {
  it("adds method, headers, path, and the caller's namespace if there is one", () => {
    expect(args({})).toBe(`{${CONTEXT}}`);
    expect(args({ user: "guest" })).toBe(`{${CONTEXT},"__ow_user":"guest"}`);
  });

  it("merges the query, last value winning, and a JSON object over it, keeping its bytes", () => {
    expect(args({ query: "a=1&a=2&b=3", contentType: "application/json", body: '{"b":1.0,"c":1e400}' })).toBe(
      `{${CONTEXT},"a":"2","b":1.0,"c":1e400}`,
    );
    expect(args({ contentType: "application/vnd.x+json", body: '{"b":1}' })).toBe(`{${CONTEXT},"b":1}`);
  });

  it("merges form fields, puts other JSON, text and bytes under __ow_body", () => {
    expect(args({ contentType: "application/x-www-form-urlencoded", body: "x=a+b&y=%C3%BC" })).toBe(
      `{${CONTEXT},"x":"a b","y":"ü"}`,
    );
    expect(args({ contentType: "application/json", body: "[1, 2]" })).toBe(`{${CONTEXT},"__ow_body":[1, 2]}`);
    expect(args({ contentType: "text/plain", body: "hey" })).toBe(`{${CONTEXT},"__ow_body":"hey"}`);
    expect(args({ contentType: "image/png", body: new Uint8Array([1, 2, 255]) })).toBe(
      `{${CONTEXT},"__ow_body":"AQL/"}`,
    );
    const svg = new TextEncoder().encode("<svg/>");
    for (const contentType of ["image/svg+xml", "image/svg+xml; charset=utf-8", "application/yaml", "text/vtt"])
      expect(args({ contentType, body: svg })).toBe(`{${CONTEXT},"__ow_body":"PHN2Zy8+"}`);
    for (const contentType of ["application/yaml; charset=utf-8", "application/xml-dtd", "application/base64"])
      expect(args({ contentType, body: svg })).toBe(`{${CONTEXT},"__ow_body":"<svg/>"}`);
  });

  it("takes an empty JSON body as none and refuses a malformed one", () => {
    expect(args({ contentType: "application/json" })).toBe(`{${CONTEXT}}`);
    expect(args({ contentType: "application/json", body: "{" })).toMatch(/^malformed-body/);
    expect(args({ contentType: "application/json", body: new Uint8Array([0x22, 0xff, 0x22]) })).toMatch(
      /^malformed-body/,
    );
  });

  it.each(RESERVED)("refuses %s from outside, in query and body", (name) => {
    expect(args({ query: `${name}=1` })).toMatch(/^bad-request/);
    expect(args({ contentType: "application/json", body: `{"${name}":1}` })).toMatch(/^bad-request/);
  });

  it("refuses to override frozen parameters", () => {
    expect(args({ query: "p=1", frozen: ["p"] })).toMatch(/parameters that are not allowed/);
  });

  it("boxes query and body of raw actions without looking at them", () => {
    expect(
      args({ raw: true, query: "a=1&__ow_user=x", contentType: "application/json", body: '{"a":1}', frozen: ["a"] }),
    ).toBe(`{${CONTEXT},"__ow_query":"a=1&__ow_user=x","__ow_body":"${btoa('{"a":1}')}"}`);
    expect(args({ raw: true })).toBe(`{${CONTEXT},"__ow_query":"","__ow_body":""}`);
    expect(args({ raw: true, contentType: "text/plain", body: "t" })).toBe(
      `{${CONTEXT},"__ow_query":"","__ow_body":"t"}`,
    );
  });
});

describe("webTargetOf()", () => {
  it("takes known extensions off the action and leaves others", () => {
    expect(webTargetOf(["ns", "default", "a.json"])).toEqual({
      namespace: "ns",
      package: null,
      action: "a",
      extension: ".json",
    });
    expect(webTargetOf(["ns", "p", "a.b.http", "x.json"])).toMatchObject({
      package: "p",
      action: "a.b",
      extension: ".http",
    });
    expect(webTargetOf(["ns", "p", "a.xml"])).toMatchObject({ action: "a.xml", extension: ".http" });
    expect(webTargetOf(["ns", "p"])).toBeNull();
    expect(webTargetOf(["ns", "p", ".json"])).toBeNull();
  });
});
