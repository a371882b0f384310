// Whether what the objects hold of records that no shelf takes fills too much of the disk: by the headers of their
// databases, since a file does not shrink when rows leave it.

import { open, readdir, statfs } from "node:fs/promises";
import { join } from "node:path";

/** Part of the disk that the objects' databases may take together, */
const SHARE = 0.2;
/** and what it must fall below before more is taken. */
const SLACK = 0.9;
/** ms for which a look is good. */
const GOOD_MS = 5_000;
const HEADER = 40;

export class LedgerRoom {
  readonly #state: string;
  readonly #share: number;
  #looked: { at: number; fault: string } | undefined;
  #was = false;

  constructor(state: string, share = SHARE) {
    this.#state = state;
    this.#share = share;
  }

  /** Why no more records are to be held, for callers: without paths; or "". */
  async fault(): Promise<string> {
    const now = performance.now();
    if (this.#looked !== undefined && now - this.#looked.at < GOOD_MS) return this.#looked.fault;
    const fault = await this.#look();
    this.#looked = { at: now, fault };
    return fault;
  }

  async #look(): Promise<string> {
    const { blocks, bsize } = await statfs(this.#state);
    const bound = blocks * bsize * this.#share;
    const used = await usedBytes(join(this.#state, "v3/do"));
    this.#was = used >= bound * (this.#was ? SLACK : 1);
    if (!this.#was) return "";
    return `the records that wait take ${megabytes(used)} MB of the machine's disk, and at most ${megabytes(bound)} MB may be taken`;
  }
}

/** Bytes in use in the databases of all activation stores. */
async function usedBytes(root: string): Promise<number> {
  let sum = 0;
  const folders = await readdir(root).catch(() => []);
  for (const folder of folders.filter((name) => name.endsWith("-ActivationStore"))) {
    const names = await readdir(join(root, folder)).catch(() => []);
    for (const name of names.filter((each) => each.endsWith(".sqlite"))) sum += await usedIn(join(root, folder, name));
  }
  return sum;
}

/** Pages of an SQLite file that are not free. 0 where it is none, or gone. */
async function usedIn(path: string): Promise<number> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return 0;
  try {
    const header = Buffer.alloc(HEADER);
    const { bytesRead } = await file.read(header, 0, HEADER, 0);
    if (bytesRead < HEADER) return 0;
    // 1 stands for what two bytes cannot hold.
    const size = header.readUInt16BE(16);
    return (size === 1 ? 65_536 : size) * Math.max(0, header.readUInt32BE(28) - header.readUInt32BE(36));
  } finally {
    await file.close();
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
