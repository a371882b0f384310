// A stream of bytes on the disk, in pieces: each is checked against its place in this very file, the last one says that
// it is the last. Without a passphrase a bit flip, a piece left out or a missing end is noticed; with one nobody can
// read or alter it.
//
//   first line   "EDGEWHISK-BACKUP"
//   second line  JSON: version, cipher, and how the key follows from the passphrase
//   pieces       32 bits: length, and in the highest one whether it is the last; then the bytes and their check

import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import * as z from "zod";

export class BackupFault extends Error {}

const MAGIC = "EDGEWHISK-BACKUP\n";
const MAX_HEAD = 4_096;
const PIECE = 1024 * 1024;
const LAST = 0x80000000;
const SUM_BYTES = 32;
const TAG_BYTES = 16;
/** scrypt: 128 MB and about half a second. What a file asks for may be less or four times as much. */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
const MAX_COST = 4 * 128 * COST.N * COST.r;

const Head = z.object({
  v: z.literal(1),
  made: z.string(),
  cipher: z.discriminatedUnion("name", [
    z.object({ name: z.literal("none") }),
    z.object({
      name: z.literal("aes-256-gcm"),
      salt: z.string().regex(/^[0-9a-f]{64}$/),
      N: z
        .number()
        .int()
        .min(2 ** 14),
      r: z.number().int().min(1).max(32),
      p: z.number().int().min(1).max(4),
    }),
  ]),
});
export type Head = z.infer<typeof Head>;

/** What guards the pieces: a key, or null for a checksum. `context`: hash of the head,
 * so that pieces belong to this file. */
interface Guard {
  key: Buffer | null;
  context: Buffer;
}

/** Bytes in, bytes of the file out. */
export function sealing(passphrase: string | null, made: Date) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const salt = randomBytes(32).toString("hex");
    const cipher = passphrase === null ? { name: "none" as const } : { name: "aes-256-gcm" as const, salt, ...COST };
    const head: Head = { v: 1, made: made.toISOString(), cipher };
    const bytes = Buffer.from(`${MAGIC}${JSON.stringify(head)}\n`);
    yield bytes;
    const guard = await guardOf(head, bytes, passphrase);
    let at = 0;
    let pending: Buffer[] = [];
    let length = 0;
    for await (const chunk of source) {
      pending.push(chunk);
      length += chunk.length;
      if (length <= PIECE) continue;
      const all = Buffer.concat(pending, length);
      let from = 0;
      // Of what is there something is kept back: only the end of the source tells which piece is the last.
      for (; length - from > PIECE; from += PIECE)
        yield sealed(guard, all.subarray(from, from + PIECE), { at: at++, last: false });
      pending = [all.subarray(from)];
      length -= from;
    }
    yield sealed(guard, Buffer.concat(pending, length), { at, last: true });
  };
}

/** Bytes of the file in, bytes out. Throws BackupFault where they are not what was written.
 * `passphrase` is asked for one. */
export function unsealing(passphrase: () => Promise<string>) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const bytes = new Reader(source);
    const first = await bytes.line(MAX_HEAD);
    if (first === null || `${first}\n` !== MAGIC) throw new BackupFault("it is no backup of edgewhisk");
    const second = await bytes.line(MAX_HEAD);
    const head = headOf(second);
    const secret = head.cipher.name === "none" ? null : await passphrase();
    const guard = await guardOf(head, Buffer.from(`${MAGIC}${second}\n`), secret);
    for (let at = 0; ; at++) {
      const word = await bytes.take(4);
      if (word === null) throw new BackupFault("it is not whole: its end is missing");
      const length = word.readUInt32BE() & ~LAST;
      const last = word.readUInt32BE() >>> 31 === 1;
      if (length > PIECE + SUM_BYTES) throw altered(at);
      const body = await bytes.take(length);
      if (body === null) throw new BackupFault("it is not whole: its end is missing");
      yield opened(guard, body, { at, last });
      if (last) break;
    }
    if ((await bytes.take(1)) !== null) throw new BackupFault("there is something behind its end");
  };
}

