// The `edgewhisk` command as a process: gives the program its arguments and streams, and ends with its code.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { versionOf } from "../program/build.ts";
import { runProgram } from "./program.ts";
import { readSecret } from "./read-secret.ts";
import { FAMILIES, TABLE } from "./table.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const code = await runProgram({ table: TABLE, families: FAMILIES, version: versionOf(ROOT) }, process.argv.slice(2), {
  env: process.env,
  stdout: print,
  stderr: (text) => process.stderr.write(text),
  readSecret,
});
if (code !== null) {
  process.exitCode = code;
  // The launcher's channel would keep us alive.
  process.disconnect?.();
}

/** Of commands alone: a program of its own goes on when its terminal has gone. */
function print(text: string): void {
  // Whoever reads us may have left, as `head` does: then nobody wants the rest.
  if (process.stdout.listenerCount("error") === 0) {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  }
  process.stdout.write(text);
}
