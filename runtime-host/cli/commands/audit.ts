// `edgewhisk audit`: who changed what, when and from where, newest first.

import { AuditAnswer, type AuditLine, RESULTS } from "../../../src/entities/audit.ts";
import { choice, number, text } from "../../program/options.ts";
import { openAdmin, timeText } from "../shared/administering.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, refused } from "../shared/exit-codes.ts";
import { epochOf, momentOption } from "../shared/moment.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

/** Most that one answer holds. */
const PAGE = 500;
const HEADINGS = "TIME (UTC)                WHO                       FROM             RESULT    WHAT";

const OPTIONS = {
  ...ADMIN_OPTIONS,
  since: momentOption("at or after"),
  until: momentOption("before"),
  subject: text("NAME", "only what this subject did"),
  key: text("ID", "only what was done with the key of this id"),
  namespace: text("NAME", "only what was done in this namespace"),
  act: text("ACT", "only this act, or acts of this kind: key.rotate, key, action, limits, host"),
  result: choice(RESULTS, "only what came to this", { placeholder: RESULTS.join("|") }),
  limit: number("most lines", { min: 1, max: 1_000_000 }, { default: 100 }),
  cursor: text("CURSOR", "go on where another list has ended"),
} as const;

export const audit = defineCommand({
  name: "audit",
  group: "Look at what happens",
  summary: "who changed what, when and from where",
  options: OPTIONS,
  notes: `Newest first. A change of an entity, a key, a namespace or a limit and its line are written together, or neither is.\n${ADMIN_NOTES}`,
  run,
});

async function run(call: Call<typeof OPTIONS>): Promise<CommandOutcome> {
  const opened = await openAdmin(call);
  if (!opened.ok) return opened;
  const query = queryOf(call.options);
  let after: string | null = call.options.cursor ?? "";
  let left = call.options.limit;
  call.heading(HEADINGS);
  while (after !== null && left > 0) {
    query.set("limit", String(Math.min(PAGE, left)));
    query.set("after", after);
    const reply = await opened.admin.ask("GET", `/audit?${query}`, { schema: AuditAnswer });
    if (!reply.ok) return refused(reply, after === "" ? reply.reason : `${reply.reason}; go on with --cursor ${after}`);
    for (const each of reply.value.items) call.print(each, lineOf(each));
    left -= reply.value.items.length;
    after = reply.value.next;
  }
  if (after !== null) call.progress(`there may be more: go on with --cursor ${after}`);
  return DONE;
}

function queryOf(options: Call<typeof OPTIONS>["options"]): URLSearchParams {
  const { since, until, subject, key, namespace, act, result } = options;
  const now = Date.now();
  const given = {
    ...{ subject, key, namespace, act, result },
    since: since === undefined ? undefined : epochOf(since, now),
    until: until === undefined ? undefined : epochOf(until, now),
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) if (value !== undefined) query.set(name, String(value));
  return query;
}

function lineOf({ at, source, result, act, target, detail, count, ...who }: AuditLine): string {
  const { code = "" } = detail;
  const what =
    result === "counted" ? `${count} more in this minute` : `${act} ${target}${code === "" ? "" : ` (${code})`}`;
  return `${timeText(at).padEnd(24)}  ${nameOf(who).padEnd(24)}  ${source.padEnd(15)}  ${result.padEnd(8)}  ${what}`;
}

function nameOf({ via, subject, keyName }: Pick<AuditLine, "via" | "subject" | "keyName">): string {
  if (subject === "") return via === "key" ? "(nobody known)" : `(${via})`;
  return keyName === "" || keyName === "default" ? subject : `${subject} [${keyName}]`;
}
