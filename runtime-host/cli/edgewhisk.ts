// The `edgewhisk` command as a process: gives the program its arguments and streams, and ends with its code.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { versionOf } from "../program/build.ts";
import { print } from "./print.ts";
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
