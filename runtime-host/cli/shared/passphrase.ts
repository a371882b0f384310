// The passphrase of a backup: from a variable or standard input, never from the command line.

import type { Io } from "./command.ts";
import { type CommandFailure, misused } from "./exit-codes.ts";

const LEAST = 8;

export const PASSPHRASE_NOTES =
  "The passphrase comes from EDGEWHISK_PASSPHRASE or from standard input; never from the command line, which every user of the\n" +
  "machine can read. Without it nobody opens the file, you included.";

/** For a file that is to be written. */
export async function newPassphrase(io: Pick<Io, "env" | "readSecret">): Promise<string | CommandFailure> {
  const given = await oldPassphrase(io);
  return given.length < LEAST
    ? misused(`a passphrase has ${LEAST} characters at least: set EDGEWHISK_PASSPHRASE, or give it on standard input`)
    : given;
}

/** For a file that was written with one. */
export async function oldPassphrase(io: Pick<Io, "env" | "readSecret">): Promise<string> {
  return io.env.EDGEWHISK_PASSPHRASE || io.readSecret("PASSPHRASE");
}
