// A Docker engine of a test's own, which it may kill: with its own data, in its own network namespace, so that it
// touches neither the machine's engine nor its rules. A pair of virtual interfaces leads to its containers.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import Docker from "dockerode";

export interface OwnEngine {
  /** For DOCKER_HOST. */
  readonly host: string;
  readonly docker: Docker;
  /** Where its disk is: `megabytes` large, in memory unless it is btrfs. */
  readonly data: string;
  up(): Promise<void>;
  signal(name: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void;
  /** The process by which it starts containers: it answers without it, and starts none. */
  signalStarter(name: "SIGSTOP" | "SIGCONT"): void;
  /** Resolves when the process has ended. */
  ended(): Promise<void>;
  close(): Promise<void>;
}

const run = promisify(execFile);

/** Null if one can be had here; else why not. */
export function noOwnEngine(): string | null {
  if (process.getuid?.() !== 0) return "only root can start an engine of its own";
  const missing = ["dockerd", "ip", "nsenter", "unshare", "mount", "setpriv"].filter(
    (each) => spawnSync(each, ["--version"]).error !== undefined,
  );
  return missing.length === 0 ? null : `not installed: ${missing.join(", ")}`;
}

/** `btrfs`: its disk can hold each container to a quota. Rejects where that cannot be made. */
export async function startOwnEngine(options: { megabytes: number; btrfs?: boolean }): Promise<OwnEngine> {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-dockerd-"));
  const data = join(folder, "data");
  mkdirSync(data);
  const block = await freeBlock();
  // Keeps the namespace; ends with us, and the interfaces with it.
  const keeper = spawn("unshare", ["--net", "cat"], { stdio: ["pipe", "ignore", "ignore"] });
  await once(keeper, "spawn");
  const socket = join(folder, "s");
  const log = openSync(join(folder, "log"), "a");
  const words = () => readFileSync(join(folder, "log"), "utf8").slice(-2_000);
  let daemon: ChildProcess | null = null;
  const docker = new Docker({ socketPath: socket });
  const engine: OwnEngine = {
    host: `unix://${socket}`,
    docker,
    data,
    async up() {
      // Where nobody reaps orphans, a killed one still looks alive.
      for (const pid of ["pid", "exec/containerd/containerd.pid"]) rmSync(join(folder, pid), { force: true });
      daemon = spawn(
        // Ends with us, however suddenly.
        "setpriv",
        [
          ...["--pdeathsig", "TERM", "nsenter"],
          ...["--target", String(keeper.pid), "--net", "dockerd"],
          ...["--data-root", data, "--exec-root", join(folder, "exec"), "--pidfile", join(folder, "pid")],
          ...["--host", `unix://${socket}`, "--bridge", "none", "--iptables=false", "--ip6tables=false"],
          ...["--default-address-pool", `base=${block}.128.0/17,size=24`, "--log-level", "error"],
          ...(options.btrfs === true ? ["--storage-driver", "btrfs"] : []),
        ],
        { stdio: ["ignore", log, log] },
      );
      for (let at = 0; at < 300; at++) {
        if (existsSync(socket) && (await docker.ping().then(Boolean, () => false))) return;
        if (daemon.exitCode !== null) throw new Error(`dockerd ended with ${daemon.exitCode}: ${words()}`);
        await sleep(100);
      }
      throw new Error(`dockerd does not come up: ${words()}`);
    },
    signal(name) {
      daemon?.kill(name);
    },
    signalStarter(name) {
      process.kill(Number(readFileSync(join(folder, "exec/containerd/containerd.pid"), "utf8")), name);
    },
    async ended() {
      if (daemon !== null && daemon.exitCode === null && daemon.signalCode === null) await once(daemon, "exit");
    },
    async close() {
      engine.signal("SIGCONT");
      engine.signal("SIGTERM");
      await Promise.race([engine.ended(), sleep(20_000)]);
      engine.signal("SIGKILL");
      keeper.kill("SIGKILL");
      for (const pid of processesOf(folder)) process.kill(pid, "SIGKILL");
      for (const place of mountsBelow(folder)) await run("umount", ["--lazy", place]).catch(() => undefined);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
  try {
    await makeDisk(folder, data, options);
    await makeRoad(keeper.pid ?? 0, block);
    await engine.up();
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function makeDisk(folder: string, data: string, options: { megabytes: number; btrfs?: boolean }): Promise<void> {
  if (options.btrfs !== true) {
    await run("mount", ["-t", "tmpfs", "-o", `size=${options.megabytes}m`, "tmpfs", data]);
    return;
  }
  await run("truncate", ["-s", `${options.megabytes}M`, join(folder, "disk")]);
  await run("mkfs.btrfs", ["-q", join(folder, "disk")]);
  await run("mount", ["-o", "loop", join(folder, "disk"), data]);
}

/** From this machine to the engine's containers. */
async function makeRoad(keeper: number, block: string): Promise<void> {
  const inside = (...command: string[]) => run("nsenter", ["--target", String(keeper), "--net", ...command]);
  const link = `ew${block.replace(".", "-")}`;
  // The namespace is there a moment after the process.
  await sleep(300);
  await run("ip", ["link", "add", link, "type", "veth", "peer", "name", "out", "netns", String(keeper)]);
  await run("ip", ["address", "add", `${block}.0.1/30`, "dev", link]);
  await run("ip", ["link", "set", link, "up"]);
  await inside("ip", "link", "set", "lo", "up");
  await inside("ip", "address", "add", `${block}.0.2/30`, "dev", "out");
  await inside("ip", "link", "set", "out", "up");
  await inside("ip", "route", "add", "default", "via", `${block}.0.1`);
  await run("ip", ["route", "add", `${block}.128.0/17`, "via", `${block}.0.2`]);
}

/** The first two numbers of addresses nobody here uses; another test may look at the same time. */
async function freeBlock(): Promise<string> {
  const { stdout } = await run("ip", ["route"]);
  for (let at = process.pid; at < process.pid + 100; at++) {
    const block = `10.${150 + (at % 100)}`;
    if (!stdout.includes(`${block}.`)) return block;
  }
  throw new Error("every address from 10.150 to 10.249 is in use");
}

/** Carries an image from one engine to another, with its names. */
export async function carry(name: string, from: Docker, to: Docker): Promise<void> {
  const stream = await from.getImage(name).get();
  const loading = await to.loadImage(stream as NodeJS.ReadableStream);
  await new Promise<void>((resolve, reject) => {
    to.modem.followProgress(loading, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** What a killed engine leaves behind: its shims name the folder among their arguments. */
function processesOf(folder: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && argumentsOf(pid).includes(folder));
}

function argumentsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** Innermost first. */
function mountsBelow(folder: string): string[] {
  const places = readFileSync("/proc/mounts", "utf8").split("\n");
  return places
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${folder}/`))
    .reverse();
}
