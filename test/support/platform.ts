// Starts the whole platform as a user would, in a process tree of its own on a free port with a fresh state folder.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const GUEST =
  "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";
export const SYSTEM =
  "789c46b1-71f6-4ed5-8c54-816aa4f8c502:abczO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

const ROOT = new URL("../..", import.meta.url).pathname;

export interface PlatformOptions {
  engine: "docker" | "process";
  /** Extra command line flags. */
  flags?: string[];
  /** Extra environment. */
  env?: Record<string, string>;
  /** Keep and use this state folder. */
  state?: string;
  port?: number;
}

export interface Platform {
  url: string;
  port: number;
  state: string;
  process: ChildProcess;
  /** All that was printed, stdout and stderr. */
  output(): string;
  /** Pids of the tree, by what they run. */
  pids(): { workerd: number[]; host: number[]; all: number[] };
  /** SIGTERM and wait; kills after 15 s. Removes the state folder if this made it. Resolves to the exit code. */
  stop(): Promise<number | null>;
}

/** Resolves when the platform has proved itself and says that it serves; rejects with the output if that takes more
 * than 110 s or it exits. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const port = options.port ?? (await freePort());
  const state = options.state ?? mkdtempSync(join(tmpdir(), "edgewhisk-"));
  const args = [join(ROOT, "runtime-host/standalone.ts"), "--port", String(port), "--state", state];
  args.push("--engine", options.engine, ...(options.flags ?? []));
  const child = spawn(join(ROOT, "node_modules/.bin/node"), args, {
    cwd: ROOT,
    env: { ...process.env, EDGEWHISK_CONSOLE_PORT: "off", ...options.env },
    // By the channel it learns that we have gone, however suddenly, and goes as well.
    stdio: ["pipe", "pipe", "pipe", "ipc"],
  });
  child.channel?.unref();
  let output = "";
  child.stdout?.on("data", (chunk) => (output += chunk));
  child.stderr?.on("data", (chunk) => (output += chunk));
  const url = `http://127.0.0.1:${port}`;
  const platform: Platform = {
    url,
    port,
    state,
    process: child,
    output: () => output,
    pids: () => treeOf(child.pid ?? 0),
    stop: async () => {
      const code = await end(child);
      if (options.state === undefined) rmSync(state, { recursive: true, force: true });
      return code;
    },
  };
  for (let waited = 0; waited < 110_000; waited += 100) {
    if (child.exitCode !== null) throw new Error(`the platform exited with ${child.exitCode}:\n${output}`);
    if (/^ {2}serving /m.test(output) && (await ready(url))) return platform;
    await sleep(100);
  }
  await platform.stop();
  throw new Error(`the platform was not ready in 110 s:\n${output}`);
}

/** True as soon as a host is connected and healthy. */
export async function ready(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/invokers/healthy/count`);
    return answer.ok && Number(await answer.text()) > 0;
  } catch {
    return false;
  }
}

export function basic(key: string): string {
  return `Basic ${Buffer.from(key).toString("base64")}`;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Every process below `root`, from one look at the process table. */
export function treeOf(root: number): { workerd: number[]; host: number[]; wrangler: number[]; all: number[] } {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ pid: Number(match[1]), parent: Number(match[2]), args: match[3] ?? "" }));
  const found = rows.filter((row) => row.pid === root);
  for (let at = 0; at < found.length; at++) found.push(...rows.filter((row) => row.parent === found[at]?.pid));
  return {
    workerd: found.filter((row) => /\bworkerd\b.*\bserve\b/.test(row.args)).map((row) => row.pid),
    host: found.filter((row) => row.args.includes("runtime-host/main.ts")).map((row) => row.pid),
    wrangler: found.filter((row) => row.args.includes("wrangler-process.ts")).map((row) => row.pid),
    all: found.map((row) => row.pid),
  };
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = new Promise<number | null>((done) => child.once("exit", (code) => done(code)));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 100_000);
  const code = await gone;
  clearTimeout(timer);
  return code;
}
