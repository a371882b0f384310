// What every command does before TypeScript can run: see that the dependencies are there and whole, and hand over to
// the pinned Node. Plain JavaScript without dependencies, for Node 20 and newer.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PINNED = join(ROOT, "node_modules/node/bin/node");
/** Holds the process id of who installs. Beside node_modules, which `npm ci` removes. */
const LOCK = join(ROOT, ".installing");
/** ms between two looks at whether another has installed, and after which nobody waits for it any more. */
const LOOK_EVERY = 250;
const MAX_WAIT = 600_000;
const SHELLS = /^(ba|da|a|z|k)?sh$/;
/** ms that a process which has said how it ends may take to be gone. */
const MAX_EXIT = 3000;
/** For glibc: what a start has used and freed goes back to the machine (27 of the launcher's 127 MB). With thresholds
 * that are set it does not raise them by itself, and with few arenas free memory lies together. */
const GIVING_BACK = { MALLOC_ARENA_MAX: "2", MALLOC_TRIM_THRESHOLD_: "131072", MALLOC_MMAP_THRESHOLD_: "262144" };

/** Runs `npm ci` unless node_modules holds what package-lock.json names. Resolves to npm's exit code. Of several
 * commands that are run at once one installs, and the others wait for it.
 * @param {{ dev?: boolean }} [options] dev: development dependencies count as needed, too */
export async function ensureInstalled(options = {}) {
  const dev = options.dev ?? false;
  if (whatIsLacking(dev) === null) return { code: 0 };
  const before = await takeLock();
  if (before.code !== 0) return before;
  try {
    const lacking = whatIsLacking(dev);
    return lacking === null ? { code: 0 } : await install(lacking, dev);
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** Takes the lock. The lock of a process that is gone is nobody's. */
async function takeLock() {
  const began = Date.now();
  for (let told = false; ; ) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: "wx" });
      return { code: 0 };
    } catch (error) {
      if (error.code !== "EEXIST") {
        process.stderr.write(`edgewhisk: ${LOCK} cannot be written: ${error.message}\n`);
        return { code: 1 };
      }
    }
    const holder = lockHolder();
    if (holder === null) {
      rmSync(LOCK, { force: true });
      continue;
    }
    if (!told) process.stderr.write(`edgewhisk: process ${holder} installs the dependencies; waiting for it …\n`);
    told = true;
    if (Date.now() - began > MAX_WAIT) {
      process.stderr.write(`edgewhisk: process ${holder} installs for ten minutes. End it, or remove ${LOCK}.\n`);
      return { code: 1 };
    }
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY);
    });
  }
}

/** The process that holds the lock, or null if none that lives does. One that has not written its id yet holds it. */
function lockHolder() {
  let text;
  try {
    text = readFileSync(LOCK, "utf8");
  } catch {
    return null;
  }
  const pid = Number(text);
  if (!Number.isSafeInteger(pid) || pid <= 0) return text === "" ? "?" : null;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return error.code === "EPERM" ? pid : null;
  }
}

/** @param {string} lacking @param {boolean} dev */
async function install(lacking, dev) {
  const began = Date.now();
  process.stderr.write(`edgewhisk: installing dependencies (${lacking}) …\n`);
  const ticker = setInterval(() => {
    process.stderr.write(`edgewhisk: still installing, ${Math.round((Date.now() - began) / 1000)} s …\n`);
  }, 5000);
  // npm tells its scripts where it is; without it (npx, a bare node) the one on PATH is taken.
  const self = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error", ...(dev ? ["--include=dev"] : [])];
  const [command, argv] = self?.endsWith(".js") ? [process.execPath, [self, ...args]] : ["npm", args];
  const code = await run(command, argv, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  clearInterval(ticker);
  if (code !== 0) {
    process.stderr.write("edgewhisk: installing the dependencies failed; npm's own message stands above.\n");
    return { code };
  }
  process.stderr.write(`edgewhisk: installed in ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
  return { code: 0 };
}

/** npm writes node_modules/.package-lock.json last, so an interrupted install has none.
 * @param {boolean} dev */
function whatIsLacking(dev) {
  if (!existsSync(join(ROOT, "node_modules"))) return "first start";
  const wanted = packagesOf("package-lock.json");
  const there = packagesOf("node_modules/.package-lock.json");
  if (wanted === null) return "no package-lock.json";
  if (there === null) return "the last install was not finished";
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const found = there[path];
    if (found === undefined && !entry.optional && !entry.devOptional && (dev || !entry.dev))
      return `${path} is missing`;
    if (found !== undefined && found.version !== entry.version) return `${path} is not the version the lockfile names`;
  }
  return existsSync(PINNED) ? null : "the pinned Node is missing";
}

/** @param {string} path */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

/** Runs a TypeScript file of ours on the pinned Node and ends as it ends. The child leads its own process group, so
 * that its tree can be ended as one; it learns of our death, however sudden, by the end of its IPC channel. What has
 * said how it ends (exitWith of exit.ts) is killed if it does not: a Node that ends while it compiles may wait for
 * itself for ever.
 * @param {string} entry
 * @param {readonly string[]} args */
export function runPinned(entry, args) {
  const child = spawn(PINNED, [join(ROOT, entry), ...args], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: true,
    env: {
      ...GIVING_BACK,
      ...process.env,
      NODE_COMPILE_CACHE: join(ROOT, "node_modules/.cache/edgewhisk"),
      NODE_NO_WARNINGS: "1",
    },
  });
  // One wish to stop may reach us twice, from the terminal and through npm. A second one, later, is meant.
  let stoppedAt = 0;
  const stop = (signal) => {
    if (Date.now() - stoppedAt < 1000) return;
    stoppedAt = Date.now();
    child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
  child.once("error", (error) => {
    process.stderr.write(`edgewhisk: ${PINNED} does not start: ${error.message}\n`);
    process.exit(1);
  });
  let told = null;
  child.on("message", (message) => {
    if (typeof message?.exit !== "number") return;
    told = message.exit;
    setTimeout(() => child.kill("SIGKILL"), MAX_EXIT);
  });
  child.once("exit", (code, signal) => {
    process.exit(code ?? told ?? 128 + (constants.signals[signal ?? "SIGKILL"] ?? 9));
  });
  // npm hands its signals on, but if npm itself is killed nobody would tell us. A shell may stand between.
  if (process.env.npm_lifecycle_event !== undefined) {
    const above = lineage();
    setInterval(() => {
      if (stoppedAt === 0 && lineage() !== above) stop("SIGTERM");
    }, 500).unref();
  }
}

/** Who is above us: npm, or the shell that npm runs us by, and npm. Whoever ran npm may go: it was told to stay. */
function lineage() {
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, "latin1");
    const [, name = "", rest = ""] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
    return SHELLS.test(name) ? `${process.ppid} ${rest.split(" ")[1]}` : String(process.ppid);
  } catch {
    return String(process.ppid);
  }
}

/** @param {string} command @param {readonly string[]} args @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<number>} */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, options);
    child.once("error", (error) => {
      process.stderr.write(`edgewhisk: ${command} does not start: ${error.message}\n`);
      resolve(127);
    });
    child.once("exit", (code) => resolve(code ?? 130));
  });
}
