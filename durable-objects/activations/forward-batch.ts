// What is sent of records that are forwarded, how it is signed, and what the receiver's answer means. Pure.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import { extendedPieces } from "../../src/entities/activation-view.ts";
import type { RawJson } from "../../src/entities/raw-json.ts";
import type { RecordHook } from "../../src/entities/record-hook.ts";

/** The result and the logs; null where one is too long to be sent, or gone. */
export interface RecordParts {
  result: RawJson | null;
  logs: RawJson | null;
}

const LINE_ENDS = /[\r\n]+/g;
const MAX_REASON = 200;
/** Of Elasticsearch's answer no more is asked for than what is looked at. */
const FILTER = "filter_path=errors,items.*.status,items.*.error.type";
/** Statuses that say that it is the batch's fault. */
const FAULTY = [400, 413, 422];

/** The record as clients see it, with its meta and, where parts are left out, their names: one line, or two of `_bulk`,
 * with the end. */
export function linesOf(
  record: ActivationRecord,
  { result, logs }: RecordParts,
  { format, index }: Pick<RecordHook, "format" | "index">,
): string {
  const omitted = [...(result === null ? ["result"] : []), ...(logs === null ? ["logs"] : [])];
  // Whatever results and annotations are, all records have one mapping there: both are texts.
  const isBulk = format === "elasticsearch";
  const shown = isBulk ? { ...record, annotations: JSON.stringify(record.annotations) } : record;
  const [head, middle, tail] = extendedPieces(shown);
  const value = result === null ? "null" : isBulk ? JSON.stringify(result) : result;
  // Between the tokens of a text that somebody sent there may be line ends; within its strings there are none.
  const text = `${head}${value}${middle}${logs ?? "[]"}${tail}`.replace(LINE_ENDS, " ");
  const more = { ...metaOf(record), ...(omitted.length === 0 ? {} : { omitted }) };
  const members = JSON.stringify(more).slice(1, -1);
  const whole = members === "" ? text : `${text.slice(0, -1)},${members}}`;
  if (!isBulk) return `${whole}\n`;
  const action = { index: { ...(index === undefined ? {} : { _index: index }), _id: record.activationId } };
  return `${JSON.stringify(action)}\n{"@timestamp":"${new Date(record.start).toISOString()}",${whole.slice(1)}\n`;
}

/** Which key called is nobody's business there. */
function metaOf({ meta }: ActivationRecord): { meta?: object } {
  if (meta === undefined) return {};
  const { keyId: _, ...rest } = meta;
  return { meta: rest };
}

/** Where a batch goes. */
export function targetOf({ url, format }: Pick<RecordHook, "url" | "format">): string {
  if (format === "ndjson" || url.includes("filter_path=")) return url;
  const [path = "", fragment] = url.split("#", 2);
  return `${path}${path.includes("?") ? "&" : "?"}${FILTER}${fragment === undefined ? "" : `#${fragment}`}`;
}

/** As Standard Webhooks has it: HMAC-SHA-256 of `<id>.<time>.<body>`, the body as it is sent. `now`: epoch ms. */
export async function signatureHeaders(
  secret: string,
  { id, body, now }: { id: string; body: Uint8Array; now: number },
): Promise<Record<string, string>> {
  const time = String(Math.floor(now / 1_000));
  const before = new TextEncoder().encode(`${id}.${time}.`);
  const signed = new Uint8Array(before.length + body.length);
  signed.set(before);
  signed.set(body, before.length);
  const key = await crypto.subtle.importKey("raw", keyOf(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
  return {
    "webhook-id": id,
    "webhook-timestamp": time,
    "webhook-signature": `v1,${btoa(String.fromCharCode(...signature))}`,
  };
}

/** `whsec_` stands before bytes in base64; any other secret is its own UTF-8. */
function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  if (encoded !== undefined && encoded.length % 4 === 0) {
    return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  }
  return new Uint8Array(new TextEncoder().encode(secret));
}

/** What came of a request. */
export type HookReply = { ok: true; status: number; text: string } | { ok: false; reason: string };

/** taken: all but those that were `refused`, which it takes in no form. split: fewer at once may do. again: later. */
export type Verdict =
  | { kind: "taken"; refused: number; reason?: string }
  | { kind: "split"; reason: string }
  | { kind: "again"; reason: string };

export function verdictOf(reply: HookReply, format: RecordHook["format"]): Verdict {
  if (!reply.ok) return { kind: "again", reason: reply.reason };
  const { status, text } = reply;
  if (status >= 200 && status < 300) return format === "ndjson" ? { kind: "taken", refused: 0 } : bulkVerdict(text);
  const said = text.replace(/[^\x20-\x7e]+/g, " ").trim();
  const reason = `it answered ${status}${said === "" ? "" : `: ${said.slice(0, MAX_REASON)}`}`;
  return { kind: FAULTY.includes(status) ? "split" : "again", reason };
}

function bulkVerdict(text: string): Verdict {
  const answer = parsed(text);
  if (answer === null || typeof answer.errors !== "boolean") {
    return { kind: "again", reason: "its answer is none of Elasticsearch's _bulk" };
  }
  if (!answer.errors) return { kind: "taken", refused: 0 };
  const items = Array.isArray(answer.items) ? answer.items.flatMap(itemOf) : [];
  const busy = items.find(({ status }) => status === 429 || status >= 500);
  if (busy !== undefined) return { kind: "again", reason: `it answered ${busy.status} for some records` };
  const refused = items.filter(({ status }) => status >= 400);
  const [first] = refused;
  if (first === undefined) return { kind: "again", reason: "it reports errors and does not say which" };
  const why = first.type === undefined ? "" : `: ${first.type.slice(0, MAX_REASON)}`;
  return { kind: "taken", refused: refused.length, reason: `it refused records, one with ${first.status}${why}` };
}

function itemOf(item: unknown): { status: number; type?: string }[] {
  const [result] = Object.values(item ?? {}) as ({ status?: unknown; error?: { type?: unknown } } | null)[];
  if (typeof result?.status !== "number") return [];
  const type = result.error?.type;
  return [{ status: result.status, ...(typeof type === "string" ? { type } : {}) }];
}

function parsed(text: string): { errors?: unknown; items?: unknown } | null {
  try {
    return JSON.parse(text) as { errors?: unknown; items?: unknown } | null;
  } catch {
    return null;
  }
}
