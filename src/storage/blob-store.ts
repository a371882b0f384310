// Bytes too large for a row or a frame: action code (`code/…`), and arguments, results and logs of activations.

export interface BlobStore {
  get(key: string): Promise<{ body: ReadableStream<Uint8Array>; size: number } | null>;
  text(key: string): Promise<string | null>;
  put(key: string, value: string | Uint8Array): Promise<void>;
  /** Streams a body; rejects with RangeError past `max` bytes and leaves nothing behind. Returns its size. `length`: its bytes, if
   * it is the body of a request that names them: then it flows into the store without being looked at. */
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
