// What a stored key is made of: random text, the HMAC it is found by, and its sealed text.

import { type MasterSecret, seal } from "../../entities/sealing.ts";
import { lookupOf } from "./secret-book.ts";

const SECRET_LENGTH = 64;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** `uuid:secret`. */
export function randomKey(): string {
  let secret = "";
  while (secret.length < SECRET_LENGTH) {
    // Bytes that would favour the alphabet's first letters are thrown away.
    for (const byte of crypto.getRandomValues(new Uint8Array(SECRET_LENGTH))) {
      if (byte < ALPHABET.length * 4 && secret.length < SECRET_LENGTH) secret += ALPHABET[byte % ALPHABET.length];
    }
  }
  return `${crypto.randomUUID()}:${secret}`;
}

export function uuidOf(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

/** As it stands in its row. */
export async function sealedKey(secret: MasterSecret, key: string): Promise<{ lookup: string; sealed: string }> {
  const [lookup, sealed] = await Promise.all([lookupOf(secret.current, key), seal(secret, "stored-key", key)]);
  return { lookup, sealed };
}
