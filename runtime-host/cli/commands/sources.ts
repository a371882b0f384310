// `edgewhisk source …`: what the operator has declared for feeds, and which namespace may read it.

import { SourcesAnswer } from "../../../src/entities/source.ts";
import { askAndPrint, segment, tableOf } from "../shared/administering.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const GRANT = {
  group: "Administer a deployment",
  positionals: [
    { name: "kind", summary: "d1, r2 or queue", complaint: "expected a kind, a name and a namespace" },
    {
      name: "name",
      summary: "what follows FEED_D1_ or FEED_R2_; a queue's own",
      complaint: "expected a kind, a name and a namespace",
    },
    { name: "namespace", summary: "who may read it", complaint: "expected a kind, a name and a namespace" },
  ],
  options: ADMIN_OPTIONS,
} as const;

const list = defineCommand({
  group: "Administer a deployment",
  name: "source list",
  summary: "databases, buckets and queues that feeds may read, and who may",
  positionals: [],
  options: ADMIN_OPTIONS,
  notes: `They are declared in wrangler.toml (bindings FEED_D1_…, FEED_R2_…, and the consumers of queues with FEED_QUEUES), on one
machine by --feed-d1 and --feed-r2.

${ADMIN_NOTES}`,
  run: (call) => askAndPrint(call, ["GET", "/sources"], { schema: SourcesAnswer, text: sourcesText }),
});

const grant = defineCommand({
  ...GRANT,
  name: "source grant",
  summary: "lets a namespace read a source",
  notes: `Whoever may write triggers there reads all of it: every table of a database, every key of a bucket, every message of a queue.

${ADMIN_NOTES}`,
  run: (call) => askAndPrint(call, ["PUT", pathOf(call)], { schema: SourcesAnswer, text: sourcesText }),
});

const revoke = defineCommand({
  ...GRANT,
  name: "source revoke",
  summary: "takes that away; its feeds say so and wait",
  notes: ADMIN_NOTES,
  run: (call) => askAndPrint(call, ["DELETE", pathOf(call)], { schema: SourcesAnswer, text: sourcesText }),
});

export const SOURCE_COMMANDS = [list, grant, revoke];

function pathOf({ positionals: [kind = "", name = "", namespace = ""] }: Pick<Call, "positionals">): string {
  return `/sources/${segment(kind)}/${segment(name)}/grants/${segment(namespace)}`;
}

function sourcesText({ sources }: SourcesAnswer): string {
  if (sources.length === 0) return "no source is declared";
  const rows = sources.map(({ kind, name, declared, namespaces }) => [
    ...[kind, name, declared ? "yes" : "no (any more)"],
    namespaces.length === 0 ? "nobody" : namespaces.join(", "),
  ]);
  return tableOf(["KIND", "NAME", "DECLARED", "MAY BE READ BY"], rows).join("\n");
}
