// What `wsk property set` has stored: the platform's address and a key, in a file of the user's.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../program/command-line.ts";

export interface WskProperties {
  /** As messages name it. */
  readonly file: string;
  readonly apihost?: string;
  readonly auth?: string;
}

/** WSK_CONFIG_FILE names the file, as for `wsk`; else it is ~/.wskprops. One that cannot be read is an empty one. */
export function readWskProperties(env: Environment): WskProperties {
  const named = env.WSK_CONFIG_FILE ?? "";
  const path = named === "" ? join(env.HOME ?? homedir(), ".wskprops") : named;
  const file = named === "" ? "~/.wskprops" : named;
  try {
    return { file, ...propertiesIn(readFileSync(path, "utf8")) };
  } catch {
    return { file };
  }
}

/** Lines of NAME=value; the last of a name counts. Others, and comments, are not looked at. */
export function propertiesIn(text: string): { apihost?: string; auth?: string } {
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name = "", value = ""] = /^\s*([A-Za-z_]+)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    if (name !== "") found.set(name.toUpperCase(), value.replace(/^(["'])(.*)\1$/, "$2"));
  }
  const apihost = found.get("APIHOST");
  const auth = found.get("AUTH");
  return { ...(apihost === undefined ? {} : { apihost }), ...(auth === undefined ? {} : { auth }) };
}
