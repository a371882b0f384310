// `edgewhisk activation list`: activations by name, time and what they were like, newest first.

import * as z from "zod";
import { choice, number, text } from "../../program/options.ts";
import { type Column, columns } from "../shared/columns.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, refused } from "../shared/exit-codes.ts";
import { epochOf, momentOption } from "../shared/moment.ts";
import { openApi, PLATFORM_OPTIONS } from "../shared/platform.ts";

const STATUSES = ["success", "application_error", "developer_error", "internal_error", "timeout", "error"] as const;
const STARTS = ["cold", "prewarmed", "warm", "none"] as const;
type Start = (typeof STARTS)[number];
/** Most that one answer holds. */
const PAGE = 200;
const DAY_MS = 86_400_000;

const Summary = z.looseObject({
  activationId: z.string(),
  name: z.string(),
  start: z.number(),
  duration: z.number().optional(),
  statusCode: z.number().optional(),
  annotations: z.array(z.looseObject({ key: z.string(), value: z.unknown() })),
});
type Summary = z.infer<typeof Summary>;

const HEADS: readonly Column[] = [
  { title: "START (UTC)" },
  { title: "ACTIVATION" },
  { title: "KIND" },
  { title: "BEGAN" },
  { title: "MS", right: true },
  { title: "STATUS" },
  { title: "NAME" },
];

const OPTIONS = {
  name: text("NAME", "only of this action or trigger, as name or package/name"),
  since: momentOption("started at or after"),
  upto: momentOption("started at or before"),
  kind: text("KIND", "only of this kind: nodejs:20, nodejs (all of them), sequence, trigger"),
  status: choice(STATUSES, `only what ended so: ${STATUSES.slice(0, -1).join(", ")}, or error: any but success`, {
    placeholder: "STATUS",
  }),
  "min-duration": number("only what ran so long or longer", { min: 0, max: DAY_MS }, { unit: "ms" }),
  "max-duration": number("only what ran so long or less", { min: 0, max: DAY_MS }, { unit: "ms" }),
  start: choice(STARTS, "only what began so; none: nothing ran for it", { placeholder: STARTS.join("|") }),
  cause: text("ID", "only what this activation made happen"),
  trigger: text("NAME", "only of this trigger, and what its rules started"),
  text: text("TEXT", "only with this text in the result or in a line of the log; nothing in it is a pattern"),
  limit: number("most activations", { min: 1, max: 100_000 }, { default: 30 }),
  cursor: text("CURSOR", "go on where another list has ended"),
  ...PLATFORM_OPTIONS,
} as const;

export const activationList = defineCommand({
  name: "activation list",
  group: "Look at what happens",
  summary: "activations by name, time, and what they were like",
  options: OPTIONS,
  notes: `Newest first. By name and time all that is kept is found at once; for other conditions records are looked at one by one, a bounded
piece with each request, and it is told how far that has come: interrupt it whenever you have seen enough.
BEGAN is init where a container was initialised for it: --start tells cold from prewarmed.`,
  run,
});

async function run(call: Call<typeof OPTIONS>): Promise<CommandOutcome> {
  const opened = openApi(call);
  if (!opened.ok) return opened;
  const query = queryOf(call.options);
  let cursor: string | null = call.options.cursor ?? "";
  let left = call.options.limit;
  let scanned = 0;
  let isFirst = true;
  while (cursor !== null && left > 0) {
    query.set("limit", String(Math.min(PAGE, left)));
    query.set("cursor", cursor);
    let headers = new Headers();
    const reply = await opened.client.ask("GET", `/api/v1/namespaces/_/activations?${query}`, {
      schema: z.array(Summary),
      heard: (heard) => {
        headers = heard;
      },
    });
    if (!reply.ok)
      return refused(reply, cursor === "" ? reply.reason : `${reply.reason}; go on with --cursor ${cursor}`);
    for (const each of reply.value) {
      const [titles = "", line = ""] = columns(HEADS, [rowOf(each, call.options.start)]).split("\n");
      call.print(each, isFirst ? `${titles}\n${line}` : line);
      isFirst = false;
    }
    left -= reply.value.length;
    scanned += Number(headers.get("x-scanned") ?? 0);
    cursor = headers.get("x-next-cursor");
    const to = headers.get("x-scanned-to");
    if (cursor !== null && left > 0) call.progress(`looked at ${scanned}, down to ${stampOf(Number(to))}`);
  }
  if (cursor !== null) call.progress(`there may be more: go on with --cursor ${cursor}`);
  return DONE;
}

function queryOf(options: Call<typeof OPTIONS>["options"]): URLSearchParams {
  const { name, since, upto, kind, status, start, cause, trigger, text: wanted } = options;
  const now = Date.now();
  const given = {
    ...{ name, kind, status, start, cause, trigger, text: wanted },
    since: since === undefined ? undefined : epochOf(since, now),
    upto: upto === undefined ? undefined : epochOf(upto, now),
    minDuration: options["min-duration"],
    maxDuration: options["max-duration"],
  };
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(given)) if (value !== undefined) query.set(key, String(value));
  return query;
}

/** Wide enough that lines of several pages stand below each other. `asked`: how all of them began, where only such were
 * asked for. */
function rowOf({ activationId, name, start, duration, statusCode, annotations }: Summary, asked?: Start): string[] {
  const found = new Map(annotations.map(({ key, value }) => [key, value]));
  const kind = String(found.get("kind") ?? "trigger");
  const path = String(found.get("path") ?? "").split("/");
  const full = path.length === 3 ? `${path[1]}/${name}` : name;
  const ran = found.has("timeout");
  // A summary does not tell whether the container was made ahead; who asks for either knows.
  const began = asked ?? (found.has("initTime") ? "init" : ran ? "warm" : "none");
  const status = found.get("timeout") === true && statusCode === 2 ? "timeout" : (STATUSES[statusCode ?? 0] ?? "");
  const ms = duration === undefined ? "-" : String(duration);
  return [
    stampOf(start),
    activationId,
    kind.padEnd(12),
    (began === "none" ? "-" : began).padEnd(5),
    ms.padStart(7),
    status.padEnd(17),
    full,
  ];
}

function stampOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23);
}
