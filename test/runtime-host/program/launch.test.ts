// Commands that are run at once in a fresh clone: one installs, and the others wait for it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const LAUNCH = new URL("../../../runtime-host/program/launch.mjs", import.meta.url).pathname;
/** In npm's place: notes that it ran, takes its time, and leaves what the launcher looks for. */
const NPM = `import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
writeFileSync("pid", String(process.pid));
appendFileSync("runs", "x");
await new Promise((resolve) => setTimeout(resolve, 700));
mkdirSync("node_modules/node/bin", { recursive: true });
writeFileSync("node_modules/node/bin/node", "");
writeFileSync("node_modules/.package-lock.json", JSON.stringify({ packages: { "node_modules/a": { version: "1" } } }));
process.exit(Number(process.env.NPM_EXITS ?? 0));
`;
const COMMAND = `import { ensureInstalled } from "./runtime-host/program/launch.mjs";
process.exit((await ensureInstalled()).code);
`;

let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "edgewhisk-launch-"));
  mkdirSync(join(clone, "runtime-host/program"), { recursive: true });
  cpSync(LAUNCH, join(clone, "runtime-host/program/launch.mjs"));
  writeFileSync(join(clone, "package-lock.json"), JSON.stringify({ packages: { "node_modules/a": { version: "1" } } }));
  writeFileSync(join(clone, "npm.js"), NPM);
  writeFileSync(join(clone, "package.json"), '{"type":"module"}');
  writeFileSync(join(clone, "command.mjs"), COMMAND);
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

function command(env: Record<string, string> = {}): { child: ChildProcess; ended: Promise<[number, string]> } {
  const child = spawn(process.execPath, ["command.mjs"], {
    cwd: clone,
    env: { ...process.env, npm_execpath: join(clone, "npm.js"), ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let told = "";
  child.stderr?.on("data", (chunk) => {
    told += String(chunk);
  });
  return { child, ended: once(child, "close").then(([code]) => [code as number, told]) };
}

const runs = () => (existsSync(join(clone, "runs")) ? readFileSync(join(clone, "runs"), "utf8").length : 0);

test("of three commands at once one installs, and the others wait and say for whom", async () => {
  const all = await Promise.all([command(), command(), command()].map(({ ended }) => ended));
  expect(all.map(([code]) => code)).toEqual([0, 0, 0]);
  expect(runs()).toBe(1);
  expect(all.filter(([, told]) => /process \d+ installs the dependencies; waiting/.test(told))).toHaveLength(2);
  expect(existsSync(join(clone, ".installing"))).toBe(false);
});

test("an install that failed is tried by the next, and one that was killed holds nobody up", async () => {
  expect((await command({ NPM_EXITS: "7" }).ended)[0]).toBe(7);
  rmSync(join(clone, "node_modules"), { recursive: true, force: true });
  const killed = command();
  await expect.poll(runs).toBe(2);
  killed.child.kill("SIGKILL");
  process.kill(Number(readFileSync(join(clone, "pid"), "utf8")), "SIGKILL");
  await killed.ended;
  rmSync(join(clone, "node_modules"), { recursive: true, force: true });
  expect(existsSync(join(clone, ".installing"))).toBe(true);
  expect((await command().ended)[0]).toBe(0);
  expect(runs()).toBe(3);
  expect((await command().ended)[0]).toBe(0);
  expect(runs()).toBe(3);
});

test("it stays when whoever ran npm has gone, and goes with npm", async () => {
  mkdirSync(join(clone, "node_modules/node/bin"), { recursive: true });
  symlinkSync(process.execPath, join(clone, "node_modules/node/bin/node"));
  writeFileSync(
    join(clone, "stays.mjs"),
    'import { writeFileSync } from "node:fs"; writeFileSync("stays", String(process.pid)); setInterval(() => undefined, 1_000);',
  );
  writeFileSync(
    join(clone, "run.mjs"),
    'import { runPinned } from "./runtime-host/program/launch.mjs"; runPinned("stays.mjs", []);',
  );
  // In npm's place: by the shell that npm runs scripts by.
  writeFileSync(
    join(clone, "npm.mjs"),
    `import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs"; writeFileSync("pid", String(process.pid));
    spawn("sh", ["-c", "exec node run.mjs"], { stdio: "ignore" }); setInterval(() => undefined, 1_000);`,
  );
  const env = { ...process.env, npm_lifecycle_event: "start" };
  const shell = spawn("sh", ["-c", "node npm.mjs & sleep 1"], { cwd: clone, env, stdio: "ignore" });
  await once(shell, "exit");
  await expect.poll(() => existsSync(join(clone, "stays"))).toBe(true);
  const pid = Number(readFileSync(join(clone, "stays"), "utf8"));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(isAlive(pid)).toBe(true);
  process.kill(Number(readFileSync(join(clone, "pid"), "utf8")), "SIGKILL");
  await expect.poll(() => isAlive(pid)).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a process that has said how it ends, and does not, is killed and counts as it said", async () => {
  mkdirSync(join(clone, "node_modules/node/bin"), { recursive: true });
  symlinkSync(process.execPath, join(clone, "node_modules/node/bin/node"));
  writeFileSync(join(clone, "stuck.mjs"), "process.send({ exit: 7 }); setInterval(() => undefined, 1_000);");
  writeFileSync(
    join(clone, "run.mjs"),
    'import { runPinned } from "./runtime-host/program/launch.mjs"; runPinned("stuck.mjs", []);',
  );
  const child = spawn(process.execPath, ["run.mjs"], { cwd: clone, stdio: "inherit" });
  expect(await once(child, "exit")).toEqual([7, null]);
});
