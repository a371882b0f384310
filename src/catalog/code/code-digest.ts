// SHA-256 of code as it passes. The platform's own stream does it, which holds none of the bytes.

import { hex } from "../../entities/sealing.ts";

interface DigestStream extends WritableStream<Uint8Array> {
  readonly digest: Promise<ArrayBuffer>;
}

const platform = crypto as unknown as { DigestStream: new (algorithm: "SHA-256") => DigestStream };

/** `write` each piece, then `end` for the hash, or `abort`. */
export class CodeDigest {
  readonly #stream = new platform.DigestStream("SHA-256");
  readonly #writer = this.#stream.getWriter();

  constructor() {
    // Of code that is given up nobody asks for it.
    this.#stream.digest.catch(() => undefined);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#writer.write(bytes);
  }

  /** In hexadecimal; nothing can be written after it. */
  async end(): Promise<string> {
    await this.#writer.close();
    return hex(new Uint8Array(await this.#stream.digest));
  }

  async abort(): Promise<void> {
    await this.#writer.abort().catch(() => undefined);
  }
}
