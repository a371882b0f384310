// What the Worker may ask of its machine: whether the disk with the state is well, and that the blobs written so far be
// on it. workerd writes blobs as plain files and syncs only its databases, so that a power loss would leave rows
// without their blobs.

import { type FSWatcher, watch } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isBackedUp } from "../machine/backup-note.ts";
import { DiskWatch, diskFault } from "../machine/disk-watch.ts";
import { LedgerRoom } from "./ledger-room.ts";
import { damageOf } from "./state-check.ts";

export interface MachineAnswer {
  status: number;
  body: string;
}

export interface Machine {
  answer(path: string): Promise<MachineAnswer>;
  /** Why nothing can be stored, with the folder's name, or null. */
  fault(): string | null;
  close(): void;
}

/** MB without which workerd's databases cannot be opened and written. */
const MIN_FREE_MB = 16;
/** ms between two looks at the databases. */
const DAMAGE_EVERY_MS = 60_000;
/** ms: files of a folder that is met for the first time may be so old and not yet synced; the kernel writes back
 * sooner. */
const YOUNG_MS = 120_000;

export async function openMachine(state: string, log: (line: string) => void): Promise<Machine> {
  const blobs = new UnsyncedBlobs(join(state, "v3/r2"));
  const disk = await DiskWatch.open({
    folder: state,
    leastMb: MIN_FREE_MB,
    changed: (full) => {
      log(full === null ? "the disk is well again" : `${full}: calls that must store something are answered 503`);
    },
  });
  const damage = new DamageWatch(state, log);
  const ledger = new LedgerRoom(state);
  return {
    async answer(path) {
      if (path === "/state") return { status: 200, body: damage.known() };
      if (path === "/ledger") return { status: 200, body: await ledger.fault() };
      if (path === "/disk") {
        const fault = await diskFault(state, { least: MIN_FREE_MB, was: false });
        return { status: 200, body: fault?.replace(`the disk of ${state}`, "the disk with its state") ?? "" };
      }
      if (path === "/backup") return { status: 200, body: isBackedUp(state) ? "runs" : "" };
      if (path !== "/sync") return { status: 404, body: "" };
      try {
        await blobs.sync();
        return { status: 200, body: "" };
      } catch (error) {
        return { status: 500, body: (error as NodeJS.ErrnoException).code ?? (error as Error).message };
      }
    },
    fault: () => disk.full(),
    close() {
      disk.close();
      blobs.close();
    },
  };
}

/** The databases, looked at when the Worker has met what it cannot explain. */
class DamageWatch {
  readonly #state: string;
  readonly #log: (line: string) => void;
  #known: string | null = null;
  #next = 0;

  constructor(state: string, log: (line: string) => void) {
    this.#state = state;
    this.#log = log;
  }

  /** What the last look found, for callers: without paths; or "". A new look is begun where it is time. */
  known(): string {
    if (performance.now() >= this.#next) {
      this.#next = performance.now() + DAMAGE_EVERY_MS;
      void this.#look();
    }
    return this.#known === null ? "" : "a database of its state is damaged, as its log says";
  }

  async #look(): Promise<void> {
    const found = await damageOf(this.#state);
    if (found !== null && found !== this.#known) this.#log(found);
    this.#known = found;
    this.#next = performance.now() + DAMAGE_EVERY_MS;
  }
}

/** Files of blobs by folder: one for each bucket, `<bucket>/blobs`. */
export class UnsyncedBlobs {
  readonly #root: string;
  readonly #folders = new Map<string, { names: Set<string>; watcher: FSWatcher }>();
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  /** All that was written before the call is on the disk when it resolves. Calls that come meanwhile share one more
   * pass. */
  sync(): Promise<void> {
    if (this.#running === null) return this.#start();
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        return this.#start();
      });
    return this.#next;
  }

  close(): void {
    for (const { watcher } of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #start(): Promise<void> {
    const pass = this.#pass().finally(() => {
      if (this.#running === pass) this.#running = null;
    });
    this.#running = pass;
    return pass;
  }

  async #pass(): Promise<void> {
    // What the kernel has told of files is heard before this request is served.
    await nextTurn();
    await nextTurn();
    for (const bucket of await readdir(this.#root).catch(() => [])) await this.#meet(join(this.#root, bucket, "blobs"));
    for (const [folder, { names }] of this.#folders) {
      if (names.size === 0) continue;
      // What is written on meanwhile is named again.
      const taken = [...names];
      names.clear();
      try {
        await Promise.all(taken.map((name) => syncFile(join(folder, name))));
        await syncFile(folder);
      } catch (error) {
        for (const name of taken) names.add(name);
        throw error;
      }
    }
  }

  async #meet(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    const names = new Set<string>();
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name !== null) names.add(name);
      });
      watcher.on("error", () => this.#forget(folder));
      this.#folders.set(folder, { names, watcher });
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return;
      throw error;
    }
    for (const name of await readdir(folder)) {
      const found = await stat(join(folder, name)).catch(() => null);
      if (found !== null && Date.now() - found.mtimeMs < YOUNG_MS) names.add(name);
    }
  }

  /** It is met anew, with all its young files, at the next pass. */
  #forget(folder: string): void {
    this.#folders.get(folder)?.watcher.close();
    this.#folders.delete(folder);
  }
}

async function syncFile(path: string): Promise<void> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, "r");
  } catch (error) {
    // Deleted since.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
