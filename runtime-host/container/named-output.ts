// Takes one output stream of a container with overlapping runs apart. What the runtime could name comes in records:
// NUL, the run's name (24 characters: ours of this container, then a running number), five hex digits of length, so
// many bytes; a record without bytes ends the run on that stream. All else belongs to nobody in particular. Payload is
// passed on as it comes.

export interface NamedSink {
  /** Valid during the call. */
  named(run: string, bytes: Buffer): void;
  ended(run: string): void;
  loose(bytes: Buffer): void;
}

const NUL = 0;
const NAME_BYTES = 24;
const HEAD_BYTES = 1 + NAME_BYTES + 5;
const LENGTH = /^[0-9a-f]{5}$/;

export class NamedOutput {
  readonly #sink: NamedSink;
  /** What every record of this container begins with. */
  readonly #mark: Buffer;
  /** A record's head, as far as it has come. */
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #have = 0;
  #run = "";
  /** Bytes of the record still to come. */
  #left = 0;

  /** `prefix`: first characters of the names this host gives to runs of this container. */
  constructor(prefix: string, sink: NamedSink) {
    this.#mark = Buffer.from(`\0${prefix}`, "latin1");
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) at = this.#payload(chunk, at);
      else if (this.#have > 0) at = this.#continue(chunk, at);
      else at = this.#outside(chunk, at);
    }
  }

  /** No more will come: a head that was never whole is output like any other. */
  end(): void {
    while (this.#have > 0) this.#giveUp();
  }

  #payload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    this.#sink.named(this.#run, chunk.subarray(at, end));
    return end;
  }

  #outside(chunk: Buffer, at: number): number {
    const nul = chunk.indexOf(NUL, at);
    if (nul !== at) this.#sink.loose(chunk.subarray(at, nul < 0 ? chunk.length : nul));
    if (nul < 0) return chunk.length;
    this.#head[0] = NUL;
    this.#have = 1;
    return nul + 1;
  }

  #continue(chunk: Buffer, from: number): number {
    const taken = chunk.copy(this.#head, this.#have, from, from + HEAD_BYTES - this.#have);
    this.#have += taken;
    const checked = Math.min(this.#have, this.#mark.length);
    if (this.#head.compare(this.#mark, 0, checked, 0, checked) !== 0) this.#giveUp();
    else if (this.#have === HEAD_BYTES) this.#begin();
    return from + taken;
  }

  #begin(): void {
    const length = this.#head.toString("latin1", 1 + NAME_BYTES);
    if (!LENGTH.test(length)) {
      this.#giveUp();
      return;
    }
    this.#have = 0;
    this.#run = this.#head.toString("latin1", 1, 1 + NAME_BYTES);
    this.#left = Number.parseInt(length, 16);
    if (this.#left === 0) this.#sink.ended(this.#run);
  }

  /** It is no head, but a later NUL in it may begin one. */
  #giveUp(): void {
    const bytes = Buffer.from(this.#head.subarray(0, this.#have));
    this.#have = 0;
    if (bytes.length === 0) return;
    const next = bytes.indexOf(NUL, 1);
    this.#sink.loose(next < 0 ? bytes : bytes.subarray(0, next));
    if (next > 0) this.push(bytes.subarray(next));
  }
}
