// The administrator's token: from the environment or standard input, never from the command line, which all users can read.

import { createInterface } from "node:readline";

export const NO_TOKEN = "no admin token: set ADMIN_TOKEN, or give it on standard input";

/** "" if there is none. */
export async function adminToken(): Promise<string> {
  return process.env.ADMIN_TOKEN || readToken();
}

/** The first line of standard input; at a terminal it is asked for without showing what is typed. */
async function readToken(): Promise<string> {
  const terminal = process.stdin.isTTY === true;
  if (terminal) {
    process.stderr.write("ADMIN_TOKEN: ");
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
