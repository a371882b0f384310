// A child process that is meant to run as long as we do: started again with growing pauses when it ends, stopped in
// order.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ChildOptions {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** It runs, for the first time or again. */
  onStart: () => void;
  /** A line it printed on stdout. */
  onLine: (line: string) => void;
  /** The same of stderr; absent: it has ours. */
  onErrorLine?: (line: string) => void;
  /** Called when it ended although nobody asked it to; it starts again after `pause` ms. */
  onEnd: (how: string, pause: number) => void;
}

export interface SupervisedChild {
  /** Undefined while it does not run. */
  pid(): number | undefined;
  /** SIGTERM, and SIGKILL after `grace` ms. Resolves when it has ended. */
  stop(grace: number): Promise<void>;
}

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;
/** A child that lived this long (ms) has earned a quick restart. */
const STEADY_MS = 30_000;

export function keepRunning(options: ChildOptions): SupervisedChild {
  let child: ChildProcess | undefined;
  let pause = FIRST_PAUSE_MS;
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;

  function start(): void {
    const began = performance.now();
    // Its stdin ends when we do, which tells it that we are gone.
    const { onErrorLine } = options;
    const fresh = spawn(options.command, options.args, {
      env: { ...options.env },
      stdio: ["pipe", "pipe", onErrorLine === undefined ? "inherit" : "pipe"],
    });
    child = fresh;
    fresh.stdin?.on("error", () => undefined);
    if (fresh.stdout !== null) createInterface(fresh.stdout).on("line", options.onLine);
    if (fresh.stderr !== null && onErrorLine !== undefined) createInterface(fresh.stderr).on("line", onErrorLine);
    const ended = (how: string) => {
      if (child !== fresh) return;
      child = undefined;
      if (stopping) return;
      if (performance.now() - began > STEADY_MS) pause = FIRST_PAUSE_MS;
      options.onEnd(how, pause);
      timer = setTimeout(start, pause);
      pause = Math.min(pause * 2, MAX_PAUSE_MS);
    };
    fresh.once("spawn", options.onStart);
    fresh.once("error", (error) => ended(error.message));
    fresh.once("exit", (code, signal) => ended(signal ?? `exit code ${code}`));
  }

  start();
  return {
    pid: () => child?.pid,
    stop(grace) {
      stopping = true;
      clearTimeout(timer);
      const last = child;
      if (last === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        const kill = setTimeout(() => last.kill("SIGKILL"), grace);
        last.once("exit", () => {
          clearTimeout(kill);
          resolve();
        });
        last.kill("SIGTERM");
      });
    },
  };
}
