// `edgewhisk records usage` and `edgewhisk records retention`: how much the records of a namespace are, and how long
// they are kept.

import { segment } from "../shared/administering.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";
import { askRetention, askUsage, RETENTION_NOTES, RETENTION_OPTIONS, USAGE_NOTES } from "../shared/retention.ts";

const COMMON = {
  group: "Administer a deployment",
  positionals: [{ name: "namespace", summary: "its name", complaint: "expected one namespace" }],
} as const;

const usage = defineCommand({
  ...COMMON,
  name: "records usage",
  summary: "how many records a namespace has, and their bytes, by where they are",
  options: ADMIN_OPTIONS,
  notes: `${USAGE_NOTES}

${ADMIN_NOTES}`,
  run: (call) => askUsage(call, pathOf(call, "usage")),
});

const retention = defineCommand({
  ...COMMON,
  name: "records retention",
  summary: "how long a namespace's records are kept; with bounds, sets them",
  options: { ...ADMIN_OPTIONS, ...RETENTION_OPTIONS },
  notes: `${RETENTION_NOTES}

${ADMIN_NOTES}`,
  run: (call) => askRetention(call, pathOf(call, "retention")),
});

export const RETENTION_COMMANDS = [usage, retention];

function pathOf({ positionals: [namespace = ""] }: Pick<Call, "positionals">, what: string): string {
  return `/namespaces/${segment(namespace)}/${what}`;
}
