// `edgewhisk restore`: a backup as a state folder that a platform starts from.

import { resolve } from "node:path";
import { text } from "../../program/options.ts";
import { defineCommand } from "../shared/command.ts";
import { DONE, failed } from "../shared/exit-codes.ts";
import { oldPassphrase, PASSPHRASE_NOTES } from "../shared/passphrase.ts";
import { STATE_DEFAULT, stateFolderOf } from "../shared/platform.ts";

const PASSPHRASE_NEEDED =
  "it is encrypted, and its passphrase is needed: set EDGEWHISK_PASSPHRASE, or give it on standard input";

export const restore = defineCommand({
  name: "restore",
  group: "Run a platform",
  summary: "a backup as the state folder of a platform on this machine",
  positionals: [{ name: "file", summary: "what edgewhisk backup has written", complaint: "expected one file" }],
  options: { state: text("DIR", "where to: an empty folder, or a new one", { defaultText: STATE_DEFAULT }) },
  notes: `Each part of the file is checked, and the databases in it are. The folder is there once all of it is well, or not at all.
Then start it: npm start -- --state DIR

${PASSPHRASE_NOTES}`,
  async run(call) {
    const [file = ""] = call.positionals;
    const { BackupFault } = await import("../../backup/sealed-file.ts");
    const { restoreBackup } = await import("../../backup/put-back.ts");
    const { megabytes } = await import("../../backup/take.ts");
    try {
      const passphrase = async () => {
        const given = await oldPassphrase(call.io);
        if (given === "") throw new BackupFault(PASSPHRASE_NEEDED);
        return given;
      };
      const options = { file: resolve(file), state: stateFolderOf(call), passphrase, progress: call.progress };
      const restored = await restoreBackup(options);
      call.print(restored, `${restored.state}: ${restored.files} files, ${megabytes(restored.bytes)}`);
      return DONE;
    } catch (error) {
      if (error instanceof BackupFault) return failed(`${file} was not restored: ${error.message}`);
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined || code.startsWith("ERR_INTERNAL")) throw error;
      return failed(`${file} was not restored: ${(error as Error).message}`);
    }
  },
});
