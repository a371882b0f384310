// A secret from standard input: never from the command line, which all users of the machine can read.

import { createInterface } from "node:readline";

/** The first line of standard input, "" if there is none; at a terminal it is asked for by `name` and not shown. */
export async function readSecret(name: string): Promise<string> {
  const terminal = process.stdin.isTTY === true;
  if (terminal) {
    process.stderr.write(`${name}: `);
    process.stdin.setRawMode(true);
    // In raw mode the terminal makes no signal of Ctrl-C.
    process.stdin.on("data", (typed) => {
      if (typed.includes("\x03")) process.exit(130);
    });
  }
  const reader = createInterface({ input: process.stdin, terminal: false });
  try {
    for await (const line of reader) return line.trim();
    return "";
  } finally {
    reader.close();
    if (terminal) {
      process.stdin.setRawMode(false);
      process.stderr.write("\n");
    }
    process.stdin.destroy();
  }
}
