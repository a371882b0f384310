// Arrays of strings, read in pieces.

import fc from "fast-check";
import { expect, test } from "vitest";
import { StringListReader } from "../../src/entities/string-list.ts";
import { growth, LINEAR } from "../support/growth.ts";

test("reads every string once, wherever the text is cut", () => {
  const lists = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom('"', "\\", '\\"', "],[", "")));
  fc.assert(
    fc.property(lists, fc.array(fc.nat(9)), (list, cuts) => {
      const text = JSON.stringify(list, null, cuts.length % 2);
      const reader = new StringListReader();
      const read: string[] = [];
      let at = 0;
      for (const cut of [...cuts, text.length]) {
        read.push(...reader.push(text.slice(at, at + cut)));
        at += cut;
      }
      expect(read).toEqual(list);
    }),
  );
});

test("reads a long string in many pieces in time that grows with its length", () => {
  const read = (scale: number) => {
    const line = "x".repeat(250_000 * scale);
    const text = JSON.stringify([line]);
    const reader = new StringListReader();
    const lines: string[] = [];
    for (let at = 0; at < text.length; at += 4_096) lines.push(...reader.push(text.slice(at, at + 4_096)));
    expect(lines).toEqual([line]);
  };
  expect(growth(read)).toBeLessThan(LINEAR);
});
