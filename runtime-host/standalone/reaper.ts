// Nothing outlives a start that was killed: a shell waits on a pipe from this process, and when the pipe ends without a
// word it becomes reap.ts, which ends the rest of the tree. Waiting costs one idle `sh`. At an orderly end it may be
// given what is left to remove, so that nobody has to wait for that.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Owner } from "../machine/state-lock.ts";

const REAP = fileURLToPath(new URL("reap.ts", import.meta.url));
const WAIT = 'read -r word rest; [ "$word" = done ] || exec "$0" "$@" $rest';

/** Containers that a host has left. */
export interface Leftovers {
  host: string;
  count: number;
  /** Of the runs of the host whose they are. */
  boots: readonly string[];
}

/** ms until a killed one is replaced. */
const PAUSE_MS = 500;

export interface Reaper {
  /** Undefined while a killed one is not replaced yet. */
  pid(): number | undefined;
  /** Another process than this one removes these, and ends within a minute. */
  leave(leftovers: Leftovers): void;
  /** At an orderly end. */
  dismiss(): void;
}

export interface ReaperOptions {
  owner: Owner;
  /** Another one waits, in place of one that was killed. */
  onStart: () => void;
  log: (line: string) => void;
}

export function startReaper(folder: string, options: ReaperOptions): Reaper {
  const wait = [WAIT, process.execPath, REAP, folder, JSON.stringify(options.owner)];
  let child = start();
  let timer: NodeJS.Timeout | undefined;
  let dismissed = false;
  let words = "done";

  function start(): ChildProcess {
    const fresh = spawn("/bin/sh", ["-c", ...wait], {
      // In a session of its own: what ends our group must not end it.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    fresh.unref();
    fresh.once("error", () => replace("cannot be started"));
    fresh.once("exit", (code, signal) => replace(signal ?? `exit code ${code}`));
    // Writing to it when it has gone is not our concern.
    fresh.stdin?.on("error", () => undefined);
    return fresh;
  }

  function replace(how: string): void {
    if (dismissed) return;
    options.log(`the reaper ended (${how}); starting another`);
    clearTimeout(timer);
    timer = setTimeout(() => {
      child = start();
      options.onStart();
    }, PAUSE_MS);
    timer.unref();
  }

  return {
    pid: () => (child.exitCode === null && child.signalCode === null ? child.pid : undefined),
    leave({ host, boots }) {
      // A boot's letters, digits and hyphens mean nothing to a shell, nor do a host's name.
      words = ["leftovers", host, ...boots.filter((boot) => /^[\w-]+$/.test(boot))].join(" ");
    },
    dismiss() {
      dismissed = true;
      clearTimeout(timer);
      child.stdin?.end(`${words}\n`);
    },
  };
}
