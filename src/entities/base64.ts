// Whether a text that comes in pieces is base64 as OpenWhisk tells it: white space around it aside, a multiple of four
// characters of the alphabet, with at most two `=` at the end. Short plain words may pass; that is upstream's rule.

import { runEnd } from "./byte-run.ts";

/** 0 for the letters of the alphabet. */
const OTHERS = othersThan("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
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
    const at = runEnd(OTHERS, bytes, from);
    this.#letters += at - from;
    return at;
  }

  #step(byte: number): void {
    const phase = this.#phase;
    if (byte <= SPACE) this.#phase = phase === "before" ? phase : "after";
    else if (OTHERS[byte] === 0 && (phase === "before" || phase === "letters")) {
      this.#phase = "letters";
      this.#letters++;
    } else if (byte === PAD && (phase === "letters" || phase === "padding")) {
      this.#phase = "padding";
      this.#padding++;
    } else this.#phase = "no";
  }
}

function othersThan(letters: string): Uint8Array {
  const flags = new Uint8Array(256).fill(1);
  for (const letter of letters) flags[letter.charCodeAt(0)] = 0;
  return flags;
}

const STEP = 0x8000;

/** Any bytes as base64. */
export function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += STEP) text += String.fromCharCode(...bytes.subarray(at, at + STEP));
  return btoa(text);
}
