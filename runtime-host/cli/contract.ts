// `edgewhisk contract <image>`: plays the contract suite against an image and says what it keeps.

import { parseArgs } from "node:util";
import { ACTIONS, type Actions, NEEDS } from "../contract/actions.ts";
import { CHECKS, OWN_CODE } from "../contract/checks.ts";
import { actionsIn } from "../contract/own-actions.ts";
import { play, type Verdict } from "../contract/play.ts";
import { Broken } from "../contract/session.ts";
import { openTrial, type Trial } from "../engine/docker/trial.ts";
import { complaintOf, joined } from "../program/flags.ts";

const HELP = `Usage: edgewhisk contract IMAGE [options]

Starts IMAGE once per check, as a host would start it, and prints which promises of the action container contract it keeps.
Exit code 0: all of them; 1: not all; 2: it could not be tried.

  --kind KIND      what its actions are written in: ${Object.keys(ACTIONS).join(", ")}; "own" for an image with code of its own
                   (default: what the image's label or name says)
  --actions DIR    actions for another language, one file each:
${Object.entries(NEEDS)
  .map(([need, what]) => `                     ${need}.*`.padEnd(34) + what)
  .join("\n")}
  --json           one JSON object per line
`;

const OPTIONS = {
  kind: { type: "string" },
  actions: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Returns the exit code. */
export async function contract(argv: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    return complain(`${complaintOf(error)}: see --help`);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [image] = positionals;
  if (image === undefined || positionals.length > 1) return complain("name one image; see --help");
  let trial: Trial | null = null;
  const interrupted = () => {
    void trial?.close().finally(() => process.exit(130));
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    const opened = await openTrial(image);
    trial = opened;
    const actions = chosen(values, opened.kind ?? image);
    if (typeof actions === "string") return complain(actions);
    const show = values.json === true ? showJson : showLine;
    const checks = actions === null ? [CHECKS[0], OWN_CODE].filter((check) => check !== undefined) : CHECKS;
    const verdicts = await play(checks, { actions: actions ?? {}, start: () => opened.start(), report: show });
    const count = (is: Verdict["is"]) => verdicts.filter((each) => each.is === is).length;
    if (values.json !== true)
      process.stdout.write(`${image}: ${count("kept")} kept, ${count("broken")} broken, ${count("skipped")} skipped\n`);
    return count("broken") === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof Broken) return complain(error.message);
    throw error;
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await trial?.close();
  }
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: joined(argv, OPTIONS), options: OPTIONS, strict: true, allowPositionals: true });
}

/** Null for an image with code of its own; a sentence where nothing fits. */
function chosen(values: { kind?: string; actions?: string }, hint: string): Actions | string | null {
  if (values.actions !== undefined) {
    try {
      return actionsIn(values.actions);
    } catch (error) {
      return `--actions: ${(error as Error).message}`;
    }
  }
  const family = values.kind?.split(":", 1)[0] ?? Object.keys(ACTIONS).find((each) => hint.includes(each)) ?? "own";
  if (family === "own") return null;
  return ACTIONS[family] ?? `--kind ${family}: there are no actions for it here; give them with --actions`;
}

function showLine(verdict: Verdict): void {
  const mark = { kept: "ok  ", broken: "FAIL", skipped: "skip" }[verdict.is];
  process.stdout.write(`${mark}  ${verdict.name}${"why" in verdict ? `\n      ${verdict.why}` : ""}\n`);
}

function showJson(verdict: Verdict): void {
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
}

function complain(reason: string): number {
  process.stderr.write(`edgewhisk contract: ${reason.replace(/\.$/, "")}.\n`);
  return 2;
}
