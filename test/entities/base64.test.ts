// Base64 as OpenWhisk tells it, however it is cut into pieces; and bytes as base64.

import { describe, expect, it } from "vitest";
import { Base64Check, base64Of } from "../../src/entities/base64.ts";

function checked(...pieces: string[]): { binary: boolean; blank: boolean } {
  const check = new Base64Check();
  for (const piece of pieces) check.push(Buffer.from(piece));
  return { binary: check.binary, blank: check.blank };
}

const isBinary = (text: string) => checked(text).binary;

describe("a text", () => {
  it.each(["abcd", "ab+/", "abcd0189", "abc=", "ab==", " \n\tabcd\r\n ", "main", "a".repeat(100_000)])(
    "is base64: %j",
    (text) => expect(isBinary(text)).toBe(true),
  );

  it.each([
    ...["", " \n", "abc", "abcde", "a===", "====", "=abc", "ab=c", "ab=", "ab cd", "abcd abcd", "ab\ncd"],
    ...["abc-", "abc_", "abcé", "abcd;", "{\n}", "abc=d", "ab== =", `${"a".repeat(99_999)}!`],
  ])("is none: %j", (text) => expect(isBinary(text)).toBe(false));

  it("is the same in pieces of any length", () => {
    const texts = ["  abcd  ", "ab==", "ab cd", "ab=c", "abcde", " \n", "x".repeat(100)];
    for (const text of texts) {
      expect([text, checked(...text)]).toEqual([text, checked(text)]);
      for (let at = 0; at <= text.length; at++) {
        expect([text, at, checked(text.slice(0, at), text.slice(at))]).toEqual([text, at, checked(text)]);
      }
    }
  });

  it("is blank until something stands in it", () => {
    expect([checked(), checked(" ", "\n\t"), checked(" a"), checked("!")].map(({ blank }) => blank)).toEqual([
      ...[true, true, false, false],
    ]);
  });
});

describe("bytes", () => {
  it.each([0, 1, 2, 3, 0x7fff, 0x8000, 0x8001, 100_000])("are base64, %d of them", (length) => {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 7) % 256);
    expect(base64Of(bytes) === Buffer.from(bytes).toString("base64")).toBe(true);
  });
});
