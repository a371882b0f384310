// How long records are kept, and how much they are: options, requests and text,
// for the administrator's commands and the owner's.

import { RetentionAnswer, UsageAnswer } from "../../../src/entities/record-administration.ts";
import { bytesOfSize } from "../../../src/entities/size.ts";
import { checkedText, readable, toggle, type ValuesOf } from "../../program/options.ts";
import { type AdminCall, askAndPrint, type Door, tableOf, timeText } from "./administering.ts";
import { type CommandOutcome, misused } from "./exit-codes.ts";

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

export const RETENTION_OPTIONS = {
  "max-age": checkedText(age, "AGE", "records go so long after their start, e.g. 7d"),
  "max-records": checkedText(count, "COUNT", "of more records than this the oldest go"),
  "max-bytes": checkedText(size, "SIZE", "of more bytes than this the oldest records go, e.g. '2 GB'"),
  default: toggle("set nothing: what DEFAULT_RETENTION says is in force"),
};

export const RETENTION_NOTES = `The bounds that are given replace all that were set; for one that is not given DEFAULT_RETENTION is in force, and "none" is no bound
whatever that says. What goes is gone from lists and counts at once, with its results and logs within minutes, and does not come
back.`;

export const USAGE_NOTES = `Bytes are those of the records, in R2 of whole segments, compressed, and of results and logs beside them. With d1+r2 a
record is in both, and counted once in the total.`;

/** Paths end in "retention" and "usage". */
export function askUsage<C extends AdminCall>(call: C, path: string, door?: Door<C>): Promise<CommandOutcome> {
  return askAndPrint(call, ["GET", path], {
    schema: UsageAnswer,
    text: usageText,
    ...(door === undefined ? {} : { door }),
  });
}

export async function askRetention<C extends AdminCall & { options: ValuesOf<typeof RETENTION_OPTIONS> }>(
  call: C,
  path: string,
  door?: Door<C>,
): Promise<CommandOutcome> {
  const { "max-age": maxAge, "max-records": maxRecords, "max-bytes": maxBytes, default: isCleared } = call.options;
  const given = Object.entries({ maxAge, maxRecords, maxBytes }).flatMap(([name, each]) =>
    each === undefined ? [] : [[name, each.value] as const],
  );
  if (isCleared && given.length > 0) return misused("--default sets no bound: give it alone");
  const asked = { schema: RetentionAnswer, text: retentionText, ...(door === undefined ? {} : { door }) };
  if (isCleared) return askAndPrint(call, ["DELETE", path], asked);
  if (given.length === 0) return askAndPrint(call, ["GET", path], asked);
  return askAndPrint(call, ["PUT", path], { ...asked, body: Object.fromEntries(given) });
}

function usageText({ total, object, d1, r2 }: UsageAnswer): string {
  const rows = Object.entries({ "in all": total, "in the objects": object, [`in D1, ${d1.binding}`]: d1, "in R2": r2 });
  return tableOf(
    ["PLACE", "RECORDS", "BYTES"],
    rows.map(([place, { records, bytes }]) => [place, String(records), String(bytes)]),
  ).join("\n");
}

function retentionText({ bounds, keptFrom, fault }: RetentionAnswer): string {
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
