// Bodies of texts and of payloads that lie elsewhere: a text where all is at hand,
// else a stream that holds none of them.

import { expect, test } from "vitest";
import { bodyOf, flowing, type Piece, streamOf, textOf, textStreamOf } from "../../src/http/pieces.ts";

const stored = new Map([["key", '{"large":true}']]);
const blobs = {
  get: async (key: string) => {
    const text = stored.get(key);
    if (text === undefined) return null;
    return { body: new Response(text).body as ReadableStream<Uint8Array>, size: text.length };
  },
  text: async (key: string) => stored.get(key) ?? null,
};
const large = { blob: "key", size: 14 };
const gone = { blob: "gone", size: 1 };

const whole = (body: string | ReadableStream<Uint8Array>) => new Response(body).text();

test("what is at hand is one text", () => {
  expect(bodyOf(["[", { inline: "1" }, ",", { inline: "2" }, "]"], blobs)).toBe("[1,2]");
});

test("what lies elsewhere flows through, and what is gone reads as null", async () => {
  const body = bodyOf(['{"a":', large, ',"b":', gone, ',"c":', { inline: "3" }, "}"], blobs);
  expect(typeof body).not.toBe("string");
  expect(await whole(body)).toBe('{"a":{"large":true},"b":null,"c":3}');
});

test("what follows a blob is another text where that is gone", async () => {
  const losable = (blob: string) => ({ blob, size: 1, next: ',"well":true}', lost: '"lost","well":false}' });
  for (const [blob, text] of [
    ["key", '{"a":{"large":true},"well":true} '],
    ["gone", '{"a":"lost","well":false} '],
  ] as const) {
    expect(await whole(bodyOf(['{"a":', losable(blob), " "], blobs))).toBe(text);
  }
});

test("pieces that are fetched one after the other: the first at once, so that what fails fails as an answer", async () => {
  async function* pieces(): AsyncGenerator<Piece> {
    yield "[";
    yield large;
    yield "]";
  }
  expect(await whole(await flowing(pieces(), blobs))).toBe('[{"large":true}]');
  // biome-ignore lint/correctness/useYield: it fails before its first piece.
  async function* failing(): AsyncGenerator<Piece> {
    throw new Error("no store");
  }
  await expect(flowing(failing(), blobs)).rejects.toThrow("no store");
});

test("a reader who goes away ends the parts", async () => {
  const ended: string[] = [];
  async function* parts(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(1);
    } finally {
      ended.push("ended");
    }
  }
  const reader = streamOf(parts()).getReader();
  await reader.read();
  await reader.cancel();
  expect(ended).toEqual(["ended"]);
});

test("texts as a stream, and one payload as a text", async () => {
  async function* texts(): AsyncGenerator<string> {
    yield "ü";
    yield "b";
  }
  expect(await whole(textStreamOf(texts()))).toBe("üb");
  expect(await textOf({ inline: "1" }, blobs)).toBe("1");
  expect(await textOf(large, blobs)).toBe('{"large":true}');
  expect(await textOf(gone, blobs)).toBeNull();
});
