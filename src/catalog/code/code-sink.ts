// Where the code lifted out of a body goes while the body is still arriving: short code waits in memory, long code
// streams into the blob store. Facts (size, hash, whether it is base64) are worked out on the way.

import type { CodeRef } from "../../entities/action.ts";
import { Base64Check } from "../../entities/base64.ts";
import type { CodeFacts } from "../../entities/exec.ts";
import { MAX_CODE, MB } from "../../entities/limits.ts";
import type { BlobStore, BlobWriter } from "../../storage/blob-store.ts";
import type { EntityStore } from "../../storage/entity-store.ts";
import { CodeDigest } from "./code-digest.ts";

/** Bytes of code that wait in memory until the rest of the body has been found in order. */
const IN_MEMORY_BYTES = MB;

/** Where long code goes, and where it is noted before it does: what no entity owns in the end is swept. */
export interface CodePorts {
  blobs: Pick<BlobStore, "put" | "writer">;
  entities: Pick<EntityStore, "reserve">;
}

/** For the code of one body. */
export interface SinkOptions extends CodePorts {
  /** Bytes of the whole body; null = it does not say. */
  room: number | null;
}

/** The code of one body, and what is known of it. */
export interface LiftedCode extends CodeFacts {
  hash: string;
  /** The bytes, where they wait in memory. */
  held: readonly Uint8Array[] | null;
  /** Puts them into the blob store, if they are not there yet. */
  store(): Promise<CodeRef>;
}

/** One after the other for the codes of one body: a later duplicate of the key replaces what came before. */
export class CodeSink {
  readonly #options: SinkOptions;
  #upload: Upload;
  #queue: Uint8Array[] = [];
  #replaced: Upload[] = [];

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#upload = new Upload(options);
  }

  code(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  discard(): void {
    this.#queue = [];
    this.#replaced.push(this.#upload);
    this.#upload = new Upload(this.#options);
  }

  /** Waits until what was taken has moved on: this holds the sender back, and after it the bytes may be used again. */
  async settle(): Promise<void> {
    for (const upload of this.#replaced.splice(0)) await upload.abandon();
    for (const bytes of this.#queue.splice(0)) await this.#upload.write(bytes);
  }

  async finish(): Promise<LiftedCode> {
    await this.settle();
    return this.#upload.finish();
  }

  /** Nothing of it is wanted any more. */
  async abandon(): Promise<void> {
    this.#queue = [];
    for (const upload of [...this.#replaced.splice(0), this.#upload]) await upload.abandon();
  }
}

class Upload {
  readonly #options: SinkOptions;
  readonly #key = `code/${crypto.randomUUID()}`;
  readonly #base64 = new Base64Check();
  readonly #digest = new CodeDigest();
  #size = 0;
  #held: Uint8Array[] = [];
  #blob: BlobWriter | null = null;

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    // Too long: counted to the end, for the answer, but kept no more.
    if (this.#size > MAX_CODE) return this.#drop();
    this.#base64.push(bytes);
    await this.#digest.write(bytes);
    if (this.#blob !== null) return this.#blob.write(bytes);
    this.#held.push(bytes.slice());
    if (this.#size > IN_MEMORY_BYTES) await this.#open();
  }

  async finish(): Promise<LiftedCode> {
    const hash = this.#size <= MAX_CODE ? await this.#digest.end() : "";
    const ref = { key: (await this.#blob?.finish()) ?? this.#key, hash, size: this.#size };
    const held = this.#blob === null ? this.#held : null;
    return {
      size: this.#size,
      hash,
      binary: this.#base64.binary,
      blank: this.#base64.blank,
      held,
      store: async () => {
        if (held !== null) {
          await this.#options.entities.reserve(this.#key);
          await this.#options.blobs.put(this.#key, concat(held, this.#size));
        }
        return ref;
      },
    };
  }

  async abandon(): Promise<void> {
    await this.#drop();
    await this.#digest.abort();
  }

  async #open(): Promise<void> {
    await this.#options.entities.reserve(this.#key);
    this.#blob = this.#options.blobs.writer(this.#key, { room: this.#options.room });
    for (const bytes of this.#held.splice(0)) await this.#blob.write(bytes);
  }

  async #drop(): Promise<void> {
    this.#held = [];
    const blob = this.#blob;
    this.#blob = null;
    await blob?.abort();
  }
}

function concat(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
