// `edgewhisk events`: to where a namespace's user events are sent as they happen, and how that stands.

import { segment } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { askForwarding, EVENT_NOTES, RECEIVER_OPTIONS } from "../shared/forwarding.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

export const events = defineCommand({
  name: "events",
  group: "Administer a deployment",
  summary: "to where a namespace's user events are sent as they happen, and how that stands",
  positionals: [{ name: "namespace", summary: "its name", complaint: "expected one namespace" }],
  options: { ...ADMIN_OPTIONS, ...RECEIVER_OPTIONS },
  notes: `${EVENT_NOTES}

${ADMIN_NOTES}`,
  run: (call) =>
    askForwarding(call, `/namespaces/${segment(call.positionals[0] ?? "")}/events`, { noun: "user events" }),
});
