// `edgewhisk start`: the whole platform on this machine; the same program as `npm start`.

import { START_SHAPE } from "../../standalone/config.ts";
import type { ProgramCommand } from "../shared/command.ts";

export const start: ProgramCommand = {
  name: "start",
  group: "Run a platform",
  summary: "the whole platform on this machine (the same as npm start)",
  options: START_SHAPE.options,
  ...(START_SHAPE.notes === undefined ? {} : { notes: START_SHAPE.notes }),
  async program(argv) {
    // It reads its own arguments, so that it can be run without this command as well.
    process.argv.splice(2, process.argv.length, ...argv);
    await import("../../standalone.ts");
  },
};
