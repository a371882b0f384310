// Blobs in R2.

import { chunksOf } from "../../entities/chunks.ts";
import { parseBlobKey } from "../blob-name.ts";
import type { BlobStore, BlobWriter } from "../blob-store.ts";
import { PaddedWriter } from "./padded-writer.ts";
import { PartsWriter } from "./parts-writer.ts";

export class R2BlobStore implements BlobStore {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async get(key: string): Promise<{ body: ReadableStream<Uint8Array>; size: number } | null> {
    const { name, size } = parseBlobKey(key);
    const found = await this.#bucket.get(name, size === undefined ? {} : { range: { offset: 0, length: size } });
    return found === null ? null : { body: found.body, size: size ?? found.size };
  }

  async text(key: string): Promise<string | null> {
    const found = await this.get(key);
    return found === null ? null : new Response(found.body).text();
  }

  async put(key: string, value: string | Uint8Array): Promise<void> {
    await this.#bucket.put(key, value);
  }

  async putStream(
    key: string,
    body: ReadableStream<Uint8Array>,
    options: { max: number; length?: number },
  ): Promise<number> {
    const { length } = options;
    if (length !== undefined) {
      if (length > options.max) throw new RangeError(`blob is larger than ${options.max} bytes`);
      await this.#bucket.put(key, body);
      return length;
    }
    const parts = new PartsWriter(this.#bucket, key);
    let size = 0;
    try {
      for await (const chunk of chunksOf(body)) {
        size += chunk.length;
        if (size > options.max) throw new RangeError(`blob is larger than ${options.max} bytes`);
        await parts.write(chunk);
      }
      await parts.finish();
    } catch (error) {
      await parts.abort();
      throw error;
    }
    return size;
  }

  writer(key: string, options: { room: number | null }): BlobWriter {
    const { room } = options;
    return room === null ? new PartsWriter(this.#bucket, key) : new PaddedWriter(this.#bucket, { key, room });
  }

  async delete(keys: string[]): Promise<void> {
    if (keys.length > 0) await this.#bucket.delete(keys.map((key) => parseBlobKey(key).name));
  }
}
