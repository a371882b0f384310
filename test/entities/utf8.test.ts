// Bytes in pieces are UTF-8 exactly where a decoder that is strict takes them.

import { describe, expect, it } from "vitest";
import { Utf8Check } from "../../src/entities/utf8.ts";

/** Whether the bytes are whole texts, and whether a character is cut at their end. */
function checked(...pieces: (readonly number[])[]): { valid: boolean; open: boolean } {
  const check = new Utf8Check();
  for (const piece of pieces) check.push(Uint8Array.from(piece));
  return { valid: check.valid, open: check.open };
}

function decodes(bytes: readonly number[]): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
    return true;
  } catch {
    return false;
  }
}

const isWhole = (bytes: readonly number[]) => {
  const { valid, open } = checked(bytes);
  return valid && !open;
};

describe("bytes", () => {
  it("of one character are told as by a decoder, at the bounds of each byte", () => {
    const edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf];
    const firsts = [...edges, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff];
    const others = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
    const told: string[] = [];
    for (const first of firsts) {
      for (const second of others) {
        for (const rest of [[], [0x80], [0xbf], [0x7f], [0xc0], [0x80, 0x80], [0xbf, 0xbf], [0x80, 0x7f]]) {
          const bytes = [first, second, ...rest];
          if (isWhole(bytes) !== decodes(bytes)) told.push(bytes.map((byte) => byte.toString(16)).join(" "));
        }
      }
    }
    expect(told).toEqual([]);
    expect(firsts.filter((first) => isWhole([first]) !== decodes([first]))).toEqual([]);
  });

  it.each(["", "plain", "grüße", "€", "😀", "a😀ü€b"])("of %j are UTF-8 wherever they are cut", (text) => {
    const bytes = [...Buffer.from(text)];
    for (let at = 0; at <= bytes.length; at++) {
      expect(checked(bytes.slice(0, at), bytes.slice(at))).toEqual({ valid: true, open: false });
    }
    expect(checked(...bytes.map((byte) => [byte]))).toEqual({ valid: true, open: false });
  });

  it("that are cut within a character are good so far, and open", () => {
    for (const length of [1, 2, 3])
      expect(checked([0xf0, 0x9f, 0x98].slice(0, length))).toEqual({ valid: true, open: true });
  });

  it("stay wrong, whatever comes", () => {
    expect(checked([0x41, 0xff], [0x41]).valid).toBe(false);
    expect(checked([0xe0], [0x80], [0x80]).valid).toBe(false);
  });

  it("of the second character are held to its own range, not to the first one's", () => {
    expect(isWhole([0xe0, 0xa0, 0x80, 0xe1, 0x80, 0x80])).toBe(true);
    expect(isWhole([0xe0, 0xa0, 0x80, 0xc2, 0x80])).toBe(true);
    expect(isWhole([0xed, 0x9f, 0xbf, 0xc3, 0xbf])).toBe(true);
  });
});
