// Whether a text that comes in pieces is base64 as OpenWhisk tells it: white space around it aside, a multiple of four
// characters of the alphabet, with at most two `=` at the end. Short plain words may pass; that is upstream's rule.

const ALPHABET = table("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const SPACE = 0x20;
const PAD = 0x3d;

type Phase = "before" | "letters" | "padding" | "after" | "no";

export class Base64Check {
  #phase: Phase = "before";
  #letters = 0;
  #padding = 0;

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.#phase !== "no") {
      if (this.#phase === "letters") at = this.#skipLetters(bytes, at);
      if (at < bytes.length) this.#step(bytes[at++] as number);
    }
  }

  /** Nothing but white space so far. */
  get blank(): boolean {
    return this.#phase === "before";
  }

  get binary(): boolean {
    const length = this.#letters + this.#padding;
    return this.#phase !== "no" && length > 0 && length % 4 === 0 && this.#padding <= 2;
  }

  #skipLetters(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && ALPHABET[bytes[at] as number] === 1) at++;
    this.#letters += at - from;
    return at;
  }

  #step(byte: number): void {
    const phase = this.#phase;
    if (byte <= SPACE) this.#phase = phase === "before" ? phase : "after";
    else if (ALPHABET[byte] === 1 && (phase === "before" || phase === "letters")) {
      this.#phase = "letters";
      this.#letters++;
    } else if (byte === PAD && (phase === "letters" || phase === "padding")) {
      this.#phase = "padding";
      this.#padding++;
    } else this.#phase = "no";
  }
}

function table(characters: string): Uint8Array {
  const flags = new Uint8Array(256);
  for (const character of characters) flags[character.charCodeAt(0)] = 1;
  return flags;
}
