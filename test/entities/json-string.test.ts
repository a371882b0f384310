// Escaping bytes into a JSON string and the checks that run along a stream.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Base64Check } from "../../src/entities/base64.ts";
import { escapeBytes } from "../../src/entities/json-string.ts";
import { Utf8Check } from "../../src/entities/utf8.ts";

const encoder = new TextEncoder();

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

test("escaped bytes read back as the same text, whatever the pieces", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 9 }), (text, size) => {
      const bytes = encoder.encode(text);
      const escaped = pieces(bytes, size).flatMap((piece) => [...escapeBytes(piece)]);
      const json = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(escaped));
      expect(JSON.parse(`"${json}"`)).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
    }),
    { numRuns: 300 },
  );
});

test("bytes that need no escape are not copied", () => {
  const bytes = encoder.encode("plain ü text/");
  expect(escapeBytes(bytes)).toBe(bytes);
});

test("UTF-8 is told from what is not, as a strict decoder does", () => {
  const tricky = fc.array(
    fc.constantFrom(
      0,
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
    ),
    { maxLength: 6 },
  );
  const valid = fc.string({ unit: "binary" }).map((text) => [...encoder.encode(text)]);
  fc.assert(
    fc.property(fc.oneof(tricky, valid), fc.integer({ min: 1, max: 4 }), (list, size) => {
      const bytes = Uint8Array.from(list);
      const check = new Utf8Check();
      for (const piece of pieces(bytes, size)) check.push(piece);
      let wanted = true;
      try {
        new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      } catch {
        wanted = false;
      }
      expect(check.valid && !check.open).toBe(wanted);
    }),
    { numRuns: 1_500 },
  );
});

test("base64 is told as upstream's pattern tells it", () => {
  const pattern = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$/;
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "B", "9", "+", "/", "=", " ", "\n", "-", "\u0001"), maxLength: 12 }),
    fc.uint8Array({ maxLength: 9 }).map((bytes) => ` ${btoa(String.fromCharCode(...bytes))}\r\n`),
  );
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 5 }), (code, size) => {
      const check = new Base64Check();
      for (const piece of pieces(encoder.encode(code), size)) check.push(piece);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: upstream trims all of them
      const trimmed = code.replace(/^[\u0000- ]+|[\u0000- ]+$/g, "");
      expect(check.binary).toBe(trimmed.length > 0 && pattern.test(trimmed));
      expect(check.blank).toBe(trimmed === "");
    }),
    { numRuns: 1_500 },
  );
});
