// The check that makes no values, against JSON.parse over valid, damaged and hostile texts.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonFault, MAX_DEPTH } from "../../src/entities/json-check.ts";

/** Too long for the platform's own parser to be asked. */
const FILL = " ".repeat(3 * MAX_DEPTH);

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function agree(text: string): void {
  for (const each of [text, `${text}${FILL}`, `${FILL}${text}`]) {
    expect([each.trim(), jsonFault(each) === null]).toEqual([each.trim(), parses(each)]);
  }
}

describe("jsonFault", () => {
  test("finds valid what JSON.parse finds valid", () => {
    const spaced = fc.json({ maxDepth: 6 }).map((text) => text.replaceAll(",", " ,\n").replaceAll(":", "\t: "));
    fc.assert(fc.property(fc.oneof(fc.json({ stringUnit: "binary" }), spaced), agree));
  });

  test("finds faulty what JSON.parse finds faulty, whichever character is lost, doubled or another", () => {
    const damaged = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...'{}[]:,"\\/ -+.eE01u\u0000\u001f\n'), fc.nat(2))
      .map(([text, place, other, how]) => {
        const at = place % text.length;
        return text.slice(0, at) + (how === 0 ? "" : other) + text.slice(how === 1 ? at + 1 : at);
      });
    fc.assert(fc.property(damaged, agree), { numRuns: 2_000 });
  });

  test.each([
    ...["", " ", "nul", "nulll", "01", "-", "-01", "1.", ".5", "1e", "1e+", "+1", "1E-7", "-0", "1e400", "00", "0x1"],
    ...[
      '"',
      '"\\',
      '"\\"',
      '"\\u',
      '"\\u12',
      '"\\u12g4"',
      '"\\u12G4"',
      '"\\uD800"',
      '"\\x"',
      '"\u0000"',
      '"\u007f"',
      '"\n"',
    ],
    ...[
      "[",
      "[]",
      "[1",
      "[1,",
      "[1,]",
      "[,1]",
      "]",
      "[]]",
      "{",
      "{}",
      '{"a"',
      '{"a":',
      '{"a":1',
      '{"a":1,}',
      "{,}",
      "{1:2}",
    ],
    ...[
      '{"a" 1}',
      '{"a"::1}',
      '{"a":1 "b":2}',
      "[1 2]",
      "[}",
      "{]",
      "true false",
      "\u00a0 1",
      "\ufeff1",
      "tru\u0065",
      "NaN",
    ],
  ])("agrees on %j", agree);

  test("takes what is nested to the bound, and nothing deeper", () => {
    const nest = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    const objects = (depth: number) => `${'{"a":'.repeat(depth)}0${"}".repeat(depth)}`;
    for (const make of [nest, objects]) {
      expect(jsonFault(make(MAX_DEPTH))).toBeNull();
      expect(jsonFault(make(MAX_DEPTH + 1))).toMatch(/nested deeper than 1000 levels/);
      expect(jsonFault(make(500_000))).toMatch(/nested deeper than 1000 levels/);
    }
    expect(jsonFault("[".repeat(1_000_000))).toMatch(/nested deeper/);
  });
});
