// Nothing outlives a start that was killed: a shell waits on a pipe from this process, and when the pipe ends without a word
// it becomes reap.ts, which ends the rest of the tree. Waiting costs one idle `sh`. At an orderly end it may be given what is
// left to remove, so that nobody has to wait for that.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Owner } from "./state-lock.ts";

const REAP = fileURLToPath(new URL("reap.ts", import.meta.url));
const WAIT = 'read -r word rest; [ "$word" = done ] || exec "$0" "$@" $rest';

/** Containers that a host has left. */
export interface Leftovers {
  host: string;
  count: number;
  /** Of the runs of the host whose they are. */
  boots: readonly string[];
}

export interface Reaper {
  pid: number | undefined;
  /** Another process than this one removes these, and ends within a minute. */
  leave(leftovers: Leftovers): void;
  /** At an orderly end. */
  dismiss(): void;
}

export function startReaper(folder: string, owner: Owner): Reaper {
  const child = spawn("/bin/sh", ["-c", WAIT, process.execPath, REAP, folder, JSON.stringify(owner)], {
    // In a session of its own: what ends our group must not end it.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.unref();
  // Its end is not our concern, and neither is writing to it when it has gone.
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  let words = "done";
  return {
    pid: child.pid,
    leave({ host, boots }) {
      // A boot's letters, digits and hyphens mean nothing to a shell, nor do a host's name.
      words = ["leftovers", host, ...boots.filter((boot) => /^[\w-]+$/.test(boot))].join(" ");
    },
    dismiss: () => void child.stdin.end(`${words}\n`),
  };
}