function headOf(line: string | null): Head {
  let value: unknown;
  try {
    value = JSON.parse(line ?? "");
  } catch {
    throw new BackupFault("its head was altered");
  }
  if (typeof value === "object" && value !== null && "v" in value && typeof value.v === "number" && value.v > 1) {
    throw new BackupFault("it was written by a newer version");
  }
  const head = Head.safeParse(value);
  if (!head.success) throw new BackupFault("its head was altered");
  const { cipher } = head.data;
  const isDear = cipher.name !== "none" && 128 * cipher.N * cipher.r * cipher.p > MAX_COST;
  if (isDear) throw new BackupFault("its head was altered: it asks for more memory than any backup needs");
  return head.data;
}

async function guardOf({ cipher }: Head, bytes: Buffer, passphrase: string | null): Promise<Guard> {
  const context = createHash("sha256").update(bytes).digest();
  if (cipher.name === "none") return { key: null, context };
  const { salt, N, r, p } = cipher;
  const options = { N, r, p, maxmem: 2 * 128 * N * r * p };
  const derive = promisify<string, Buffer, number, typeof options, Buffer>(scrypt);
  try {
    return { key: await derive((passphrase ?? "").normalize("NFC"), Buffer.from(salt, "hex"), 32, options), context };
  } catch {
    throw new BackupFault("its head was altered");
  }
}

interface Place {
  at: number;
  last: boolean;
}

function sealed({ key, context }: Guard, bytes: Buffer, place: Place): Buffer {
  let body: Buffer[];
  if (key === null) body = [bytes, sumOf(context, bytes, place)];
  else {
    const cipher = createCipheriv("aes-256-gcm", key, nonceOf(place));
    cipher.setAAD(context);
    body = [cipher.update(bytes), cipher.final(), cipher.getAuthTag()];
  }
  const length = body.reduce((sum, part) => sum + part.length, 0);
  const word = Buffer.alloc(4);
  word.writeUInt32BE(place.last ? (length | LAST) >>> 0 : length);
  return Buffer.concat([word, ...body]);
}

function opened({ key, context }: Guard, body: Buffer, place: Place): Buffer {
  const check = key === null ? SUM_BYTES : TAG_BYTES;
  if (body.length < check) throw altered(place.at);
  const bytes = body.subarray(0, body.length - check);
  const end = body.subarray(body.length - check);
  if (key === null) {
    if (!timingSafeEqual(sumOf(context, bytes, place), end)) throw altered(place.at);
    return bytes;
  }
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(place));
  decipher.setAAD(context);
  decipher.setAuthTag(end);
  try {
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch {
    if (place.at === 0) throw new BackupFault("the passphrase is wrong, or the file was altered");
    throw altered(place.at);
  }
}

function altered(at: number): BackupFault {
  return new BackupFault(`it was altered, or is damaged, in its ${at + 1}. megabyte`);
}

function sumOf(context: Buffer, bytes: Buffer, place: Place): Buffer {
  return createHash("sha256").update(context).update(nonceOf(place)).update(bytes).digest();
}

/** The key is used for one file, whose pieces have a number each. */
function nonceOf({ at, last }: Place): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt8(last ? 1 : 0);
  nonce.writeUIntBE(at, 6, 6);
  return nonce;
}

/** Takes bytes from a stream as they are asked for. */
export class Reader {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Null where there are fewer. */
  async take(length: number): Promise<Buffer | null> {
    const parts = [this.#held];
    let there = this.#held.length;
    while (there < length) {
      const next = await this.#source.next();
      if (next.done) return null;
      parts.push(next.value);
      there += next.value.length;
    }
    const all = parts.length === 1 ? this.#held : Buffer.concat(parts, there);
    this.#held = all.subarray(length);
    return all.subarray(0, length);
  }

  /** What is there next, at most so many bytes. Null at the end. */
  async some(most: number): Promise<Buffer | null> {
    while (this.#held.length === 0) {
      const next = await this.#source.next();
      if (next.done) return null;
      this.#held = next.value;
    }
    const taken = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }

  /** Up to the next line end, which is not part of it. Null where there is none within `most` bytes. */
  async line(most: number): Promise<string | null> {
    const bytes: number[] = [];
    for (;;) {
      const one = await this.take(1);
      if (one === null || bytes.length === most) return null;
      if (one[0] === 0x0a) return Buffer.from(bytes).toString("utf8");
      bytes.push(one[0] ?? 0);
    }
  }
}
