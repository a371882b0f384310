// Whether bytes that come in pieces are UTF-8, without decoding them.

export class Utf8Check {
  /** Continuation bytes the current character still wants, and the range the next of them must lie in. */
  #wanted = 0;
  #low = 0x80;
  #high = 0xbf;
  #valid = true;

  /** True while a character is cut by the end of what was pushed. */
  get open(): boolean {
    return this.#wanted > 0;
  }

  /** False once the bytes so far cannot be UTF-8. */
  get valid(): boolean {
    return this.#valid;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#valid; at++) {
      const byte = bytes[at] as number;
      if (this.#wanted > 0) {
        if (byte < this.#low || byte > this.#high) this.#valid = false;
        this.#wanted--;
        this.#low = 0x80;
        this.#high = 0xbf;
      } else if (byte >= 0x80) this.#start(byte);
    }
  }

  /** Overlong forms, surrogates and what lies past U+10FFFF are told by the second byte. */
  #start(byte: number): void {
    if (byte >= 0xc2 && byte <= 0xdf) this.#wanted = 1;
    else if (byte >= 0xe0 && byte <= 0xef) this.#wanted = 2;
    else if (byte >= 0xf0 && byte <= 0xf4) this.#wanted = 3;
    else this.#valid = false;
    if (byte === 0xe0) this.#low = 0xa0;
    if (byte === 0xed) this.#high = 0x9f;
    if (byte === 0xf0) this.#low = 0x90;
    if (byte === 0xf4) this.#high = 0x8f;
  }
}
