// Nothing outlives a start that was killed: a shell waits on a pipe from this process, and when the pipe ends without a word
// it becomes reap.ts, which ends the rest of the tree. Waiting costs one idle `sh`.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Owner } from "./state-lock.ts";

const REAP = fileURLToPath(new URL("reap.ts", import.meta.url));
const WAIT = 'read -r word || exec "$0" "$@"';

export interface Reaper {
  pid: number | undefined;
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
  return { pid: child.pid, dismiss: () => void child.stdin.end("done\n") };
}
