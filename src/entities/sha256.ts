// SHA-256 and HMAC-SHA-256 within one turn of the event loop. WebCrypto answers with promises, and a scheduler must
// judge what its host says before the next message comes. Held against WebCrypto by its test.

/** Eight words. */
export type Digest = Int32Array;

/** The states of inner and outer hash after the key's block. */
export interface HmacKey {
  readonly inner: Digest;
  readonly outer: Digest;
}

const BLOCK = 64;
const PRIMES = primes(64);
const ROUND = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
/** Used within one call and never across two. */
const schedule = new Int32Array(64);
const tail = new Uint8Array(2 * BLOCK);
const encoder = new TextEncoder();

export function sha256(text: string): Digest {
  return hashed(START, encoder.encode(text), 0);
}

/** `purpose`: a constant of the code; keys of different purposes have nothing in common. */
export function hmacKey(secret: string, purpose: string): HmacKey {
  return keyed(bytesOf(hmac(keyed(encoder.encode(secret)), purpose)));
}

export function hmac(key: HmacKey, text: string): Digest {
  const inner = hashed(key.inner, encoder.encode(text), BLOCK);
  return hashed(key.outer, bytesOf(inner), BLOCK);
}

/** The first words of a digest in hex. */
export function hexOf(digest: Digest, words: number): string {
  let text = "";
  for (let at = 0; at < words; at++) text += ((digest[at] as number) >>> 0).toString(16).padStart(8, "0");
  return text;
}

function keyed(secret: Uint8Array): HmacKey {
  const key = secret.length > BLOCK ? bytesOf(hashed(START, secret, 0)) : secret;
  const pad = (byte: number): Digest => {
    const block = new Uint8Array(BLOCK).fill(byte);
    for (const [at, each] of key.entries()) block[at] = each ^ byte;
    const state = START.slice();
    compress(state, block, 0);
    return state;
  };
  return { inner: pad(0x36), outer: pad(0x5c) };
}

/** Goes on from `state`, which has seen `before` bytes. */
function hashed(state: Digest, bytes: Uint8Array, before: number): Digest {
  const { length } = bytes;
  const digest = new Int32Array(state);
  const whole = length - (length % BLOCK);
  for (let at = 0; at < whole; at += BLOCK) compress(digest, bytes, at);
  const left = length - whole;
  const end = left < BLOCK - 8 ? BLOCK : 2 * BLOCK;
  tail.fill(0, left, end);
  for (let at = 0; at < left; at++) tail[at] = bytes[whole + at] as number;
  tail[left] = 0x80;
  const bits = (before + length) * 8;
  putWord(tail, end - 8, Math.floor(bits / 2 ** 32));
  putWord(tail, end - 4, bits);
  for (let at = 0; at < end; at += BLOCK) compress(digest, tail, at);
  return digest;
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

function compress(state: Digest, bytes: Uint8Array, from: number): void {
  const words = schedule;
  for (let at = 0; at < 16; at++) {
    const byte = from + at * 4;
    words[at] =
      ((bytes[byte] as number) << 24) |
      ((bytes[byte + 1] as number) << 16) |
      ((bytes[byte + 2] as number) << 8) |
      (bytes[byte + 3] as number);
  }
  for (let at = 16; at < 64; at++) {
    const early = words[at - 15] as number;
    const late = words[at - 2] as number;
    const small = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const large = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[at] = ((words[at - 16] as number) + small + (words[at - 7] as number) + large) | 0;
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let at = 0; at < 64; at++) {
    const mixed = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const chosen = (e & f) ^ (~e & g);
    const first = (h + mixed + chosen + (ROUND[at] as number) + (words[at] as number)) | 0;
    const other = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const most = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + other + most) | 0;
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
  state[4] = (state[4] as number) + e;
  state[5] = (state[5] as number) + f;
  state[6] = (state[6] as number) + g;
  state[7] = (state[7] as number) + h;
}

function turn(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function bytesOf(digest: Digest): Uint8Array {
  const bytes = new Uint8Array(digest.length * 4);
  for (let at = 0; at < digest.length; at++) putWord(bytes, at * 4, digest[at] as number);
  return bytes;
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let number = 2; found.length < count; number++) {
    if (found.every((prime) => number % prime !== 0)) found.push(number);
  }
  return found;
}

/** The first 32 bits behind the point. */
function fraction(value: number): number {
  return ((value - Math.floor(value)) * 2 ** 32) | 0;
}
