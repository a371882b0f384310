// `edgewhisk backup`: the state of a platform on one machine as one file, also while it runs.

import { resolve } from "node:path";
import { text, toggle } from "../../program/options.ts";
import { defineCommand } from "../shared/command.ts";
import { DONE, failed } from "../shared/exit-codes.ts";
import { newPassphrase, PASSPHRASE_NOTES } from "../shared/passphrase.ts";
import { STATE_DEFAULT, stateFolderOf } from "../shared/platform.ts";

export const backup = defineCommand({
  name: "backup",
  group: "Run a platform",
  summary: "the state of the platform on this machine as one file, also while it runs",
  positionals: [
    { name: "file", summary: "where it is written; must not be there yet", complaint: "expected one file" },
  ],
  options: {
    state: text("DIR", "state folder of the platform", { defaultText: STATE_DEFAULT }),
    passphrase: toggle("encrypt the file; a passphrase is asked for"),
  },
  notes: `Every activation whose id was answered before the command began is in it, with all actions, keys and blobs.
It holds secrets: nobody but you can read it (0600), and with --passphrase nobody without that.

${PASSPHRASE_NOTES}`,
  async run(call) {
    const [file = ""] = call.positionals;
    const passphrase = call.options.passphrase ? await newPassphrase(call.io) : null;
    if (passphrase !== null && typeof passphrase !== "string") return passphrase;
    const { BackupFault } = await import("../../backup/sealed-file.ts");
    const { megabytes, takeBackup } = await import("../../backup/take.ts");
    try {
      const state = stateFolderOf(call);
      const taken = await takeBackup({ state, file: resolve(file), passphrase, progress: call.progress });
      const kind = passphrase === null ? "not encrypted" : "encrypted";
      call.print(
        taken,
        `${taken.file}: ${taken.files} files, ${megabytes(taken.bytes)}, ${kind} (${megabytes(taken.size)}); ` +
          `all that was answered before ${taken.asOf}`,
      );
      return DONE;
    } catch (error) {
      if (error instanceof BackupFault) return failed(error.message);
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined || code.startsWith("ERR_INTERNAL")) throw error;
      return failed(`nothing was backed up: ${(error as Error).message}`);
    }
  },
});
