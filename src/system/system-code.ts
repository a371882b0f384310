// The code of built-in actions among the blobs: it ships with the Worker, and hosts read it like any other code.

import type { CodeRef } from "../entities/action.ts";
import { hexOf, sha256 } from "../entities/sha256.ts";
import type { BlobOwner, BlobStore, BlobWriter } from "../storage/blob-store.ts";

/** Where it lies: below this, by its hash. */
const PREFIX = "code/built-in/";
const HASH_WORDS = 8;
const encoder = new TextEncoder();

const refs = new Map<string, CodeRef>();
const texts = new Map<string, string>();

/** Names this code; from now on it is found by that. */
export function refOf(code: string): CodeRef {
  let ref = refs.get(code);
  if (ref === undefined) {
    const hash = hexOf(sha256(code), HASH_WORDS);
    ref = { key: `${PREFIX}${hash}`, hash, size: encoder.encode(code).byteLength };
    refs.set(code, ref);
    texts.set(ref.key, code);
  }
  return ref;
}

/** Code that ships with this version, or undefined. */
export function shippedCode(key: string): string | undefined {
  return key.startsWith(PREFIX) ? texts.get(key) : undefined;
}

/** A blob store in which the code that ships with the platform lies, too. */
export class SystemBlobs implements BlobStore {
  readonly #inner: BlobStore;

  constructor(inner: BlobStore) {
    this.#inner = inner;
  }

  async get(key: string): Promise<{ body: ReadableStream<Uint8Array>; size: number } | null> {
    const text = shippedCode(key);
    if (text === undefined) return this.#inner.get(key);
    const bytes = encoder.encode(text);
    return { body: new Blob([bytes]).stream() as ReadableStream<Uint8Array>, size: bytes.byteLength };
  }

  async text(key: string): Promise<string | null> {
    return shippedCode(key) ?? this.#inner.text(key);
  }

  async part(key: string, range: { offset: number; length: number } | { suffix: number }): Promise<Uint8Array | null> {
    const text = shippedCode(key);
    if (text === undefined) return this.#inner.part(key, range);
    const bytes = encoder.encode(text);
    return "suffix" in range ? bytes.slice(-range.suffix) : bytes.slice(range.offset, range.offset + range.length);
  }

  put(key: string, value: string | Uint8Array, owner?: BlobOwner): Promise<void> {
    return this.#inner.put(key, value, owner);
  }

  putOnce(key: string, value: string | ReadableStream<Uint8Array>, owner?: BlobOwner): Promise<void> {
    return this.#inner.putOnce(key, value, owner);
  }

  putStream(key: string, body: ReadableStream<Uint8Array>, options: { max: number; length?: number }): Promise<number> {
    return this.#inner.putStream(key, body, options);
  }

  writer(key: string, options: { room: number | null }): BlobWriter {
    return this.#inner.writer(key, options);
  }

  delete(keys: string[]): Promise<void> {
    return this.#inner.delete(keys);
  }
}
