// A small gzip member unpacked at once (RFC 1951 and 1952): for what is some hundred bytes long, a stream of the
// platform's costs more than the unpacking. Whoever calls has a checksum of his own. Pure.

/** Bytes of what is unpacked here, at most: beyond, the platform's own is quicker. */
const MAX_SIZE = 64 * 1024;
const HEADER = 10;
const TRAILER = 8;
const MAGIC = [0x1f, 0x8b, 8, 0] as const;

const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCES = [
  ...[
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  ],
  ...[8193, 12289, 16385, 24577],
];
const DISTANCE_BITS = DISTANCES.map((_, at) => Math.max(0, (at >> 1) - 1));
/** In which order the lengths of the codes for lengths come. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const END = 256;

/** A canonical Huffman code: how many codes there are of each length, and what they stand for, in their order. */
interface Code {
  counts: Uint16Array;
  symbols: Uint16Array;
}

const FIXED = {
  literals: codeOf(Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8))),
  distances: codeOf(Array<number>(30).fill(5)),
};

/** What was packed. Null: it is long, or not of the plain kind that is unpacked here. Throws where it is damaged. */
export function inflated(member: Uint8Array): Uint8Array | null {
  if (member.length < HEADER + TRAILER || MAGIC.some((byte, at) => member[at] !== byte)) return null;
  const size = new DataView(member.buffer, member.byteOffset + member.length - 4, 4).getUint32(0, true);
  if (size > MAX_SIZE) return null;
  const bits = new Bits(member.subarray(HEADER, member.length - TRAILER));
  const out = new Uint8Array(size);
  let at = 0;
  for (let isLast = false; !isLast; ) {
    isLast = bits.take(1) === 1;
    at = block(bits, bits.take(2), { out, at });
  }
  if (at !== size) throw new Error("a gzip member is shorter than it says");
  return out;
}

/** Returns up to where there is something then. */
function block(bits: Bits, type: number, { out, at }: { out: Uint8Array; at: number }): number {
  if (type === 0) {
    const bytes = bits.plain();
    if (at + bytes.length > out.length) throw new Error("a gzip member is longer than it says");
    out.set(bytes, at);
    return at + bytes.length;
  }
  if (type === 3) throw new Error("a gzip member has a block of no kind");
  const { literals, distances } = type === 1 ? FIXED : codesIn(bits);
  let to = at;
  for (;;) {
    const symbol = bits.symbol(literals);
    if (symbol === END) return to;
    if (symbol < END) {
      if (to >= out.length) throw new Error("a gzip member is longer than it says");
      out[to++] = symbol;
      continue;
    }
    const length = (LENGTHS[symbol - END - 1] ?? Number.NaN) + bits.take(LENGTH_BITS[symbol - END - 1] ?? 0);
    const code = bits.symbol(distances);
    const distance = (DISTANCES[code] ?? Number.NaN) + bits.take(DISTANCE_BITS[code] ?? 0);
    // What is not a number is not so either.
    if (!(distance <= to && to + length <= out.length)) throw new Error("a gzip member refers to what is not there");
    for (let end = to + length; to < end; to++) out[to] = out[to - distance] ?? 0;
  }
}

function codesIn(bits: Bits): { literals: Code; distances: Code } {
  const [literals, distances, lengths] = [bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4];
  const ofLengths = Array<number>(ORDER.length).fill(0);
  for (const at of ORDER.slice(0, lengths)) ofLengths[at] = bits.take(3);
  const code = codeOf(ofLengths);
  const all: number[] = [];
  while (all.length < literals + distances) {
    const symbol = bits.symbol(code);
    if (symbol < 16) all.push(symbol);
    else if (symbol === 16) repeat(all, all.at(-1) ?? 0, 3 + bits.take(2));
    else repeat(all, 0, symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7));
  }
  return { literals: codeOf(all.slice(0, literals)), distances: codeOf(all.slice(literals, literals + distances)) };
}

function repeat(list: number[], value: number, times: number): void {
  for (let left = times; left > 0; left--) list.push(value);
}

/** `lengths`: of the code of each symbol, in bits; 0: it has none. */
function codeOf(lengths: readonly number[]): Code {
  const counts = new Uint16Array(16);
  for (let symbol = 0; symbol < lengths.length; symbol++) counts[lengths[symbol]!]!++;
  counts[0] = 0;
  const offsets = new Uint16Array(17);
  for (let length = 1; length < 16; length++) offsets[length + 1] = offsets[length]! + counts[length]!;
  const symbols = new Uint16Array(lengths.length);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length > 0) symbols[offsets[length]!++] = symbol;
  }
  return { counts, symbols };
}

/** Bits one after the other, the lowest of a byte first. */
class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #left = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A number of so many bits, at most 16. */
  take(count: number): number {
    while (this.#left < count) this.#fill();
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#left -= count;
    return value;
  }

  symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length < 16; length++) {
      if (this.#left === 0) this.#fill();
      code |= this.#held & 1;
      this.#held >>>= 1;
      this.#left--;
      const count = counts[length] as number;
      if (code - count < first) return symbols[index + code - first] as number;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new Error("a gzip member has a code that stands for nothing");
  }

  /** A block that is not packed. */
  plain(): Uint8Array {
    this.#held = 0;
    this.#left = 0;
    const [low, high, lowAgain, highAgain] = this.#bytes.subarray(this.#at, this.#at + 4);
    const length = (low ?? 0) | ((high ?? 0) << 8);
    if (length !== (~((lowAgain ?? 0) | ((highAgain ?? 0) << 8)) & 0xffff)) throw new Error("a gzip member is damaged");
    const bytes = this.#bytes.subarray(this.#at + 4, this.#at + 4 + length);
    if (bytes.length < length) throw new Error("a gzip member ends too early");
    this.#at += 4 + length;
    return bytes;
  }

  #fill(): void {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error("a gzip member ends too early");
    this.#held |= byte << this.#left;
    this.#left += 8;
  }
}
