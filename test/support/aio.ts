// Adobe's command line, unmodified: its runtime plugin, run through the oclif it brings along. 500 packages and 150 MB,
// too much for everybody's lockfile: installed from npm on first use, as it was at a fixed date,
// into node_modules/.cache.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const VERSION = "8.1.0";
/** Dependencies resolve to what was published before. */
const BEFORE = "2026-11-01";
const CACHE = new URL("../../node_modules/.cache", import.meta.url).pathname;
const FOLDER = join(CACHE, `edgewhisk-aio-${VERSION}`);
const RUN = `const { run, flush, Errors } = require("@oclif/core");
const root = require("node:path").dirname(require.resolve("@adobe/aio-cli-plugin-runtime/package.json"));
run(process.argv.slice(2), { root }).then(() => flush()).catch(Errors.handle);
`;

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Resolves to why it cannot be installed, or null. */
export async function installAio(): Promise<string | null> {
  if (existsSync(FOLDER)) return null;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, "aio-"));
  writeFileSync(join(fresh, "package.json"), '{"private":true}');
  writeFileSync(join(fresh, "run.cjs"), RUN);
  const flags = ["--save-exact", "--no-audit", "--no-fund", "--ignore-scripts", `--before=${BEFORE}`];
  const { code, stderr } = await started("npm", ["i", ...flags, `@adobe/aio-cli-plugin-runtime@${VERSION}`], {
    cwd: fresh,
  });
  if (code === 0 && !existsSync(FOLDER)) renameSync(fresh, FOLDER);
  rmSync(fresh, { recursive: true, force: true });
  return code === 0 ? null : `npm cannot install it: ${stderr.trim().slice(-300)}`;
}

/** `home`: its configuration, which it also writes to. */
export function aio(args: string[], options: { home: string; properties: string; cwd: string }): Promise<Ran> {
  const { home, properties, cwd } = options;
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: home,
    XDG_CONFIG_HOME: home,
    WSK_CONFIG_FILE: properties,
    USE_RUNTIME_AUTH: "true",
    COLUMNS: "200",
    // Most of a command is the loading of its 500 packages.
    NODE_COMPILE_CACHE: join(CACHE, "edgewhisk-aio-compiled"),
    NO_COLOR: "1",
    FORCE_COLOR: "0",
  };
  return started(process.execPath, [join(FOLDER, "run.cjs"), ...args], { cwd, env });
}

function started(command: string, args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, args, { ...options, timeout: 300_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}
