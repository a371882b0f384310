// JSON kept as bytes, compared with what JSON.parse makes of the same text.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elementsOf, membersOf, mergeLayers, objectOf, shapeOf } from "../../src/entities/raw-json.ts";
import { growth, LINEAR } from "../support/growth.ts";

const space = fc.string({ unit: fc.constantFrom(" ", "\n", "\r", "\t"), maxLength: 3 });

const scalar = fc.oneof(
  fc.constantFrom("1.0", "-0", "1e400", "12345678901234567890", "1E-7", "true", "false", "null", '""'),
  fc.constantFrom('"\\""', '"\\\\"', '"\\\\\\""', '"{"', '"]"', '","', '":"', '"\\u0022"', '"\\ud800"'),
  fc.double().map((value) => JSON.stringify(value)),
  fc.string({ unit: "binary" }).map((value) => JSON.stringify(value)),
);

const key = fc.oneof(
  fc.constantFrom('"a"', '"\\u0061"', '"b"', '""', '"__proto__"', '"constructor"', '"\\""', '"}"', '"a:b,"'),
  fc.string({ unit: "binary" }).map((value) => JSON.stringify(value)),
);

const { value: json } = fc.letrec<{ value: string; members: string; elements: string }>((tie) => ({
  value: fc.oneof({ depthSize: "medium", withCrossShrink: true }, scalar, tie("members"), tie("elements")),
  members: fc
    .array(fc.tuple(space, key, space, space, tie("value"), space), { maxLength: 5 })
    .map((list) => `{${list.map(([a, name, b, c, value, d]) => `${a}${name}${b}:${c}${value}${d}`).join(",")}}`),
  elements: fc
    .array(fc.tuple(space, tie("value"), space), { maxLength: 5 })
    .map((list) => `[${list.map((parts) => parts.join("")).join(",")}]`),
}));

const text = fc.tuple(space, json, space).map((parts) => parts.join(""));

describe("shapeOf", () => {
  test("is the type that JSON.parse gives", () => {
    fc.assert(
      fc.property(text, (raw) => {
        const value = JSON.parse(raw) as unknown;
        const shape = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
        expect(shapeOf(raw)).toBe(shape);
      }),
    );
  });
});

describe("membersOf and elementsOf", () => {
  test("read every object and array as JSON.parse does, and nothing else", () => {
    fc.assert(
      fc.property(text, (raw) => {
        const value = JSON.parse(raw) as unknown;
        const isArray = Array.isArray(value);
        const isObject = typeof value === "object" && value !== null && !isArray;
        const list = membersOf(raw);
        expect(list === null).toBe(!isObject);
        const read = new Map((list ?? []).map((each) => [each.key, JSON.parse(each.value) as unknown]));
        if (isObject) expect(read).toEqual(new Map(Object.entries(value)));
        const elements = elementsOf(raw);
        expect(elements === null).toBe(!isArray);
        if (isArray) expect((elements ?? []).map((each) => JSON.parse(each) as unknown)).toEqual(value);
      }),
      { numRuns: 800 },
    );
  });

  test("keep each value's bytes, without the space around it", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(space, key, space, json, space), { maxLength: 5 }), (list) => {
        const parts = list.map(([a, name, b, value, c]) => `${a}${name}${b}:${b}${value}${c}`);
        const found = membersOf(`{${parts.join(",")}}`) ?? [];
        expect(found.map((each) => each.value)).toEqual(list.map(([, , , value]) => value));
        expect(found.map((each) => each.key)).toEqual(list.map(([, name]) => JSON.parse(name) as string));
        const elements = elementsOf(`[${list.map(([a, , , value, b]) => `${a}${value}${b}`).join(",")}]`);
        expect(elements).toEqual(list.map(([, , , value]) => value));
      }),
    );
  });

  test("keep what numbers lose when they are decoded", () => {
    const raw = '{"big":18446744073709551616,"one":1.0,"inf":1e400,"pi":3.14159265358979323846264338328}';
    expect(objectOf((membersOf(raw) ?? []).map(({ key, value }) => [key, value] as const))).toBe(raw);
  });

  test("see strings and brackets inside each other", () => {
    const raw = '{"a":"\\\\","b":{"c":["]","}",{"d":"\\"}"}]} ,"e" : []}';
    expect(membersOf(raw)).toEqual([
      { key: "a", value: '"\\\\"' },
      { key: "b", value: '{"c":["]","}",{"d":"\\"}"}]}' },
      { key: "e", value: "[]" },
    ]);
  });

  test("take deep nesting without recursion", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    expect(membersOf(`{"a":${deep}}`)?.[0]?.value).toBe(deep);
    expect(elementsOf(`[1,${deep},2]`)).toHaveLength(3);
  });

  test("take a long string in time that grows with its length only", () => {
    const read = (scale: number) => {
      const long = JSON.stringify('\\"'.repeat(30_000 * scale));
      expect(elementsOf(`[${long},1]`)).toEqual([long, "1"]);
    };
    expect(growth(read)).toBeLessThan(LINEAR);
  });

  test("never hang on a text that is no JSON: they throw or return", () => {
    fc.assert(
      fc.property(
        text,
        fc.nat(),
        fc.constantFrom("", '"', "\\", "{", "}", "[", "]", ",", ":", "x"),
        (raw, place, junk) => {
          const at = place % (raw.length + 1);
          for (const broken of [raw.slice(0, at) + junk + raw.slice(at + 1), raw.slice(0, at), `{${raw.slice(at)}`]) {
            for (const read of [membersOf, elementsOf]) {
              try {
                read(broken);
              } catch (error) {
                expect(error).toBeInstanceOf(SyntaxError);
              }
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("objectOf and mergeLayers", () => {
  test("write what membersOf reads", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), json)), (list) => {
        expect(membersOf(objectOf(list))).toEqual(list.map(([name, value]) => ({ key: name, value })));
      }),
    );
  });

  test("let the later layer, and within it the last key, win", () => {
    const layer = fc.array(fc.record({ key: fc.constantFrom("a", "b", "__proto__", "c"), value: json }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 4 }), (layers) => {
        const wanted = new Map(layers.flat().map((each) => [each.key, each.value]));
        const merged = membersOf(mergeLayers(layers)) ?? [];
        expect(new Map(merged.map((each) => [each.key, each.value]))).toEqual(wanted);
        expect(merged).toHaveLength(wanted.size);
      }),
    );
    expect(mergeLayers([])).toBe("{}");
  });
});
