// `edgewhisk host`: runs actions on this machine for a platform elsewhere; the program is ../../main.ts.

import { HOST_SHAPE } from "../../config.ts";
import type { ProgramCommand } from "../shared/command.ts";

export const host: ProgramCommand = {
  name: "host",
  group: "Run a platform",
  summary: "run actions here for a platform elsewhere",
  options: HOST_SHAPE.options,
  async program(argv) {
    // It reads its own arguments, so that it can be run without this command as well.
    process.argv.splice(2, process.argv.length, ...argv);
    await import("../../main.ts");
  },
};
