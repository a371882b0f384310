import { createRequire } from "node:module";
import { beforeAll, describe, expect, it } from "vitest";
import { MEDIA_TYPES } from "../../../runtime-host/runtimes/local.ts";
import REGISTERED from "../../../src/entities/media-types.json" with { type: "json" };
import { isBinary, isJsonFamily, parseMediaType, printMediaType } from "../../../src/http/web/media-type.ts";
import { growth, LINEAR } from "../../support/growth.ts";

type BytesOf = (body: string, options: { type: string; raw: boolean }) => Buffer;

function read(text: string) {
  const type = parseMediaType(text);
  if (type === null) throw new Error(`${text} is no media type`);
  return type;
}

/** Of unregistered types these are bytes as they stand, and text once a charset is named. */
const UNREGISTERED = [
  "application/yaml",
  "application/x-yaml",
  "application/x-ndjson",
  "application/sql",
  "application/graphql",
  "application/ecmascript",
  "application/x-javascript",
  "application/csp-report",
  "application/foo+json",
  "application/foo+xml",
  "text/yaml",
  "text/vtt",
  "text/javascript",
  "text/x-anything",
  "message/partial",
  "model/gltf-binary",
  "image/avif",
];
const TEXT = ["application/base64", "application/x-latex", "application/x-vrml", "application/xml-dtd"];

describe("isBinary()", () => {
  it("holds for the binary types that are registered, whatever charset they name", () => {
    expect(REGISTERED.binary).toContain("image/svg+xml");
    for (const name of [...REGISTERED.binary, "multipart/form-data", "multipart/x-own"])
      for (const more of ["", "; charset=utf-8", ";boundary=x"])
        expect([name, isBinary(read(name + more))]).toEqual([name, true]);
  });

  it("does not hold for the text types that are registered", () => {
    expect(REGISTERED.text).toEqual(expect.arrayContaining([...TEXT, "text/html", "application/javascript"]));
    for (const name of [...REGISTERED.text, ...REGISTERED["utf-8"]])
      for (const more of ["", "; charset=latin1", "; q=1"])
        expect([name, isBinary(read(name + more))]).toEqual([name, false]);
  });

  it.each(UNREGISTERED)("holds for %s unless a charset is named", (name) => {
    expect(isBinary(read(name))).toBe(true);
    expect(isBinary(read(`${name}; version="a; charset=no"`))).toBe(true);
    expect(isBinary(read(`${name.toUpperCase()};v=1 ; CHARSET="utf-8"`))).toBe(false);
  });

  it("has each type once, lower-cased", () => {
    const all = [...REGISTERED.binary, ...REGISTERED.text, ...REGISTERED["utf-8"]];
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((name) => name !== name.toLowerCase())).toEqual([]);
  });
});

describe("printMediaType()", () => {
  it.each([
    ["text/html", "text", "text/html; charset=UTF-8"],
    ["text/html; charset=iso-8859-1", "text", "text/html; charset=UTF-8"],
    ['text/html;level=1;charset=x;  b="c;d"', "text", 'text/html; level=1; b="c;d"; charset=UTF-8'],
    ["application/json; charset=utf-16", "text", "application/json"],
    ["text/event-stream", "text", "text/event-stream"],
    ["image/png; charset=utf-8", "bytes", "image/png"],
    ["image/svg+xml", "text", "image/svg+xml; charset=UTF-8"],
    ["application/x-own; strange", "bytes", "application/x-own; strange"],
    ["text/vtt; charset=latin1", "text", "text/vtt; charset=UTF-8"],
  ] as const)("prints %s for %s as %s", (given, body, printed) => {
    expect(printMediaType(read(given), body)).toBe(printed);
  });
});

describe("the native runtime", () => {
  let bytesOf: BytesOf;

  beforeAll(() => {
    process.env.EDGEWHISK_MEDIA_TYPES = MEDIA_TYPES;
    ({ bytesOf } = createRequire(import.meta.url)("../../../runtime-host/runtimes/native/web-body.js"));
    delete process.env.EDGEWHISK_MEDIA_TYPES;
  });

  it("takes each type as the Worker does", () => {
    const names = [
      ...REGISTERED.binary,
      ...REGISTERED.text,
      ...REGISTERED["utf-8"],
      ...UNREGISTERED,
      "multipart/mixed",
    ];
    for (const name of names)
      for (const more of ["", "; charset=utf-8", ";a=b", '; a="b; charset=no"', '; a="\\"; charset=no"; CharSet=x']) {
        const type = read(name + more);
        const json = type.main === "application" && type.sub === "json";
        const base64 = isBinary(type) || json;
        const sent = base64 ? Buffer.from("hällo").toString("base64") : "hällo";
        expect([name + more, bytesOf(sent, { type: name + more, raw: true }).toString()]).toEqual([
          name + more,
          "hällo",
        ]);
        if (!isJsonFamily(type)) expect(bytesOf(sent, { type: name + more, raw: false }).toString()).toBe("hällo");
      }
  });

  it("gives a JSON text back as it was sent", () => {
    expect(bytesOf("abc", { type: "application/json", raw: false }).toString()).toBe('"abc"');
  });
});

describe("parameters that somebody made up", () => {
  const wild = (many: number) => [
    `x/y; a=${" ".repeat(many)}"`,
    `x/y; a=b${" ".repeat(many)}"; charset=x`,
    `x/y; a${" ".repeat(many)}b`,
    `x/y; a="${"\\x".repeat(many)}`,
    `x/y; ${"a=b;".repeat(many)}"`,
    `x/y; ${"a ".repeat(many)}`,
    `x/y;${" ;".repeat(many)}`,
  ];

  it.each(wild(12).map((text, at) => [text.slice(0, 12), at] as const))("%j… is looked at once", (_start, at) => {
    const look = (scale: number) => {
      const type = read(wild(1_000 * scale)[at]!);
      expect(type.main).toBe("x");
      printMediaType(type, isBinary(type) ? "bytes" : "text");
    };
    // Looked at anew from each place, these would take minutes.
    expect(growth(look)).toBeLessThan(LINEAR);
  });

  it("what follows the first that is none counts for nothing", () => {
    const typed = (text: string) => isBinary(read(text));
    expect(typed('x/y; a="b;c" ; charset = utf-8')).toBe(false);
    expect(typed("x/y;charset=utf-8;")).toBe(false);
    expect(typed('x/y; a=b"; charset=utf-8')).toBe(true);
    expect(typed("x/y; ; charset=utf-8")).toBe(true);
    expect(typed('x/y; a="b; charset=utf-8')).toBe(true);
  });
});
