// What a host says of a run that ended, and how much of it is believed: shapes, sizes, and texts that are the JSON they
// claim to be, since they are put into answers as they are.

import * as z from "zod";
import { MAX_BODY, MAX_INLINE } from "../entities/limits.ts";

/** ms that a host may count, in any of its durations. */
export const MAX_MS = 1e12;
/** Characters of an engine's name in a completion. */
export const MAX_ENGINE = 100;
/** Characters of a host's name in a completion. */
export const MAX_HOST = 64;
/** Bytes that a host may count. */
export const MAX_BYTES = 1e12;

/** Whether a text is JSON, checked without making its value. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the text is that of a JSON array of strings. */
export function areLines(text: string): boolean {
  try {
    const lines: unknown = JSON.parse(text);
    return Array.isArray(lines) && lines.every((line) => typeof line === "string");
  } catch {
    return false;
  }
}

/** Where a host puts what no frame takes. */
export function blobKeyOf(part: "results" | "logs", run: { id: string; attempt: number }): string {
  return `${part}/${run.id}/${run.attempt}`;
}

function payload(check: (text: string) => boolean) {
  return z.union([
    z.strictObject({ inline: z.string().max(MAX_INLINE).refine(check, "is not the JSON it should be") }),
    z.strictObject({ blob: z.string().max(100), size: z.number().int().nonnegative().max(MAX_BODY) }),
  ]);
}

const ms = z.number().nonnegative().max(MAX_MS);
const bytes = z.number().nonnegative().max(MAX_BYTES);

/** How a run ended, in its host's words: the schema of `Completion`, with the checks a stranger's words need. */
export const ReportedCompletion = z.object({
  statusCode: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  result: payload(isJson),
  size: bytes,
  duration: ms,
  initTime: ms.exactOptional(),
  prewarmed: z.literal(true).exactOptional(),
  endedAgo: ms,
  timedOut: z.boolean(),
  engine: z.string().max(MAX_ENGINE),
  host: z.string().max(MAX_HOST).exactOptional(),
  ran: z.boolean(),
  logs: payload(areLines).exactOptional(),
  logsCut: bytes.exactOptional(),
});

/** Whether what it names in the blob store is its own. */
export function namesItsOwn(word: {
  id: string;
  attempt: number;
  completion: z.infer<typeof ReportedCompletion>;
}): boolean {
  const { result, logs } = word.completion;
  if ("blob" in result && result.blob !== blobKeyOf("results", word)) return false;
  return logs === undefined || !("blob" in logs) || logs.blob === blobKeyOf("logs", word);
}
