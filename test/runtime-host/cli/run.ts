// Runs the `edgewhisk` command in this process, with an environment and a standard input of the test's own.

import { runProgram } from "../../../runtime-host/cli/program.ts";
import { FAMILIES, TABLE } from "../../../runtime-host/cli/table.ts";

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** `secret`: what is typed where a secret is asked for. No file of the user's is read unless `env` names it. */
export async function edgewhisk(
  argv: readonly string[],
  { env = {}, secret = "" }: { env?: Record<string, string>; secret?: string } = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  const code = await runProgram({ table: TABLE, families: FAMILIES, version: "1.2.3" }, argv, {
    env: { WSK_CONFIG_FILE: "/nonexistent/wskprops", EDGEWHISK_STATE: "/nonexistent/state", ...env },
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    readSecret: async () => secret,
  });
  return { code, out, err };
}
