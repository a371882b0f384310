import { describe, expect, it } from "vitest";
import { LineCutter, MAX_LINE_BYTES, SENTINEL } from "../../../runtime-host/container/log-lines.ts";

function cutter() {
  const heard: string[] = [];
  let skippedBytes = 0;
  const sink = {
    line: (bytes: Buffer) => heard.push(bytes.toString("utf8")),
    skipped: (bytes: number) => {
      skippedBytes += bytes;
    },
    sentinel: () => heard.push("<end>"),
    skipping: false,
  };
  return { heard, sink, cutter: new LineCutter(sink), skipped: () => skippedBytes };
}

/** The same bytes in chunks of each size. */
function* chunked(text: string) {
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size++) {
    yield Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
  }
}

describe("a stream of output", () => {
  it("becomes the same lines however it is cut, with its markers in place", () => {
    for (const chunks of chunked(`one\r\nzwölf ✓ 🎉\n\n${SENTINEL}\ntwo${SENTINEL}\nthree\n`)) {
      const { cutter: it, heard } = cutter();
      for (const chunk of chunks) it.push(Buffer.from(chunk));
      expect(heard).toEqual(["one", "zwölf ✓ 🎉", "", "<end>", "two", "<end>", "three"]);
    }
  });

  it("keeps what has no line end yet, until it is flushed or dropped", () => {
    const { cutter: it, heard } = cutter();
    it.push(Buffer.from("half"));
    expect(heard).toEqual([]);
    expect(it.rest.toString()).toBe("half");
    it.flush();
    expect(heard).toEqual(["half"]);
    it.push(Buffer.from("nobody's"));
    expect(it.drop()).toBe(8);
    it.flush();
    expect(heard).toEqual(["half"]);
  });

  it("splits a line that is too long, between characters", () => {
    const { cutter: it, heard } = cutter();
    it.push(Buffer.from(`x${"ä".repeat(MAX_LINE_BYTES)}\n`));
    expect(heard.length).toBeGreaterThan(2);
    expect(heard.join("")).toBe(`x${"ä".repeat(MAX_LINE_BYTES)}`);
    for (const line of heard) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MAX_LINE_BYTES);
  });

  it("is only counted while nobody wants it, but its marker is seen", () => {
    for (const chunks of chunked(`unwanted\n${SENTINEL}\nmore`)) {
      const { cutter: it, heard, sink, skipped } = cutter();
      sink.skipping = true;
      for (const chunk of chunks) it.push(Buffer.from(chunk));
      it.flush();
      expect(heard).toEqual(["<end>"]);
      expect(skipped()).toBe("unwanted\nmore".length);
    }
  });
});
