// Pipes for what a child process prints. Those that Node makes are pairs of sockets, which cannot be opened by path: a
// program that writes to /dev/stdout or /dev/stderr would fail. These are pipes, made ahead by `mkfifo`,
// several at once.

import { execFile } from "node:child_process";
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

/** How many are made at once, and how many are left when the next are. */
const BATCH = 32;
const LOW = 8;
const run = promisify(execFile);

export interface NamedPipe {
  /** For the child; to be closed here once it has it. */
  readonly input: number;
  /** What comes out. It ends when nobody has the other end any more. */
  readonly output: Socket;
}

export class NamedPipes {
  readonly #folder: string;
  readonly #ready: string[] = [];
  #made = 0;
  #making: Promise<void> | null = null;

  /** `folder`: theirs alone, removed by its owner. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Rejects where no pipe can be made (no `mkfifo`, no room). */
  async open(): Promise<NamedPipe> {
    if (this.#ready.length === 0) await this.#more();
    const path = this.#ready.pop();
    if (path === undefined) return this.open();
    // Whoever comes to an empty list waits, and hears then why nothing comes.
    if (this.#ready.length < LOW) this.#more().catch(() => undefined);
    let output: number | undefined;
    try {
      // Without waiting for the other end, which comes next; and only this end does not wait.
      output = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const input = openSync(path, constants.O_WRONLY);
      return { input, output: new Socket({ fd: output, readable: true, writable: false }) };
    } catch (error) {
      if (output !== undefined) closeSync(output);
      throw error;
    } finally {
      rmSync(path, { force: true });
    }
  }

  #more(): Promise<void> {
    this.#making ??= this.#make().finally(() => {
      this.#making = null;
    });
    return this.#making;
  }

  async #make(): Promise<void> {
    const paths = Array.from({ length: BATCH }, () => join(this.#folder, `pipe-${++this.#made}`));
    await run("mkfifo", ["-m", "600", ...paths], { timeout: 5000 });
    this.#ready.push(...paths);
  }
}
