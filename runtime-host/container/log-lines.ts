// Cuts one output stream of a container into lines. Bytes stay bytes until a line is whole, so that characters split
// between chunks survive; memory is bounded by the longest line, whatever the action prints.

export const SENTINEL = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX";

/** Bytes of a line; longer ones are split between characters. */
export const MAX_LINE_BYTES = 64 * 1024;

const MARK = Buffer.from(SENTINEL);
const NEWLINE = 0x0a;
const EMPTY = Buffer.alloc(0);

export interface LineSink {
  /** The bytes of a line without its end. Valid only during the call. */
  line(bytes: Buffer): void;
  /** Bytes that were read while `skipping`. */
  skipped(bytes: number): void;
  /** The end marker of an activation; text before it on the same line has been given to `line`. */
  sentinel(): void;
  /** True while nobody wants lines: bytes are only counted, and searched for the marker. */
  readonly skipping: boolean;
}

export class LineCutter {
  #rest: Buffer = EMPTY;
  readonly #sink: LineSink;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#sink.skipping ? this.#skip(chunk, at) : this.#take(chunk, at);
    }
  }

  /** What has come of a line that is not whole yet. */
  get rest(): Buffer {
    return this.#rest;
  }

  /** Whatever is left without a line end becomes a line. */
  flush(): void {
    const rest = this.#rest;
    this.#rest = EMPTY;
    if (rest.length === 0) return;
    if (this.#sink.skipping && !rest.includes(MARK)) this.#sink.skipped(rest.length);
    else this.#line(rest);
  }

  /** Forgets an unfinished line, which belongs to nobody; returns its bytes. */
  drop(): number {
    const { length } = this.#rest;
    this.#rest = EMPTY;
    return length;
  }

  #take(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(NEWLINE, from);
    const room = MAX_LINE_BYTES - this.#rest.length;
    if (end >= 0 && end - from <= room) {
      const piece = chunk.subarray(from, end);
      const line = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
      this.#rest = EMPTY;
      this.#line(line);
      return end + 1;
    }
    if (end < 0 && chunk.length - from <= room) {
      // Copied: the chunk's memory belongs to the socket.
      const piece = chunk.subarray(from);
      this.#rest = this.#rest.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#rest, piece]);
      return chunk.length;
    }
    const line = Buffer.concat([this.#rest, chunk.subarray(from, from + room)]);
    const cut = beforeCharacter(line);
    this.#rest = Buffer.from(line.subarray(cut));
    this.#line(line.subarray(0, cut));
    return from + room;
  }

  #line(bytes: Buffer): void {
    const mark = bytes.indexOf(MARK);
    if (mark < 0) {
      const carriage = bytes.length > 0 && bytes[bytes.length - 1] === 0x0d ? 1 : 0;
      this.#sink.line(carriage === 1 ? bytes.subarray(0, -1) : bytes);
      return;
    }
    if (mark > 0) this.#sink.line(bytes.subarray(0, mark));
    this.#sink.sentinel();
  }

  /** Looks for the marker only; keeps as many bytes as could be its beginning, and never copies a chunk. */
  #skip(chunk: Buffer, from: number): number {
    const rest = this.#rest;
    if (rest.length > 0) {
      // Where the last chunk meets this one.
      const seam = Buffer.concat([rest, chunk.subarray(from, from + MARK.length + 1)]);
      const mark = seam.indexOf(MARK);
      if (mark >= 0) return this.#marked(seam, mark, { chunk, from: from - rest.length });
      if (chunk.length - from <= MARK.length) return this.#keep(seam, chunk.length);
      this.#sink.skipped(rest.length);
      this.#rest = EMPTY;
    }
    const mark = chunk.indexOf(MARK, from);
    if (mark < 0) return this.#keep(chunk.subarray(from), chunk.length);
    return this.#marked(chunk.subarray(from), mark - from, { chunk, from });
  }

  /** No marker in `bytes`: all but what may become one is passed over. */
  #keep(bytes: Buffer, next: number): number {
    const keep = Math.min(bytes.length, MARK.length - 1);
    this.#sink.skipped(bytes.length - keep);
    this.#rest = Buffer.from(bytes.subarray(bytes.length - keep));
    return next;
  }

  /** A marker at `mark` of `bytes`, which begin at `from` of the chunk (before it, if they began in an earlier one). */
  #marked(bytes: Buffer, mark: number, place: { chunk: Buffer; from: number }): number {
    if (mark > 0) this.#sink.skipped(mark);
    const end = mark + MARK.length;
    const next = place.from + end;
    // The marker's line end belongs to it, also when it comes with the next chunk.
    if (next === place.chunk.length) {
      this.#rest = MARK;
      return next;
    }
    this.#rest = EMPTY;
    this.#sink.sentinel();
    return next + (bytes[end] === NEWLINE ? 1 : 0);
  }
}

/** The longest prefix that does not end inside a UTF-8 character. */
function beforeCharacter(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back < bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
