// Bodies in other character sets than UTF-8, as the platform's own decoder reads them.

import { expect, test } from "vitest";
import { decoded } from "../../src/entities/charset.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

test.each([
  ["application/json", bytes(0xc3, 0xa4), "ä"],
  ["application/json; charset=utf-8", bytes(0xc3, 0xa4), "ä"],
  ['application/json; charset="UTF8"', bytes(0xc3, 0xa4), "ä"],
  ["application/json; charset=iso-8859-1", bytes(0xe4, 0x85), "ä\u0085"],
  ["application/json; charset=iso-8859-15", bytes(0xa4), "€"],
  ["application/json; charset=windows-1252", bytes(0x80), "€"],
  ["application/json; charset=utf-16le", bytes(0xe4, 0x00), "ä"],
  ["application/json; charset=shift_jis", bytes(0x8c, 0xea), "語"],
  ["application/json; charset=utf-8", bytes(0xe4), null],
  ["application/json; charset=nobody-knows-it", bytes(0x61), null],
  ["application/json; charset=utf-16le", bytes(0xe4), null],
])("%s is read", (type, text, expected) => {
  expect(decoded(text, type)).toBe(expected);
});
