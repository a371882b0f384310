// Action code as it lies in the blob store, held against what the action's row says of it: so many bytes, with this
// hash. A power loss may leave a blob short, empty or altered, and a row that knows nothing of it.

import type { CodeRef } from "../../entities/action.ts";
import { chunksOf } from "../../entities/chunks.ts";
import { faultText } from "../../entities/log-level.ts";
import { log } from "../../log.ts";
import type { BlobStore } from "../../storage/blob-store.ts";
import { CodeDigest } from "./code-digest.ts";

/** Takes the bytes as they pass; `whole` says at their end whether they are the code. */
export class CodeCheck {
  readonly #ref: CodeRef;
  readonly #digest = new CodeDigest();
  #size = 0;

  constructor(ref: CodeRef) {
    this.#ref = ref;
  }

  async push(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    await this.#digest.write(bytes);
  }

  async whole(): Promise<boolean> {
    const hash = await this.#digest.end();
    return this.#size === this.#ref.size && hash === this.#ref.hash;
  }
}

/** All of it, for code that is short; null if it is not there or not whole. */
export async function wholeCode(blobs: Pick<BlobStore, "get">, ref: CodeRef): Promise<Uint8Array[] | null> {
  const pieces: Uint8Array[] = [];
  return (await passes(blobs, ref, (bytes) => pieces.push(bytes.slice()))) ? pieces : null;
}

/** The same without keeping any of it: code of whatever length. */
export async function isWhole(blobs: Pick<BlobStore, "get">, ref: CodeRef): Promise<boolean> {
  return passes(blobs, ref, () => undefined);
}

async function passes(
  blobs: Pick<BlobStore, "get">,
  ref: CodeRef,
  take: (bytes: Uint8Array) => unknown,
): Promise<boolean> {
  const blob = await blobs.get(ref.key);
  if (blob === null) return false;
  const check = new CodeCheck(ref);
  try {
    for await (const chunk of chunksOf(blob.body)) {
      take(chunk);
      await check.push(chunk);
    }
  } catch (error) {
    log.error("code-unreadable", { blob: ref.key, text: faultText(error) });
    return false;
  }
  return check.whole();
}
