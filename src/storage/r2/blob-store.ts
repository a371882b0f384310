// Blobs in R2.

import { chunksOf } from "../../entities/chunks.ts";
import { faultText } from "../../entities/log-level.ts";
import { log } from "../../log.ts";
import { parseBlobKey } from "../blob-name.ts";
import type { BlobOwner, BlobStore, BlobWriter } from "../blob-store.ts";
import type { MachineClient, Vigil } from "../machine.ts";
import { OWNER } from "./blob-list.ts";
import { PaddedWriter } from "./padded-writer.ts";
import { PartsWriter } from "./parts-writer.ts";

type Found = { body: ReadableStream<Uint8Array>; size: number };

/** Blobs as objects of R2, each with its SHA-256. On one machine what is put is synced to the disk before it counts. */
export class R2BlobStore implements BlobStore {
  readonly #bucket: R2Bucket;
  readonly #machine: Pick<MachineClient, "sync" | "vigil" | "unlessBackedUp">;

  constructor(bucket: R2Bucket, machine: Pick<MachineClient, "sync" | "vigil" | "unlessBackedUp">) {
    this.#bucket = bucket;
    this.#machine = machine;
  }

  async get(key: string): Promise<Found | null> {
    return this.#unlessDamaged(key, () => this.#get(key));
  }

  async text(key: string): Promise<string | null> {
    return this.#unlessDamaged(key, async () => {
      const found = await this.#get(key);
      if (found === null) return null;
      const bytes = await new Response(found.body).arrayBuffer();
      if (bytes.byteLength === found.size) return new TextDecoder().decode(bytes);
      log.error("blob-damaged", { blob: key, text: `${bytes.byteLength} of ${found.size} bytes are there` });
      return null;
    });
  }

  async part(key: string, range: { offset: number; length: number } | { suffix: number }): Promise<Uint8Array | null> {
    return this.#unlessDamaged(key, async () => {
      const found = await this.#bucket.get(parseBlobKey(key).name, { range });
      return found === null ? null : new Uint8Array(await found.arrayBuffer());
    });
  }

  async put(key: string, value: string | Uint8Array, owner?: BlobOwner): Promise<void> {
    await this.#kept((race) => race(this.#bucket.put(key, value, ownedBy(owner))));
  }

  async #get(key: string): Promise<Found | null> {
    const { name, size } = parseBlobKey(key);
    const found = await this.#bucket.get(name, size === undefined ? {} : { range: { offset: 0, length: size } });
    return found === null ? null : { body: found.body, size: size ?? found.size };
  }

  /** A read that fails twice although the store knows the blob is a damaged blob, not a store that is away. */
  async #unlessDamaged<T>(key: string, read: () => Promise<T>): Promise<T | null> {
    try {
      return await read();
    } catch {
      try {
        return await read();
      } catch (error) {
        if ((await this.#bucket.head(parseBlobKey(key).name)) === null) throw error;
        log.error("blob-unreadable", { blob: key, text: faultText(error) });
        return null;
      }
    }
  }

  async putOnce(key: string, value: string | ReadableStream<Uint8Array>, owner?: BlobOwner): Promise<void> {
    const isThere = (await this.#bucket.head(key)) !== null;
    if (isThere && (await this.#isWhole(key))) return;
    const onlyIf = isThere ? {} : { onlyIf: new Headers({ "If-None-Match": "*" }) };
    await this.#kept((race) => race(this.#bucket.put(key, value, { ...onlyIf, ...ownedBy(owner) })));
  }

  async #isWhole(key: string): Promise<boolean> {
    const found = await this.get(key);
    let size = 0;
    try {
      for await (const chunk of chunksOf(found?.body ?? new Blob([]).stream())) size += chunk.length;
    } catch {
      return false;
    }
    return size === found?.size;
  }

  async putStream(
    key: string,
    body: ReadableStream<Uint8Array>,
    options: { max: number; length?: number },
  ): Promise<number> {
    const { length, max } = options;
    if (length !== undefined && length > max) throw new RangeError(`blob is larger than ${max} bytes`);
    return this.#kept(async (race) => {
      if (length !== undefined) {
        await race(this.#bucket.put(key, body));
        return length;
      }
      const parts = new PartsWriter(this.#bucket, key);
      let size = 0;
      try {
        for await (const chunk of chunksOf(body)) {
          size += chunk.length;
          if (size > max) throw new RangeError(`blob is larger than ${max} bytes`);
          await race(parts.write(chunk));
        }
        await race(parts.finish());
      } catch (error) {
        await race(parts.abort());
        throw error;
      }
      return size;
    });
  }

  writer(key: string, options: { room: number | null }): BlobWriter {
    const { room } = options;
    const made = () =>
      room === null ? new PartsWriter(this.#bucket, key) : new PaddedWriter(this.#bucket, { key, room });
    return new KeptWriter(made, this.#machine);
  }

  async delete(keys: string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#machine.unlessBackedUp();
    await this.#bucket.delete(keys.map((key) => parseBlobKey(key).name));
  }

  async #kept<T>(write: (race: Vigil["race"]) => Promise<T>): Promise<T> {
    const vigil = await this.#machine.vigil();
    try {
      const done = await write(vigil.race);
      await this.#machine.sync();
      return done;
    } finally {
      vigil.end();
    }
  }
}

function ownedBy(owner: BlobOwner | undefined): R2PutOptions {
  return owner === undefined ? {} : { customMetadata: { [OWNER]: owner.namespaceId } };
}

/** Opens the real one with the first bytes: by then it is known that the disk takes them. */
class KeptWriter implements BlobWriter {
  readonly #made: () => BlobWriter;
  readonly #machine: Pick<MachineClient, "sync" | "vigil">;
  #open: { writer: BlobWriter; vigil: Vigil } | null = null;

  constructor(made: () => BlobWriter, machine: Pick<MachineClient, "sync" | "vigil">) {
    this.#made = made;
    this.#machine = machine;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { writer, vigil } = await this.#opened();
    await vigil.race(writer.write(bytes));
  }

  async finish(): Promise<string> {
    const { writer, vigil } = await this.#opened();
    try {
      const name = await vigil.race(writer.finish());
      await this.#machine.sync();
      return name;
    } finally {
      vigil.end();
    }
  }

  async abort(): Promise<void> {
    if (this.#open === null) return;
    const { writer, vigil } = this.#open;
    await vigil.race(writer.abort()).catch(() => undefined);
    vigil.end();
  }

  async #opened(): Promise<{ writer: BlobWriter; vigil: Vigil }> {
    this.#open ??= { vigil: await this.#machine.vigil(), writer: this.#made() };
    return this.#open;
  }
}
