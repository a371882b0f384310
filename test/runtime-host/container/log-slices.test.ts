import { describe, expect, it } from "vitest";
import { wholeLines } from "../../../runtime-host/container/log-slices.ts";

const line = (text: string) => JSON.stringify(`2026-01-01T00:00:00.000000000Z stdout: ${text}`);
const reader = (lines: readonly string[]) => {
  const bytes = Buffer.from(lines.join(","));
  return (at: number, length: number) => bytes.subarray(at, at + length);
};

/** All of it in pieces of at most `max` bytes. */
function pieces(lines: readonly string[], max: number): string[] {
  const texts: string[] = [];
  for (let from = 0; ; ) {
    const piece = wholeLines(reader(lines), { from, max });
    if (piece === null) return texts;
    texts.push(piece.text);
    from = piece.next;
  }
}

describe("a piece of a log that grows", () => {
  const lines = [line("one"), line('"," and "2", in a line'), line(""), line("ä🎉"), line("last")];

  it("is made of whole lines, whatever its bound, and the next one goes on behind it", () => {
    for (let max = 100; max < 600; max += 7) {
      const texts = pieces(lines, max);
      expect(texts.flatMap((text) => JSON.parse(`[${text}]`) as string[])).toEqual(
        lines.map((each) => JSON.parse(each)),
      );
      for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(max);
    }
  });

  it("shows the beginning of a line that no piece takes, and goes on with the next", () => {
    const long = [line("x".repeat(20_000)), line("after")];
    const [first = "", second] = pieces(long, 1_000);
    expect(JSON.parse(first)).toHaveLength(8_000);
    expect(second).toBe(long[1]);
  });

  it("is nothing where nothing has come yet", () => {
    expect(wholeLines(reader([]), { from: 0, max: 100 })).toBeNull();
    expect(wholeLines(reader([line("one")]), { from: line("one").length + 1, max: 100 })).toBeNull();
  });
});
