// Values and bodies that nobody sensible sends, for fuzz-requests.ts.

import fc from "fast-check";

export const LONG = "n".repeat(300);
const DEEP = 60_000;
export const oddText = fc.constantFrom(
  "",
  " ",
  "{",
  "[1]",
  "null",
  "7",
  '"x"',
  "{}{}",
  "\u00ef\u00bb\u00bf{}",
  '{"a":1,"a":2}',
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  '{"a":"\u00ff\u00fe"}',
  '{"a":"\u00c0\u0080"}',
  '{"a":"\\ud800","\\udc00":1}',
  '{"a":"\\u0000"}',
  '{"a":1e400,"b":-0,"c":123456789012345678901234567890.5,"d":1E+9999999999}',
  "{'a':1}",
  '{"a":01}',
  '{"a":NaN}',
  '{"a":1,}',
  "[".repeat(DEEP),
  `{"a":${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`,
  `${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`,
  `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":${n}`).join(",")}}`,
  `{"a":"${"x".repeat(1_100_000)}"}`,
  `{"${"k".repeat(100_000)}":1}`,
);

export const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 53, 1e21, "", "x", [], {}, [[]], [null], [1], { a: 1 }),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("__proto__", LONG, "\u0000", "\ud800", "../x"),
);

export function weighted<T>(...choices: [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}
