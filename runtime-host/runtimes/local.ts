// Which interpreters exist on this machine, for the process engine: each is asked for its version once, by running it.
import { execFile } from "node:child_process";
import { access, constants, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface LocalRuntime {
  /** `nodejs:24`, `python:3.11`, `native` */
  readonly kind: string;
  readonly family: "nodejs" | "python" | "native";
  readonly version: string;
  /** The interpreter itself, without wrapper or shim. */
  readonly interpreter: string;
  /** Starts the server; it listens where EDGEWHISK_LISTEN says. */
  readonly command: readonly string[];
  /** What the server needs in its environment beside EDGEWHISK_LISTEN. */
  readonly env: Readonly<Record<string, string>>;
  readonly reason: string;
}

type Family = Exclude<LocalRuntime["family"], "native">;
type Asked = Pick<LocalRuntime, "version" | "interpreter">;

const here = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);
const OLDEST = { nodejs: [18, 0], python: [3, 9] } as const;
const SERVER = { nodejs: join(here, "nodejs", "server.js"), python: join(here, "python", "server.py") } as const;
/** Actions may ask for a collection (`global.gc`), as in OpenWhisk. */
const FLAGS = { nodejs: ["--expose-gc"], python: [] } as const;
const PYTHONS = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9"];
const QUESTION = {
  nodejs: ["-p", "JSON.stringify([process.versions.node, process.execPath])"],
  python: ["-c", "import json,sys; print(json.dumps(['%d.%d.%d' % sys.version_info[:3], sys.executable]))"],
} as const;

/** Which bodies of web requests are bytes: the platform's table, as the native server needs it. */
export const MEDIA_TYPES = join(here, "../../src/entities/media-types.json");

/** The folder that holds `openwhisk`, for nodejs actions that do not bring it. */
export function openwhiskModules(): string {
  const main = createRequire(import.meta.url).resolve("openwhisk/package.json");
  return dirname(dirname(main));
}

export async function findLocalRuntimes(): Promise<LocalRuntime[]> {
  const prefix = await leash();
  const found = new Map<string, LocalRuntime>();
  const list = await candidates();
  const all = await Promise.all(list.map(({ family, file }) => ask(family, file)));
  for (const [at, { family, reason }] of list.entries()) {
    const asked = all[at];
    if (asked === undefined) continue;
    const [major = 0, minor = 0] = asked.version.split(".").map(Number);
    const [oldestMajor, oldestMinor] = OLDEST[family];
    if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) continue;
    const kind = family === "nodejs" ? `nodejs:${major}` : `python:${major}.${minor}`;
    if (found.has(kind)) continue;
    const command = [...prefix, asked.interpreter, ...FLAGS[family], SERVER[family]];
    const env: Record<string, string> = family === "nodejs" ? { EDGEWHISK_MODULES: openwhiskModules() } : {};
    found.set(kind, { kind, family, ...asked, command, env, reason: `${reason} (${asked.interpreter})` });
  }
  return [...found.values(), native(prefix)];
}

/** Runs any program; only its server needs an interpreter, and the host's own serves. */
function native(prefix: readonly string[]): LocalRuntime {
  const interpreter = process.execPath;
  return {
    kind: "native",
    family: "native",
    version: process.versions.node,
    interpreter,
    command: [...prefix, interpreter, join(here, "native", "server.js")],
    env: { EDGEWHISK_MEDIA_TYPES: MEDIA_TYPES },
    reason: `programs and scripts (served by ${interpreter})`,
  };
}

async function candidates(): Promise<{ family: Family; file: string; reason: string }[]> {
  const list = [{ family: "nodejs" as Family, file: process.execPath, reason: "runs the host" }];
  const installed = join(openwhiskModules(), "node", "bin", "node");
  if (await executable(installed)) list.push({ family: "nodejs", file: installed, reason: "npm package `node`" });
  const seen = new Set(await Promise.all(list.map(({ file }) => realpath(file))));
  for (const name of ["node", ...PYTHONS]) {
    for (const folder of new Set((process.env.PATH ?? "").split(delimiter))) {
      const file = join(folder, name);
      if (folder === "" || !(await executable(file))) continue;
      const real = await realpath(file);
      if (seen.has(real)) continue;
      // A shim is one file behind many names and answers for another interpreter: ask it under each name.
      if (!folder.includes("shims")) seen.add(real);
      list.push({ family: name === "node" ? "nodejs" : "python", file, reason: `\`${name}\` on the PATH` });
    }
  }
  return list;
}

const answers = new Map<string, Promise<Asked | undefined>>();

function ask(family: Family, file: string): Promise<Asked | undefined> {
  const known = answers.get(file);
  if (known !== undefined) return known;
  const answer = question(family, file);
  answers.set(file, answer);
  return answer;
}

async function question(family: Family, file: string): Promise<Asked | undefined> {
  try {
    const { stdout } = await run(file, [...QUESTION[family]], { timeout: 5000 });
    const [version, interpreter]: unknown[] = JSON.parse(stdout);
    if (typeof version !== "string" || typeof interpreter !== "string") return undefined;
    return { version, interpreter };
  } catch {
    return undefined;
  }
}

async function executable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** On Linux the kernel kills the server with its parent, also inside an endless loop that never looks at stdin. */
async function leash(): Promise<string[]> {
  const command = ["setpriv", "--pdeathsig", "KILL", "--"];
  if (process.platform !== "linux") return [];
  return run("setpriv", [...command.slice(1), "true"], { timeout: 5000 }).then(
    () => command,
    () => [],
  );
}
