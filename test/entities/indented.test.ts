// JSON made readable, within bounds.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { indented } from "../../src/entities/indented.ts";

const WIDE = { size: 1_000_000, depth: 1_000 };

describe("indented", () => {
  test("gives a line to each member and keeps arrays on theirs", () => {
    const text = '{"a":1.0,"b":[1,{"c":18446744073709551616},"x , y: {"],"d":{ },"e":[ ],"f":"\\u00e9\\""}';
    expect(indented(text, WIDE)).toBe(
      [
        "{",
        '  "a": 1.0,',
        '  "b": [1, {',
        '    "c": 18446744073709551616',
        '  }, "x , y: {"],',
        '  "d": {},',
        '  "e": [],',
        '  "f": "\\u00e9\\""',
        "}",
      ].join("\n"),
    );
    expect(indented(" [1 , [2,\n3 ] ] ", WIDE)).toBe("[1, [2, 3]]");
  });

  test("changes nothing but white space, and is the same a second time", () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: "binary", maxDepth: 4 }), (text) => {
        const made = indented(text, WIDE);
        expect(JSON.parse(made)).toEqual(JSON.parse(text));
        expect(indented(made, WIDE)).toBe(made);
      }),
    );
  });

  test("answers the text as it came where the readable one would be larger than the bound", () => {
    const nest = (depth: number, leaf: string) => `${'{"a":'.repeat(depth)}${leaf}${"}".repeat(depth)}`;
    const leaves = `{${Array.from({ length: 50_000 }, (_, at) => `"k${at}":0`).join()}}`;
    const bomb = nest(90, leaves);
    expect(indented(bomb, { size: 4_000_000, depth: 100 })).toBe(bomb);
    expect(indented(bomb, { size: 40_000_000, depth: 100 }).length).toBeGreaterThan(9_000_000);
    const exact = indented('{"a":[1,2]}', WIDE);
    expect(indented('{"a":[1,2]}', { size: exact.length, depth: 2 })).toBe(exact);
    expect(indented('{"a":[1,2]}', { size: exact.length - 1, depth: 2 })).toBe('{"a":[1,2]}');
    expect(indented('{"a":[1,2]}', { size: exact.length, depth: 1 })).toBe('{"a":[1,2]}');
  });

  test("walks through half a million levels and a megabyte of brackets", () => {
    const deep = "[".repeat(500_000) + "]".repeat(500_000);
    expect(indented(deep, { size: 4_000_000, depth: 100 })).toBe(deep);
    const flat = `[${"[],".repeat(300_000)}0]`;
    expect(indented(flat, { size: 4_000_000, depth: 100 }).length).toBe(flat.length + 300_000);
  });
});
