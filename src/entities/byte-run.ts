// The inner loops of everything that looks at each byte of an upload. They are functions of their own, called for short
// blocks and without access to private fields: only so does V8 compile them once and for all.

const BLOCK = 1_024;
/** Below it a loop copies faster than a call of `set`. */
const SHORT = 64;

/** Where the first byte from `from` on is whose entry in `table` is not 0; the end if there is none. */
export function runEnd(table: Uint8Array, bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const to = Math.min(at + BLOCK, bytes.length);
    at = blockEnd(table, bytes, { from: at, to });
    if (at < to) return at;
  }
  return at;
}

/** The sum of the bytes' entries in `table`. */
export function sumOf(table: Uint8Array, bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += BLOCK) {
    sum += blockSum(table, bytes, { from: at, to: Math.min(at + BLOCK, bytes.length) });
  }
  return sum;
}

/** Copies `bytes[from, to)` to `out` at `place`; returns the place after them. */
export function copyRun(bytes: Uint8Array, range: Range, { out, place }: { out: Uint8Array; place: number }): number {
  const { from, to } = range;
  if (to - from > SHORT) out.set(bytes.subarray(from, to), place);
  else for (let at = from; at < to; at++) out[place + at - from] = bytes[at] as number;
  return place + to - from;
}

interface Range {
  from: number;
  to: number;
}

function blockEnd(table: Uint8Array, bytes: Uint8Array, { from, to }: Range): number {
  let at = from;
  while (at < to && table[bytes[at] as number] === 0) at++;
  return at;
}

function blockSum(table: Uint8Array, bytes: Uint8Array, { from, to }: Range): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum += table[bytes[at] as number] as number;
  return sum;
}
