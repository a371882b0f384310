// Takes Docker's multiplexed stream apart: 8 bytes of header, then the payload of one of the two streams. Payload is
// passed on as it comes, never gathered, so a header that announces megabytes costs nothing.

const HEADER_BYTES = 8;

export class DockerFrames {
  readonly #output: (stream: 1 | 2, bytes: Buffer) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #have = 0;
  #left = 0;
  #stream: 1 | 2 = 1;

  constructor(output: (stream: 1 | 2, bytes: Buffer) => void) {
    this.#output = output;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(chunk.length, at + this.#left);
        this.#left -= end - at;
        this.#output(this.#stream, chunk.subarray(at, end));
        at = end;
        continue;
      }
      const taken = chunk.copy(this.#header, this.#have, at, at + HEADER_BYTES - this.#have);
      this.#have += taken;
      at += taken;
      if (this.#have < HEADER_BYTES) return;
      this.#have = 0;
      this.#stream = this.#header[0] === 2 ? 2 : 1;
      this.#left = this.#header.readUInt32BE(4);
    }
  }
}
