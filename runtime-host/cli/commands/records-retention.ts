// `edgewhisk records usage` and `edgewhisk records retention`: how much the records of a namespace are, and how long they are kept.

import { z } from "zod";
import { bytesOfSize } from "../../../src/entities/size.ts";
import { checkedText, readable, toggle } from "../../program/options.ts";
import { askAndPrint, segment, tableOf, timeText } from "../shared/administering.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { misused } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const COMMON = {
  group: "Administer a deployment",
  positionals: [{ name: "namespace", summary: "its name", complaint: "expected one namespace" }],
} as const;

const Amount = z.looseObject({ records: z.number(), bytes: z.number() });
const Usage = z.looseObject({
  namespace: z.string(),
  total: Amount,
  object: Amount,
  d1: Amount.extend({ binding: z.string() }),
  r2: Amount,
});
const Bound = z.object({ value: z.number().nullable(), from: z.string() });
const Retention = z.looseObject({
  namespace: z.string(),
  bounds: z.object({ maxAge: Bound, maxRecords: Bound, maxBytes: Bound }),
  keptFrom: z.number().nullable(),
  fault: z.string().nullable().optional(),
});

/** The text of a bound that is none, whatever the default. */
const NONE = "none";
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

const bound = (read: (text: string) => number | null, expected: string) =>
  readable((text) => {
    if (text === NONE) return { value: null };
    const value = read(text);
    return value === null ? null : { value };
  }, expected);

const age = bound((text) => {
  const [, digits, unit = "s"] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits) * (UNITS[unit] ?? 1);
}, 'an age such as 7d, 12h, 90m or 3600 (seconds), or "none"');
const count = bound((text) => (/^\d{1,12}$/.test(text) ? Number(text) : null), 'a number of records, or "none"');
const size = bound((text) => bytesOfSize(text), 'a size such as "2 GB", or "none"');

const usage = defineCommand({
  ...COMMON,
  name: "records usage",
  summary: "how many records a namespace has, and their bytes, by where they are",
  options: ADMIN_OPTIONS,
  notes: `Bytes in D1 are those of the records, and of results and logs beside them; in R2 those of whole segments, compressed. With
d1+r2 a record is in both, and counted once in the total.

${ADMIN_NOTES}`,
  run: (call) => askAndPrint(call, ["GET", pathOf(call, "usage")], { schema: Usage, text: usageText }),
});

const retention = defineCommand({
  ...COMMON,
  name: "records retention",
  summary: "how long a namespace's records are kept; with bounds, sets them",
  options: {
    ...ADMIN_OPTIONS,
    "max-age": checkedText(age, "AGE", "records go so long after their start, e.g. 7d"),
    "max-records": checkedText(count, "COUNT", "of more records than this the oldest go"),
    "max-bytes": checkedText(size, "SIZE", "of more bytes than this the oldest records go, e.g. '2 GB'"),
    default: toggle("set nothing: what DEFAULT_RETENTION says is in force"),
  },
  notes: `The bounds that are given replace all that were set; for one that is not given DEFAULT_RETENTION is in force, and "none" is no bound
whatever that says. What goes is gone from lists and counts at once, with its results and logs within minutes, and does not come
back.

${ADMIN_NOTES}`,
  async run(call) {
    const { "max-age": maxAge, "max-records": maxRecords, "max-bytes": maxBytes, default: isCleared } = call.options;
    const given = Object.entries({ maxAge, maxRecords, maxBytes }).flatMap(([name, each]) =>
      each === undefined ? [] : [[name, each.value] as const],
    );
    if (isCleared && given.length > 0) return misused("--default sets no bound: give it alone");
    const path = pathOf(call, "retention");
    const asked = { schema: Retention, text: retentionText };
    if (isCleared) return askAndPrint(call, ["DELETE", path], asked);
    if (given.length === 0) return askAndPrint(call, ["GET", path], asked);
    return askAndPrint(call, ["PUT", path], { ...asked, body: Object.fromEntries(given) });
  },
});

export const RETENTION_COMMANDS = [usage, retention];

function pathOf({ positionals: [namespace = ""] }: Pick<Call, "positionals">, what: string): string {
  return `/namespaces/${segment(namespace)}/${what}`;
}

function usageText({ total, object, d1, r2 }: z.infer<typeof Usage>): string {
  const rows = Object.entries({ "in all": total, "in the objects": object, [`in D1, ${d1.binding}`]: d1, "in R2": r2 });
  return tableOf(
    ["PLACE", "RECORDS", "BYTES"],
    rows.map(([place, { records, bytes }]) => [place, String(records), String(bytes)]),
  ).join("\n");
}

function retentionText({ bounds, keptFrom, fault }: z.infer<typeof Retention>): string {
  const rows = Object.entries(bounds).map(([name, { value, from }]) => [name, valueText(name, value), from]);
  const lines = tableOf(["BOUND", "VALUE", "FROM"], rows);
  if (keptFrom !== null) lines.push(`kept are records that started at ${timeText(keptFrom)} or later`);
  if (typeof fault === "string") lines.push(`the last look failed, and is made again: ${fault}`);
  return lines.join("\n");
}

function valueText(name: string, value: number | null): string {
  if (value === null) return "none";
  return name === "maxAge" ? `${value} s` : String(value);
}
