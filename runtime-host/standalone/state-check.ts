// Whether the databases of the state folder are whole: asked at the start, and again when the Worker meets what it
// cannot explain. A damaged one is one sentence that names the file, what is lost with it and the way out; with
// --salvage it is moved aside.

import { fork } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { kindOf } from "./databases.ts";
import { StartFailure } from "./failure.ts";
import type { Damaged, Findings } from "./state-check-process.ts";

const PROGRAM = new URL("./state-check-process.ts", import.meta.url);
/** ms */
const MAX_CHECK_MS = 60_000;
/** Ids in a line; all of them stand in a file beside what was moved. */
const MAX_SHOWN = 20;

/** What was done, in lines for the log. Rejects with StartFailure if something is damaged and nothing was to be done
 * about it. */
export async function checkState(folder: string, options: { salvage: boolean; now?: Date }): Promise<string[]> {
  const { damaged, unchecked, failure } = await look(folder);
  const lines: string[] = [];
  if (unchecked > 0) lines.push(`${unchecked} databases are too large or too many to be read whole at a start`);
  if (failure !== undefined) lines.push(`the databases could not be checked: ${failure}`);
  if (damaged.length === 0) return lines;
  if (!options.salvage) throw new StartFailure(sentenceOf(folder, damaged));
  const stamp = (options.now ?? new Date()).toISOString().replaceAll(/[:.]/g, "-");
  return [...lines, ...damaged.map((each) => moveAside(folder, each, join(folder, "salvaged", stamp)))];
}

/** What is damaged, as one sentence for whoever meets its consequences, or null. */
export async function damageOf(folder: string): Promise<string | null> {
  const { damaged } = await look(folder);
  return damaged.length === 0 ? null : sentenceOf(folder, damaged);
}

/** `failure`: why nothing was found out. */
function look(folder: string): Promise<Findings & { failure?: string }> {
  if (!existsSync(join(folder, "v3"))) return Promise.resolve({ damaged: [], unchecked: 0 });
  return new Promise((resolve) => {
    const child = fork(PROGRAM, [folder], { execArgv: ["--no-warnings"], stdio: ["ignore", "ignore", "pipe", "ipc"] });
    let complaint = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(-2_000);
    });
    const late = setTimeout(() => child.kill("SIGKILL"), MAX_CHECK_MS);
    let findings: Findings | null = null;
    child.on("message", (message: Findings) => {
      findings = message;
    });
    const over = (how: string) => {
      clearTimeout(late);
      resolve(findings ?? { damaged: [], unchecked: 0, failure: `${how} ${complaint}`.trim() });
    };
    child.once("error", (error) => over(error.message));
    child.once("exit", (code, signal) => over(signal ?? `exit code ${code}`));
  });
}

function sentenceOf(folder: string, damaged: readonly Damaged[]): string {
  const [first] = damaged as [Damaged];
  const others = damaged.length === 1 ? "" : `, and ${damaged.length - 1} more`;
  return (
    `${join(folder, first.file)} is damaged (${first.reason})${others}: ${lostWith(first)} may be lost; ` +
    "restore the state folder from a copy, or start with --salvage, which moves what is damaged aside and goes on without it."
  );
}

function lostWith({ file, ids }: Damaged): string {
  const count = ids.length === 1 ? "1 id" : `${ids.length} ids`;
  return `${kindOf(file).holds}${ids.length === 0 ? "" : ` (${count})`}`;
}

/** The database with all that lies beside it, and a list of its ids. Returns what to say. */
function moveAside(folder: string, damaged: Damaged, to: string): string {
  const { file, reason, ids } = damaged;
  const target = join(to, file);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  const list = `${target}.ids`;
  if (ids.length > 0) writeFileSync(list, `${ids.join("\n")}\n`, { mode: 0o600 });
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(join(folder, file + suffix))) renameSync(join(folder, file + suffix), target + suffix);
  }
  const named = ids.slice(0, MAX_SHOWN).join(" ");
  const shown = ids.length === 0 ? "" : `; ids that may be gone, all in ${list}: ${named}`;
  return `salvage: ${file} was damaged (${reason}) and is now ${target}: ${lostWith(damaged)} may be lost${shown}`;
}
