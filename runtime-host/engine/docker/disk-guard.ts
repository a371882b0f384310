// Holds containers to a bound of disk where the engine has no quota: looks at the disk's free space and free files
// every second, which costs nothing, and only where one has fallen at who has taken it. Files that were deleted but are
// held open count, too.

import { opendir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { cgroupProcesses } from "../../machine/cgroups.ts";
import { openFilesOf } from "../../machine/proc.ts";

export interface Guarded {
  /** What the container's processes write to, as this machine sees it. */
  readonly folders: readonly string[];
  /** The container's name in the engine's control groups. */
  readonly id: string;
  exceeded(): void;
}

export interface DiskGuardOptions {
  /** On the disk that is watched. */
  readonly folder: string;
  /** Bytes a container may use. */
  readonly limitBytes: number;
  /** ms between two looks. */
  readonly everyMs?: number;
}

const LOOK_EVERY_MS = 1_000;
/** Of the limit: so much less free space makes it look who has taken it. */
const SUSPICIOUS = 0.25;
const BLOCK_BYTES = 512;
/** What a file costs that holds nothing. */
const EMPTY_FILE_BYTES = 1024;
const MAX_ENTRIES = 200_000;

export class DiskGuard {
  readonly #options: DiskGuardOptions;
  readonly #guarded = new Map<string, Guarded>();
  #timer: NodeJS.Timeout | null = null;
  /** What was free when the containers were looked at last. */
  #bytes = Number.NaN;
  #files = Number.NaN;
  #looking = false;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
  }

  watch(guarded: Guarded): void {
    this.#guarded.set(guarded.id, guarded);
    this.#timer ??= setInterval(() => void this.look(), this.#options.everyMs ?? LOOK_EVERY_MS).unref();
  }

  forget(id: string): void {
    this.#guarded.delete(id);
    if (this.#guarded.size === 0) this.close();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#bytes = Number.NaN;
    this.#files = Number.NaN;
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const { bavail, bsize, ffree } = await statfs(this.#options.folder);
      const bytes = bavail * bsize;
      // More by now: what falls from here is what counts.
      if (!(bytes <= this.#bytes)) this.#bytes = bytes;
      if (!(ffree <= this.#files)) this.#files = ffree;
      const much = this.#options.limitBytes * SUSPICIOUS;
      const many = Math.min(much / EMPTY_FILE_BYTES, MAX_ENTRIES * SUSPICIOUS);
      if (this.#bytes - bytes < much && this.#files - ffree < many) return;
      this.#bytes = bytes;
      this.#files = ffree;
      for (const guarded of [...this.#guarded.values()]) {
        if ((await usedBy(guarded, this.#options.limitBytes)) <= this.#options.limitBytes) continue;
        if (!this.#guarded.delete(guarded.id)) continue;
        guarded.exceeded();
      }
    } catch {
      // The engine's disk is not this machine's.
    } finally {
      this.#looking = false;
    }
  }
}

/** Bytes, counted no further than a little beyond `limit`. */
async function usedBy({ folders, id }: Guarded, limit: number): Promise<number> {
  let used = await heldOpen(id);
  let entries = 0;
  const waiting = [...folders];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    try {
      for await (const entry of await opendir(folder)) {
        if (used > limit || ++entries > MAX_ENTRIES) return Math.max(used, entries > MAX_ENTRIES ? Infinity : 0);
        const path = join(folder, entry.name);
        if (entry.isDirectory()) waiting.push(path);
        used += entry.isFile() ? await sizeOf(path) : EMPTY_FILE_BYTES;
      }
    } catch {
      // Removed while it was looked at.
    }
  }
  return used;
}

/** Deleted files that the container's processes still write to. */
async function heldOpen(id: string): Promise<number> {
  let used = 0;
  const seen = new Set<string>();
  for (const pid of cgroupProcesses(id)) {
    for (const file of await openFilesOf(pid)) {
      if (!file.isFile() || file.nlink > 0 || seen.has(`${file.dev}:${file.ino}`)) continue;
      seen.add(`${file.dev}:${file.ino}`);
      used += file.blocks * BLOCK_BYTES;
    }
  }
  return used;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return Math.max(EMPTY_FILE_BYTES, (await stat(path)).blocks * BLOCK_BYTES);
  } catch {
    return 0;
  }
}
