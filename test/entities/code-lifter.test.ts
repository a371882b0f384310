// Lifting code out of a body that comes in pieces, compared with what JSON.parse makes of the whole.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodeLifter } from "../../src/entities/code-lifter.ts";

const encoder = new TextEncoder();

interface Outcome {
  failure: string | null;
  rest: string;
  code: Uint8Array | null;
}

/** Pushes `bytes` cut at the given places. */
function lift(bytes: Uint8Array, options: { cuts?: number[]; maxRest?: number } = {}): Outcome {
  let pieces: Uint8Array[] = [];
  const events = {
    code: (piece: Uint8Array) => pieces.push(piece.slice()),
    discard: () => {
      pieces = [];
    },
  };
  const lifter = new CodeLifter(events, { maxRest: options.maxRest ?? 1e6 });
  let from = 0;
  for (const cut of [...(options.cuts ?? []).toSorted((a, b) => a - b), bytes.length]) {
    lifter.push(bytes.slice(from, cut));
    from = Math.max(from, cut);
  }
  const code = lifter.hasCode ? Uint8Array.from(pieces.flatMap((piece) => [...piece])) : null;
  return { failure: lifter.failure?.text ?? null, rest: new TextDecoder().decode(lifter.end()), code };
}

function liftText(text: string, options: { cuts?: number[]; maxRest?: number } = {}): Outcome {
  return lift(encoder.encode(text), options);
}

function codeOf(outcome: Outcome): string | null {
  return outcome.code === null ? null : new TextDecoder().decode(outcome.code);
}

/** What a reader of the whole text would do. */
function oracle(text: string): { valid: boolean; code: string | null; rest: unknown } {
  try {
    const rest = JSON.parse(text) as unknown;
    const exec = isObject(rest) ? rest.exec : undefined;
    if (!isObject(exec) || typeof exec.code !== "string") return { valid: true, code: null, rest };
    const { code } = exec;
    exec.code = "";
    return { valid: true, code, rest };
  } catch {
    return { valid: false, code: null, rest: undefined };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isJson(text: string): boolean {
  return oracle(text).valid;
}

const body = (exec: unknown) => JSON.stringify({ a: 1, exec, z: [{ exec: { code: "not this" } }] });

/** JSON text of a string with characters escaped at random, as other writers might. */
const quoted = fc.tuple(fc.string({ unit: "binary" }), fc.infiniteStream(fc.nat(3))).map(([text, dice]) => {
  const escaped = Array.from(text, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    const lone = units.length === 1 && (units[0] ?? 0) >= 0xd800 && (units[0] ?? 0) <= 0xdfff;
    if (!lone && dice.next().value !== 0) return JSON.stringify(character).slice(1, -1);
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
  return `"${escaped.join("")}"`;
});

const key = fc.constantFrom(
  '"exec"',
  '"code"',
  '"kind"',
  '"\\u0065xec"',
  '"cod\\u0065"',
  '"code\\\\"',
  '"\\"code"',
  '""',
);

/** JSON texts full of our keys, in right and wrong places, repeated, with white space. */
const documents = fc.letrec<{ value: string; members: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    quoted,
    fc.constantFrom("1", "null", "true", "-0.0", "1e400", '"}"', '"{"', '","', "[]", "{}"),
    tie("members"),
    fc.array(tie("value"), { maxLength: 3 }).map((list) => `[${list.join(" ,")}]`),
  ),
  members: fc
    .array(fc.tuple(key, tie("value")), { maxLength: 4 })
    .map((list) => `{${list.map(([name, value]) => ` ${name}\n:\t${value}`).join(",")}}`),
}));

