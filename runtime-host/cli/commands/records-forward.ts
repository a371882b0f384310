// `edgewhisk records forward`: to where a namespace's records are sent as they are made, and how that stands.

import { segment } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { askForwarding, FORWARDING_NOTES, FORWARDING_OPTIONS } from "../shared/forwarding.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

export const recordsForward = defineCommand({
  name: "records forward",
  group: "Administer a deployment",
  summary: "to where a namespace's records are sent as they are made, and how that stands",
  positionals: [{ name: "namespace", summary: "its name", complaint: "expected one namespace" }],
  options: { ...ADMIN_OPTIONS, ...FORWARDING_OPTIONS },
  notes: `${FORWARDING_NOTES}

${ADMIN_NOTES}`,
  run: (call) => askForwarding(call, `/namespaces/${segment(call.positionals[0] ?? "")}/forwarding`),
});
