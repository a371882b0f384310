// A record as one line of an export, and an export's page: NDJSON, each line with its checksum. Pure.
//
//   {"v":1,"name":…,"sum":…,"record":{…}}      a record, with its result and logs in it; `sum`: checksumOf the record's
// text {"v":1,"page":{"records":…,"left":[…],"next":…}}   how many lines came before it, ids whose line would be too
// long, where it goes on

import * as z from "zod";
import type { ActivationRecord } from "./activation.ts";
import { type ActivationId, isActivationId, shardOf, timeOf } from "./activation-id.ts";
import { byteLength } from "./byte-length.ts";
import { checksumOf } from "./checksum.ts";
import { jsonFault } from "./json-check.ts";
import type { RecordKey } from "./kept-record.ts";
import { MAX_BODY } from "./limits.ts";
import { isName } from "./names.ts";
import type { RawJson } from "./raw-json.ts";
import { MAX_TIME, StoredMeta } from "./stored-meta.ts";

/** Bytes of one line. */
export const MAX_RECORD_LINE = 1024 * 1024;
/** ms that another machine's clock may be ahead. */
const MAX_AHEAD_MS = 60_000;
/** ms: longer than any composition of the longest runs lasts. */
const MAX_DURATION_MS = 366 * 86_400_000;

/** `next`: where the following page begins; null after the last. */
export interface RecordPage {
  records: number;
  left: ActivationId[];
  next: string | null;
}

/** The line of a record whose result and logs are these texts; null where it would be too long. */
export function recordLine(
  record: ActivationRecord,
  name: string,
  parts: { result: RawJson; logs: RawJson },
): string | null {
  const { imported: _, ...own } = record;
  const text = JSON.stringify({ ...own, result: { inline: parts.result }, logs: { inline: parts.logs } });
  const line = `{"v":1,"name":${JSON.stringify(name)},"sum":${checksumOf(text)},"record":${text}}`;
  return byteLength(line) > MAX_RECORD_LINE ? null : line;
}

export function pageLine(page: RecordPage): string {
  return JSON.stringify({ v: 1, page });
}

export function cursorOf({ start, id }: RecordKey): string {
  return `${start}.${id}`;
}

/** Null where it is none. */
export function readCursor(text: string): RecordKey | null {
  const [, start = "", id = ""] = /^(\d{1,15})\.([0-9a-f]{32})$/.exec(text) ?? [];
  return id === "" ? null : { start: Number(start), id };
}

/** Of a record from before records knew it: by the path of its action. */
export function listNameIn(record: ActivationRecord): string {
  const listName: unknown = record.meta?.listName;
  if (typeof listName === "string") return listName;
  const annotations = JSON.parse(record.annotations) as { key: string; value: unknown }[];
  const path = annotations.find(({ key }) => key === "path")?.value;
  const parts = typeof path === "string" ? path.split("/") : [];
  return parts.length === 3 ? `${parts[1]}/${parts[2]}` : record.name;
}

const ms = z.number().int().min(0).max(MAX_TIME);
const Inline = z.strictObject({ inline: z.string().refine((text) => jsonFault(text) === null) });
const jsonArray = z.string().refine((text) => jsonFault(text) === null && Array.isArray(JSON.parse(text)));
/** What is read of records takes them for a list of these. */
const Annotations = z.array(z.looseObject({ key: z.string(), value: z.unknown() }));
const Record = z.looseObject({
  activationId: z.string().refine(isActivationId),
  namespace: z.string(),
  name: z.string().refine(isName),
  version: z.string().max(64),
  subject: z.string().max(256),
  cause: z.string().refine(isActivationId).optional(),
  start: ms,
  end: ms,
  duration: z.number().int().min(0).max(MAX_DURATION_MS),
  statusCode: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  result: Inline,
  size: z.number().int().min(0).max(MAX_BODY),
  logs: z.strictObject({ inline: jsonArray }),
  annotations: z.string().refine((text) => jsonFault(text) === null && Annotations.safeParse(JSON.parse(text)).success),
  meta: StoredMeta.optional(),
});
const Line = z.object({
  v: z.literal(1),
  name: z.string().refine((name) => name.split("/").length <= 2 && name.split("/").every(isName)),
  sum: z.number(),
  record: z.record(z.string(), z.unknown()),
});

/** What a line holds, or why it is not taken. `id`: where it could be read. */
export type ReadLine =
  | { kind: "record"; record: ActivationRecord; name: string }
  | { kind: "page"; page: RecordPage }
  | { kind: "refused"; reason: string; id?: ActivationId };

/** `namespace`: whose records are taken; `shards`: how many stores it has; `now` in epoch ms. */
export function readRecordLine(
  text: string,
  { namespace, shards, now }: { namespace: string; shards: number; now: number },
): ReadLine {
  if (byteLength(text) > MAX_RECORD_LINE) return refused(`it is longer than ${MAX_RECORD_LINE} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused("it is no JSON: the file was cut off or altered");
  }
  const page = Page.safeParse(value);
  if (page.success) return { kind: "page", page: page.data.page };
  const line = Line.safeParse(value);
  if (!line.success) return refused("it is no line of an export");
  const { name, sum, record: given } = line.data;
  const id =
    typeof given.activationId === "string" && isActivationId(given.activationId) ? given.activationId : undefined;
  if (checksumOf(JSON.stringify(given)) !== sum) return refused("it was altered: its checksum is another one", id);
  const checked = Record.safeParse(given);
  if (!checked.success) return refused(`it is no record: ${placeOf(checked.error, given)}`, id);
  // As it came: in the order of its fields, and with those that are not known here.
  const record = given as unknown as ActivationRecord;
  if (record.namespace !== namespace) return refused("it is of another namespace", id);
  if (record.meta !== undefined && record.meta.listName !== name) return refused("it has another name", id);
  if (shardOf(record.activationId) >= shards) return refused("its id was not made by this deployment", id);
  const latest = Math.max(timeOf(record.activationId), record.start, record.end);
  if (latest > now + MAX_AHEAD_MS) return refused("it is of the future", id);
  if (record.end > 0 && record.end < record.start) return refused("it is no record: 'end' is before 'start'", id);
  return { kind: "record", record, name };
}

const Page = z.object({
  v: z.literal(1),
  page: z.object({ records: z.number(), left: z.array(z.string()), next: z.string().nullable() }),
});

function refused(reason: string, id?: ActivationId): ReadLine {
  return { kind: "refused", reason, ...(id === undefined ? {} : { id }) };
}

function placeOf({ issues: [issue] }: z.ZodError, given: { [name: string]: unknown }): string {
  const [field = "", ...inner] = issue?.path ?? [];
  if (field === "meta") return `'${[field, ...inner].join(".")}' is not as it must be`;
  const part = given[String(field)];
  if (typeof part === "object" && part !== null && "blob" in part) return `its ${String(field)} lies elsewhere`;
  return `'${String(field)}' is not as it must be`;
}
