// Logs that come in pieces are told from what only looks like them, wherever the pieces are cut.

import { expect, test } from "vitest";
import { LinesCheck } from "../../src/entities/lines-check.ts";
import { Random } from "../simulator/machine/random.ts";

const encoder = new TextEncoder();

function judge(bytes: Uint8Array, random: Random): boolean {
  const check = new LinesCheck();
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + random.int(1, 40));
    check.push(bytes.subarray(at, end));
    at = end;
  }
  return check.whole;
}

/** As the platform's own parser sees it. */
function isLines(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return Array.isArray(value) && value.every((each) => typeof each === "string");
  } catch {
    return false;
  }
}

test("whatever the bytes, the verdict is that of a parser", () => {
  const random = new Random(5);
  const texts = ["[]", ' [ "a" , "b\\n\\u00e4" ]\n', '["ä€😀","\\\\","\\"","]"]', '[""]', `["${"x".repeat(300)}"]`];
  const junk = ['"', "\\", "[", "]", ",", "{}", "1", "null", "\n", "\\u12", "\\x", "é", "\u0001", " "];
  let whole = 0;
  for (let round = 0; round < 20_000; round++) {
    let text = random.pick(texts);
    for (let left = random.int(0, 2); left > 0; left--) {
      const at = random.int(0, text.length);
      text = text.slice(0, at) + random.pick(junk) + text.slice(at + random.int(0, 1));
    }
    const bytes = encoder.encode(text);
    if (random.chance(0.1) && bytes.length > 0) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    const wanted = isLines(bytes);
    if (wanted) whole++;
    expect(judge(bytes, random), text).toBe(wanted);
  }
  expect(whole).toBeGreaterThan(5_000);
});

test("what ends early, or goes on after its end, is none", () => {
  for (const text of ["", "[", '["a"', '["a",', '["a",]', '["a"]]', '["a"] x', "[1]", '{"a":"b"}', "[[]]"]) {
    expect(judge(encoder.encode(text), new Random(1)), text).toBe(false);
  }
});
