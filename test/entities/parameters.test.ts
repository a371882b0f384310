// Parameters and annotations: reading, merging, counting, and what counts as true.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Parameter } from "../../src/entities/action.ts";
import { byteLength } from "../../src/entities/byte-length.ts";
import {
  isTruthy,
  mergeParameters,
  parameterValue,
  parseParameters,
  printParameters,
  sizeOfParameters,
  withoutKeys,
} from "../../src/entities/parameters.ts";

const parameter = fc.record(
  {
    key: fc.oneof(fc.constantFrom("a", "b", "c", "__proto__"), fc.string({ unit: "binary" })),
    value: fc.oneof(
      fc.constantFrom("1.0", "1e400", "12345678901234567890", '{"x" : [1 ,2]}'),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    ),
    init: fc.constant(true as const),
    encryption: fc.string(),
  },
  { requiredKeys: ["key", "value"] },
);

test("what was printed is read back, the last of duplicate keys winning", () => {
  fc.assert(
    fc.property(fc.array(parameter), (list: Parameter[]) => {
      const wanted = [...new Map(list.map((each) => [each.key, each])).values()];
      expect(parseParameters(printParameters(list), "parameters")).toEqual({ ok: true, value: wanted });
    }),
  );
});

test.each([
  "{}",
  "1",
  "null",
  '["a"]',
  "[null]",
  '[{"key":"a"}]',
  '[{"value":1}]',
  '[{"key":1,"value":1}]',
  '[{"key":"a","value":1,"init":"true"}]',
  '[{"key":"a","value":1,"encryption":1}]',
])("%s is no list of parameters", (raw) => {
  expect(parseParameters(raw, "annotations")).toMatchObject({
    ok: false,
    text: expect.stringContaining("'annotations' must be an array"),
  });
});

test("init false and encryption null are the same as none", () => {
  expect(parseParameters('[{"key":"a","value":null,"init":false,"encryption":null}]', "p")).toEqual({
    ok: true,
    value: [{ key: "a", value: "null" }],
  });
});

test("the stronger list wins, keys stay where they were", () => {
  const list = (text: string) => [...text].map((key, at) => ({ key, value: String(at) }));
  expect(mergeParameters(list("abc"), list("db"))).toEqual([
    { key: "a", value: "0" },
    { key: "b", value: "1" },
    { key: "c", value: "2" },
    { key: "d", value: "0" },
  ]);
  expect(withoutKeys(list("abc"), ["b", "x"]).map((each) => each.key)).toEqual(["a", "c"]);
  expect(parameterValue(list("abc"), "c")).toBe("2");
  expect(parameterValue(list("abc"), "x")).toBeUndefined();
});

test.each([
  ["false", false],
  ["0", false],
  ["-0.00", false],
  ["0e5", false],
  ['""', false],
  ["null", false],
  ["true", true],
  ["0.1", true],
  ["1e-999", true],
  ['"false"', true],
  ["{}", true],
  ["[]", true],
])("%s counts as %s", (value, truthy) => expect(isTruthy([{ key: "a", value }], "a")).toBe(truthy));

test("what is not there counts as false", () => expect(isTruthy([], "a")).toBe(false));

test("sizes are UTF-8 bytes of keys and values", () => {
  expect(sizeOfParameters([{ key: "ü", value: '"☃"' }])).toBe(2 + 5);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(byteLength(text)).toBe(new TextEncoder().encode(text).length);
    }),
  );
});
