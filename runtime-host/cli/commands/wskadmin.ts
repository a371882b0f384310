// `edgewhisk wskadmin`: OpenWhisk's tool for administrators; the same as the program of that name.

import { toggle } from "../../program/options.ts";
import type { ProgramCommand } from "../shared/command.ts";

export const wskadmin: ProgramCommand = {
  name: "wskadmin",
  group: "Administer a deployment",
  summary: "OpenWhisk's wskadmin: its commands, flags, lines and exit codes",
  options: { json: toggle("its lines and its exit code as one JSON value") },
  async program(argv) {
    const { main } = await import("../wskadmin/main.ts");
    await main(argv);
  },
};
