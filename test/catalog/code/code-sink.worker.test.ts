// Code on its way out of a body: short code waits, long code flows,
// and what is replaced or given up leaves nothing behind.

import { beforeEach, describe, expect, test } from "vitest";
import { CodeSink } from "../../../src/catalog/code/code-sink.ts";
import { MAX_CODE, MB } from "../../../src/entities/limits.ts";

/** What happened, in its order; `blobs` is what lies there in the end. */
let story: string[];
let blobs: Map<string, number>;

const ports = {
  entities: {
    reserve: async (key: string) => {
      story.push(`reserve ${key.split("/")[0]}`);
    },
  },
  blobs: {
    put: async (key: string, value: string | Uint8Array) => {
      story.push("put");
      blobs.set(key, value.length);
    },
    writer: (key: string) => {
      let size = 0;
      story.push("open");
      return {
        write: async (bytes: Uint8Array) => {
          size += bytes.length;
        },
        finish: async () => {
          story.push("finish");
          blobs.set(key, size);
          return key;
        },
        abort: async () => {
          story.push("abort");
        },
      };
    },
  },
};

beforeEach(() => {
  story = [];
  blobs = new Map();
});

const sink = () => new CodeSink({ ...ports, room: null });
const bytes = (text: string) => new TextEncoder().encode(text);

async function hashOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes(text)));
  return Array.from(digest, (each) => each.toString(16).padStart(2, "0")).join("");
}

async function filled(size: number): Promise<CodeSink> {
  const target = sink();
  const piece = new Uint8Array(MB / 4).fill(120);
  for (let at = 0; at < size; at += piece.length) {
    target.code(piece.subarray(0, Math.min(piece.length, size - at)));
    await target.settle();
  }
  return target;
}

describe("short code", () => {
  test("waits in memory, its facts known, and is stored when it is wanted", async () => {
    const target = sink();
    const piece = bytes("func");
    target.code(piece);
    await target.settle();
    // The lifter uses its buffer again.
    piece.fill(0);
    target.code(bytes("tion"));
    const code = await target.finish();
    expect(code).toMatchObject({ size: 8, hash: await hashOf("function"), binary: true, blank: false });
    expect(story).toEqual([]);
    const ref = await code.store();
    expect(ref).toMatchObject({ size: 8, hash: code.hash });
    expect(story).toEqual(["reserve code", "put"]);
    expect(blobs.get(ref.key)).toBe(8);
  });

  test("of a key that comes twice is that of the last one", async () => {
    const target = sink();
    target.code(bytes("first"));
    await target.settle();
    target.discard();
    target.code(bytes(" \n"));
    expect(await target.finish()).toMatchObject({ size: 2, blank: true, hash: await hashOf(" \n") });
  });
});

describe("long code", () => {
  test("flows into the blob store, where it is noted before it lies there", async () => {
    const code = await (await filled(2 * MB)).finish();
    expect(code).toMatchObject({ size: 2 * MB, held: null });
    expect(story).toEqual(["reserve code", "open", "finish"]);
    expect(blobs.get((await code.store()).key)).toBe(2 * MB);
    expect(story).toHaveLength(3);
  });

  test("that is given up or replaced leaves nothing there", async () => {
    await (await filled(2 * MB)).abandon();
    expect(story).toEqual(["reserve code", "open", "abort"]);
    const target = await filled(2 * MB);
    target.discard();
    target.code(bytes("short"));
    expect(await target.finish()).toMatchObject({ size: 5 });
    expect(story.slice(3)).toEqual(["reserve code", "open", "abort"]);
    expect(blobs.size).toBe(0);
  });

  test("that is longer than may be is counted to its end and kept no more", async () => {
    const code = await (await filled(MAX_CODE + MB)).finish();
    expect(code).toMatchObject({ size: MAX_CODE + MB, hash: "" });
    expect(story).toEqual(["reserve code", "open", "abort"]);
    expect(blobs.size).toBe(0);
  });
});
