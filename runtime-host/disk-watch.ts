// Says when a disk is nearly full, before writes fail half way, and when it is not any more.

import { statfs } from "node:fs/promises";

export interface DiskWatchOptions {
  folder: string;
  /** MB that must be free; 0 = nothing is watched. */
  least: number;
  /** full() has changed. */
  changed(): void;
  /** ms between two looks. */
  every?: number;
}

const EVERY = 5_000;
const MB = 1024 * 1024;
/** Free again only with so much more, so that a disk at the edge does not flutter. */
const SLACK = 1.25;

export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #full: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  private constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Has looked once when it resolves. A folder that cannot be asked about (the engine's, on another machine) counts as free. */
  static async open(options: DiskWatchOptions): Promise<DiskWatch> {
    const watch = new DiskWatch(options);
    if (options.least === 0) return watch;
    await watch.#look();
    watch.#timer = setInterval(() => void watch.#look(), options.every ?? EVERY).unref();
    return watch;
  }

  /** Why nothing should be written there, or null. */
  full(): string | null {
    return this.#full;
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { folder, least, changed } = this.#options;
    const wanted = this.#full === null ? least : least * SLACK;
    const free = await statfs(folder).then(
      ({ bavail, bsize }) => (bavail * bsize) / MB,
      () => Number.POSITIVE_INFINITY,
    );
    const was = this.#full !== null;
    this.#full =
      free < wanted ? `the disk of ${folder} is full: ${Math.floor(free)} MB are free, ${least} must be` : null;
    if (was !== (this.#full !== null)) changed();
  }
}
