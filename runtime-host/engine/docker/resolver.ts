// The engine's own name server, closed in a container's network: it answers every container with the names of all
// others, also where none is asked by resolv.conf.

import { execFile } from "node:child_process";
import { readlink } from "node:fs/promises";
import { promisify } from "node:util";
import { reasonOf } from "../../program/logger.ts";

const SERVER = "127.0.0.11/32";
/** Well above what it takes on a machine that is short of processors. */
const PATIENCE_MS = 20_000;
const run = promisify(execFile);

/** True, or why this process cannot. */
export async function canCloseNames(): Promise<true | string> {
  try {
    await run("nsenter", ["--target", String(process.pid), "--net", "ip", "-V"], { timeout: PATIENCE_MS });
    return true;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    return code === "ENOENT" ? "there is no nsenter on this machine" : (stderr ?? "").trim() || reasonOf(error);
  }
}

/** `pid`: a process in that network. Rejects where this process may not do that.
 * What has ended by itself needs it no more. */
export async function closeNames(pid: number): Promise<void> {
  if (pid === 0) return;
  // Before any packet rule: who wants to send there is told that there is no way.
  const command = ["ip", "route", "replace", "unreachable", SERVER, "table", "local"];
  try {
    await run("nsenter", ["--target", String(pid), "--net", ...command], { timeout: PATIENCE_MS });
  } catch (error) {
    if (await hasNetwork(pid)) throw error;
  }
}

/** False for what has ended, also where nobody has asked yet how: such a process can be signalled, and has none. */
async function hasNetwork(pid: number): Promise<boolean> {
  try {
    await readlink(`/proc/${pid}/ns/net`);
    return true;
  } catch (error) {
    return !["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}
