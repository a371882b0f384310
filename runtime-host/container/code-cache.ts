// Action code by SHA-256 of its bytes: fetched once however many cold starts ask, checked before it is used, kept on
// disk (least recently used goes first) and, for the last few, in memory.

import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { MAX_CODE } from "../../src/entities/limits.ts";
import { BlobApiError } from "../link/blob-api.ts";
import { type Logger, reasonOf } from "../program/logger.ts";
import { CodeDamaged } from "./contract.ts";

export interface CodeLocation {
  key: string;
  hash: string;
  size: number;
}

export interface CodeCacheOptions {
  dir: string;
  /** Bytes on disk. */
  bytes: number;
  /** Bytes in memory. */
  memory?: number;
  fetch: (key: string, options: { max: number }) => Promise<Buffer>;
  log: Logger;
}

export class CodeCache {
  readonly #options: CodeCacheOptions;
  readonly #memoryLimit: number;
  /** Both in order of use, the least recent first. */
  readonly #disk: Map<string, number>;
  readonly #memory = new Map<string, Buffer>();
  #diskBytes = 0;
  #memoryBytes = 0;
  readonly #coming = new Map<string, Promise<Buffer>>();

  private constructor(options: CodeCacheOptions, disk: Map<string, number>) {
    this.#options = options;
    this.#memoryLimit = options.memory ?? 64 * 1024 * 1024;
    this.#disk = disk;
    for (const size of disk.values()) this.#diskBytes += size;
  }

  /** Rejects if the folder cannot be used. */
  static async open(options: CodeCacheOptions): Promise<CodeCache> {
    await fs.mkdir(options.dir, { recursive: true, mode: 0o700 });
    const found: { name: string; size: number; used: number }[] = [];
    for (const name of await fs.readdir(options.dir)) {
      const path = join(options.dir, name);
      if (!/^[0-9a-f]{64}$/.test(name)) {
        if (name.endsWith(".part")) await fs.rm(path, { force: true });
        continue;
      }
      const { size, mtimeMs } = await fs.stat(path);
      found.push({ name, size, used: mtimeMs });
    }
    found.sort((a, b) => a.used - b.used);
    return new CodeCache(options, new Map(found.map((each) => [each.name, each.size])));
  }

  /** Rejects if the code cannot be had now, with CodeDamaged if the store does not have it whole. */
  get(code: CodeLocation): Promise<Buffer> {
    const held = this.#memory.get(code.hash);
    if (held !== undefined) {
      this.#remember(code.hash, held);
      return Promise.resolve(held);
    }
    let coming = this.#coming.get(code.hash);
    if (coming === undefined) {
      coming = this.#bring(code).finally(() => this.#coming.delete(code.hash));
      this.#coming.set(code.hash, coming);
    }
    return coming;
  }

  async #bring(code: CodeLocation): Promise<Buffer> {
    if (!/^[0-9a-f]{64}$/.test(code.hash)) throw new Error("the code's hash is not one");
    const bytes = (await this.#fromDisk(code.hash)) ?? (await this.#fetched(code));
    this.#remember(code.hash, bytes);
    return bytes;
  }

  async #fromDisk(hash: string): Promise<Buffer | null> {
    const size = this.#disk.get(hash);
    if (size === undefined) return null;
    const path = join(this.#options.dir, hash);
    try {
      const bytes = await fs.readFile(path);
      if (hashOf(bytes) !== hash) throw new Error("its bytes have changed");
      this.#disk.delete(hash);
      this.#disk.set(hash, size);
      const now = new Date();
      await fs.utimes(path, now, now);
      return bytes;
    } catch (error) {
      this.#options.log.warn("code.unreadable", { hash, reason: reasonOf(error) });
      this.#disk.delete(hash);
      this.#diskBytes -= size;
      await fs.rm(path, { force: true });
      return null;
    }
  }

  async #fetched(code: CodeLocation): Promise<Buffer> {
    const bytes = await this.#options.fetch(code.key, { max: MAX_CODE }).catch((error: unknown) => {
      const damaged = error instanceof BlobApiError && (error.final || error.cut);
      throw damaged ? new CodeDamaged(error.message) : error;
    });
    if (hashOf(bytes) !== code.hash) throw new CodeDamaged("what came is not the code its hash names");
    try {
      const part = join(this.#options.dir, `${randomUUID()}.part`);
      await fs.writeFile(part, bytes, { mode: 0o600 });
      await fs.rename(part, join(this.#options.dir, code.hash));
      this.#disk.set(code.hash, bytes.length);
      this.#diskBytes += bytes.length;
      await this.#trimDisk();
    } catch (error) {
      // A full disk makes cold starts slower, not wrong.
      this.#options.log.warn("code.not-kept", { hash: code.hash, reason: reasonOf(error) });
    }
    return bytes;
  }

  #remember(hash: string, bytes: Buffer): void {
    if (bytes.length > this.#memoryLimit / 4) return;
    if (!this.#memory.delete(hash)) this.#memoryBytes += bytes.length;
    this.#memory.set(hash, bytes);
    for (const [oldest, held] of this.#memory) {
      if (this.#memoryBytes <= this.#memoryLimit) break;
      this.#memory.delete(oldest);
      this.#memoryBytes -= held.length;
    }
  }

  async #trimDisk(): Promise<void> {
    for (const [oldest, size] of this.#disk) {
      if (this.#diskBytes <= this.#options.bytes) break;
      this.#disk.delete(oldest);
      this.#diskBytes -= size;
      await fs.rm(join(this.#options.dir, oldest), { force: true });
    }
  }
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
