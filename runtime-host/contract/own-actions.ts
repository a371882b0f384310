// Actions for the checks out of a folder: `echo.rb`, `log.rb`, …; `archive.zip` and other archives are sent as base64.

import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { type ActionSample, type Actions, type Code, NEEDS } from "./actions.ts";

const ARCHIVES = new Set([".zip", ".jar", ".gz", ".tgz"]);

/** @throws what the file system says */
export function actionsIn(folder: string): Actions {
  const actions: Partial<Record<ActionSample, Code>> = {};
  for (const name of readdirSync(folder).sort()) {
    const need = name.split(".", 1)[0] as ActionSample;
    if (!Object.hasOwn(NEEDS, need)) continue;
    const binary = ARCHIVES.has(extname(name));
    actions[need] = { code: readFileSync(join(folder, name)).toString(binary ? "base64" : "utf8"), binary };
  }
  return actions;
}
