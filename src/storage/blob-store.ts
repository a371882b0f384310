// Bytes too large for a row or a frame: action code (`code/…`), and arguments, results and logs of activations.

/** Whose activation an argument, a result or a log is of: the id of the namespace whose store keeps the activation.
 * What is put without it is never swept as nobody's. */
export interface BlobOwner {
  namespaceId: string;
}

/** What was put is on the disk, power loss or not, when `put`, `putStream` or a writer's `finish` has returned: rows
 * that name a blob are written after it. */
export interface BlobStore {
  /** Null if it is not there, or cannot be read although the store is well. Of a damaged one `body` fails,
   * or ends early. */
  get(key: string): Promise<{ body: ReadableStream<Uint8Array>; size: number } | null>;
  /** The same, and null also if it is shorter than it was. */
  text(key: string): Promise<string | null>;
  /** Some of its bytes: fewer where it ends before. Null if it is not there,
   * or cannot be read although the store is well. */
  part(key: string, range: { offset: number; length: number } | { suffix: number }): Promise<Uint8Array | null>;
  put(key: string, value: string | Uint8Array, owner?: BlobOwner): Promise<void>;
  /** The same where nothing lies under the key; what is there stays. A stream must have a length that is known. */
  putOnce(key: string, value: string | ReadableStream<Uint8Array>, owner?: BlobOwner): Promise<void>;
  /** Streams a body; rejects with RangeError past `max` bytes and leaves nothing behind. Returns its size. `length`:
   * its bytes, if it is the body of a request that names them: then it flows into the store without being looked at. */
  putStream(key: string, body: ReadableStream<Uint8Array>, options: { max: number; length?: number }): Promise<number>;
  /** For bytes that come piece by piece. `room`: more than these will not come; null = nobody knows. */
  writer(key: string, options: { room: number | null }): BlobWriter;
  delete(keys: string[]): Promise<void>;
}

/** Either `finish` or `abort` must be called; nothing is to be seen under the key before `finish` has returned. */
export interface BlobWriter {
  /** The bytes may be used again once this has returned. */
  write(bytes: Uint8Array): Promise<void>;
  /** Returns the key to read it by. */
  finish(): Promise<string>;
  abort(): Promise<void>;
}
