// Says when a disk is nearly full, out of files or read-only, before writes fail half way, and when it is not any more.

import { access, constants, statfs } from "node:fs/promises";

export interface DiskWatchOptions {
  folder: string;
  /** MB that must be free; 0 = room is not watched. */
  leastMb: number;
  /** Called with what full() says from now on, the first time before `open` has resolved. */
  changed(full: string | null): void;
  /** ms between two looks. */
  everyMs?: number;
}

const LOOK_EVERY_MS = 5_000;
const MB_BYTES = 1024 * 1024;
/** Free again only with so much more, so that a disk at the edge does not flutter. */
const SLACK = 1.25;
/** Files that can still be made, where the file system has a fixed number of them. */
const MIN_FILES = 100;

/** Why nothing should be written there, or null. A folder that cannot be asked about (the engine's,
 * on another machine) is well. */
export async function diskFault(folder: string, options: { least: number; was: boolean }): Promise<string | null> {
  const { least, was } = options;
  const slack = was ? SLACK : 1;
  try {
    const { bavail, bsize, files, ffree } = await statfs(folder);
    const free = (bavail * bsize) / MB_BYTES;
    if (free < least * slack) {
      return `the disk of ${folder} is full: ${Math.floor(free)} MB are free, ${least} must be`;
    }
    if (least > 0 && files > 0 && ffree < MIN_FILES * slack) {
      return `the disk of ${folder} takes no more files: ${ffree} are left, ${MIN_FILES} must be`;
    }
    await access(folder, constants.W_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EROFS" ? `the disk of ${folder} is read-only` : null;
  }
}

export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #full: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;

  private constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Has looked once when it resolves. */
  static async open(options: DiskWatchOptions): Promise<DiskWatch> {
    const watch = new DiskWatch(options);
    await watch.look();
    watch.#timer = setInterval(() => void watch.look(), options.everyMs ?? LOOK_EVERY_MS).unref();
    return watch;
  }

  /** Why nothing should be written there, or null. */
  full(): string | null {
    return this.#full;
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** Now, whatever the time; when another look is under way that one counts. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { folder, leastMb, changed } = this.#options;
    const was = this.#full;
    this.#full = await diskFault(folder, { least: leastMb, was: was !== null });
    this.#looking = false;
    if ((was === null) !== (this.#full === null)) changed(this.#full);
  }
}
