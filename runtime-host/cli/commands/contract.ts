// `edgewhisk contract <image>`: plays the contract suite against an image and says what it keeps.

import { ACTIONS, type Actions, NEEDS } from "../../contract/actions.ts";
import { CHECKS, OWN_CODE } from "../../contract/checks.ts";
import { actionsIn } from "../../contract/own-actions.ts";
import { type CheckVerdict, play } from "../../contract/play.ts";
import { Broken } from "../../contract/session.ts";
import type { Trial } from "../../engine/docker/trial.ts";
import { text } from "../../program/options.ts";
import { defineCommand } from "../shared/command.ts";
import { type CommandFailure, DONE, failed, misused, notFound } from "../shared/exit-codes.ts";

export const contract = defineCommand({
  name: "contract",
  group: "Make and check action images",
  summary: "check any image against the action container contract",
  positionals: [
    { name: "image", summary: "its name, as the engine here knows it", complaint: "name one image; see --help" },
  ],
  options: {
    kind: text(
      "KIND",
      `what its actions are written in: ${Object.keys(ACTIONS).join(", ")}; "own": it has code of its own`,
      {
        defaultText: "what the image's label or name says",
      },
    ),
    actions: text("DIR", "actions for another language, one file each"),
  },
  notes: `Starts the image once per check, as a host would start it, and prints which promises of the action container contract
it keeps. It fails where one is broken, or where it cannot be tried.

Files of --actions:
${Object.entries(NEEDS)
  .map(([need, what]) => `  ${`${need}.*`.padEnd(14)} ${what}`)
  .join("\n")}`,
  async run({ options, positionals, print }) {
    const [image = ""] = positionals;
    const { openTrial } = await import("../../engine/docker/trial.ts");
    let trial: Trial | null = null;
    const interrupted = () => {
      void trial?.close().finally(() => process.exit(130));
    };
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    try {
      const opened = await openTrial(image);
      if (opened === null) return notFound(`There is no image ${image} here: pull or build it first`);
      trial = opened;
      const actions = chosen(options, opened.kind ?? image);
      if (actions !== null && "ok" in actions) return actions;
      const checks = actions === null ? [CHECKS[0], OWN_CODE].filter((check) => check !== undefined) : CHECKS;
      const report = (verdict: CheckVerdict) => print(verdict, lineOf(verdict));
      const verdicts = await play(checks, { actions: actions ?? {}, start: () => opened.start(), report });
      const count = (is: CheckVerdict["is"]) => verdicts.filter((each) => each.is === is).length;
      const [kept, broken, skipped] = [count("kept"), count("broken"), count("skipped")];
      print({ image, kept, broken, skipped }, `${image}: ${kept} kept, ${broken} broken, ${skipped} skipped`);
      return broken === 0 ? DONE : failed(null);
    } catch (error) {
      if (error instanceof Broken) return failed(error.message.replace(/\.$/, ""));
      throw error;
    } finally {
      process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
      await trial?.close();
    }
  },
});

/** Null for an image with code of its own. */
function chosen(
  { kind, actions }: { kind: string | undefined; actions: string | undefined },
  hint: string,
): Actions | null | CommandFailure {
  if (actions !== undefined) {
    try {
      return actionsIn(actions);
    } catch (error) {
      return misused(`--actions: ${(error as Error).message}`);
    }
  }
  const family = kind?.split(":", 1)[0] ?? Object.keys(ACTIONS).find((each) => hint.includes(each)) ?? "own";
  if (family === "own") return null;
  return ACTIONS[family] ?? misused(`--kind ${family}: there are no actions for it here; give them with --actions`);
}

function lineOf(verdict: CheckVerdict): string {
  const mark = { kept: "ok  ", broken: "FAIL", skipped: "skip" }[verdict.is];
  return `${mark}  ${verdict.name}${"why" in verdict ? `\n      ${verdict.why}` : ""}`;
}
