// `wskadmin` as a process: gives the program its arguments and streams, and ends with its code.

import { print } from "../print.ts";
import { readSecret } from "../read-secret.ts";
import { runWskadmin } from "./program.ts";

export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await runWskadmin(argv, {
    env: process.env,
    stdout: print,
    stderr: (text) => process.stderr.write(text),
    readSecret,
  });
  // The launcher's channel would keep us alive.
  process.disconnect?.();
}
