// Starts a runtime server as the process engine does: a child process on a unix socket, with a scrubbed environment.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalRuntime } from "../../runtime-host/runtimes/local.ts";
import { type Runtime, untilUp } from "./runtime-client.ts";

export async function startProcess(local: LocalRuntime, env: Record<string, string> = {}): Promise<Runtime> {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-test-"));
  const socketPath = join(folder, "s");
  const [command = "", ...args] = local.command;
  const child = spawn(command, args, {
    env: {
      PATH: process.env.PATH,
      TMPDIR: folder,
      EDGEWHISK_LISTEN: socketPath,
      EDGEWHISK_DIE_WITH_PARENT: "1",
      ...local.env,
      ...env,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const logs = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (logs.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (logs.stderr += text));
  const exited = new Promise<void>((done) => child.once("close", () => done()));
  const stop = async () => {
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  return untilUp({ url: "http://runtime", socketPath, pid: child.pid ?? 0, logs: () => logs, exited, stop });
}
