// Pieces of a list of log lines as JSON text, cut between lines: for who reads while it grows.

/** A JSON text of a line is at most so long: six bytes for one. */
const MAX_LINE_TEXT_BYTES = 512 * 1024;
/** Characters shown of a line that no piece takes. */
const SHOWN_CHARACTERS = 8_000;
const QUOTE = 0x22;
const BETWEEN = Buffer.from('","');

/** `bytes`: at most so many from there; the place must be the beginning of a line. Null if nothing is there. */
export function wholeLines(
  bytes: (at: number, length: number) => Buffer,
  { from, max }: { from: number; max: number },
): { text: string; next: number } | null {
  const piece = bytes(from, max + 1);
  if (piece.length === 0 || piece[0] !== QUOTE) return null;
  if (piece.length <= max) return { text: piece.toString("utf8"), next: from + piece.length + 1 };
  const end = last(piece);
  if (end > 0) return { text: piece.toString("utf8", 0, end), next: from + end + 1 };
  const long = bytes(from, MAX_LINE_TEXT_BYTES);
  const first = next(long);
  const line = long.subarray(0, first < 0 ? long.length : first);
  const text: unknown = JSON.parse(line.toString("utf8"));
  return { text: JSON.stringify(String(text).slice(0, SHOWN_CHARACTERS)), next: from + line.length + 1 };
}

/** Just behind the last line that is whole and followed by another; -1 if there is none. */
function last(piece: Buffer): number {
  for (let at = piece.length; at > 0; ) {
    at = piece.lastIndexOf(BETWEEN, at - 1);
    if (at < 0) return -1;
    if (isEnd(piece, at)) return at + 1;
  }
  return -1;
}

function next(piece: Buffer): number {
  for (let at = piece.indexOf(BETWEEN); at >= 0; at = piece.indexOf(BETWEEN, at + 1))
    if (isEnd(piece, at)) return at + 1;
  return -1;
}

/** Every line begins with the digits of its year; what looks like an end within a line is followed by a comma. */
function isEnd(piece: Buffer, at: number): boolean {
  const digit = piece[at + BETWEEN.length] ?? 0;
  return digit >= 0x30 && digit <= 0x39;
}