describe("CodeLifter", () => {
  test("takes the code out and leaves the rest", () => {
    const outcome = liftText(body({ kind: "nodejs:20", code: "a\nb", main: "m" }));
    expect(outcome).toMatchObject({ failure: null, rest: body({ kind: "nodejs:20", code: "", main: "m" }) });
    expect(codeOf(outcome)).toBe("a\nb");
  });

  test("agrees with JSON.parse on any valid text, however it is cut", () => {
    fc.assert(
      fc.property(documents.value, fc.array(fc.nat(300), { maxLength: 20 }), (text, cuts) => {
        const wanted = oracle(text);
        const outcome = liftText(text, { cuts });
        expect(outcome.failure).toBeNull();
        expect(codeOf(outcome)).toBe(
          wanted.code === null ? null : new TextDecoder().decode(encoder.encode(wanted.code)),
        );
        expect(oracle(outcome.rest).rest).toEqual(wanted.rest);
      }),
      { numRuns: 800 },
    );
  });

  test("calls a damaged text invalid exactly where JSON.parse does", () => {
    const damaged = fc.tuple(
      documents.members,
      fc.nat(),
      fc.constantFrom("", '"', "\\", "{", "}", ",", ":", "\u0001", "]"),
    );
    fc.assert(
      fc.property(damaged, fc.array(fc.nat(200), { maxLength: 5 }), ([text, place, junk], cuts) => {
        const at = place % (text.length + 1);
        const broken = text.slice(0, at) + junk + text.slice(at + 1);
        const outcome = liftText(`{"exec":${broken}}`, { cuts });
        expect(outcome.failure === null && isJson(outcome.rest)).toBe(isJson(`{"exec":${broken}}`));
      }),
      { numRuns: 800 },
    );
  });

  test("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200)), (bytes, cuts) => {
        lift(Uint8Array.from([...encoder.encode('{"exec":{"code":"'), ...bytes]), { cuts });
        lift(bytes, { cuts });
      }),
    );
  });

  test("lets the last of duplicate keys win", () => {
    const last = (text: string) => codeOf(liftText(text));
    expect(last('{"exec":{"code":"1","code":"2"}}')).toBe("2");
    expect(last('{"exec":{"code":"1"},"exec":{"code":"2"}}')).toBe("2");
    expect(last('{"exec":{"code":"1","code":2}}')).toBeNull();
    expect(last('{"exec":{"code":"1"},"exec":{"kind":"k"}}')).toBeNull();
    expect(last('{"exec":{"code":"1"},"exec":null}')).toBeNull();
    expect(last('{"exec":{"code":5,"kind":"k"}}')).toBeNull();
  });

  test("leaves code elsewhere where it is", () => {
    for (const text of [
      '{"code":"x"}',
      '[{"exec":{"code":"x"}}]',
      '{"exec":[{"code":"x"}]}',
      '{"exec":{"a":{"code":"x"}}}',
    ]) {
      expect(liftText(text)).toEqual({ failure: null, rest: text, code: null });
    }
  });

  test("refuses code that is not UTF-8, also where a character is cut", () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]]) {
      const text = [...encoder.encode('{"exec":{"code":"ok'), ...bytes, ...encoder.encode('\\n"}}')];
      for (let cut = 17; cut < text.length; cut++) {
        expect(lift(Uint8Array.from(text), { cuts: [cut] }).failure).toContain("UTF-8");
      }
    }
  });

  test("turns lone surrogates into the replacement character and keeps pairs", () => {
    const text = String.raw`{"exec":{"code":"\ud800x\udc00\ud83d\ude00\ud800\ud83d\ude00\ud800\n\ud800"}}`;
    for (let cut = 0; cut < text.length; cut++) {
      expect(codeOf(liftText(text, { cuts: [cut] }))).toBe("\ufffdx\ufffd😀\ufffd😀\ufffd\n\ufffd");
    }
  });

  test("bounds what is not code, and how deep it is", () => {
    expect(liftText(body({ code: "x".repeat(5_000) }), { maxRest: 1_000 }).failure).toBeNull();
    expect(liftText(body({ kind: "x".repeat(5_000) }), { maxRest: 1_000 }).failure).toContain("larger than allowed");
    expect(liftText(`{"a":${"[".repeat(999)}${"]".repeat(999)}}`).failure).toBeNull();
    expect(liftText("[".repeat(100_000)).failure).toContain("nested deeper");
  });
});
