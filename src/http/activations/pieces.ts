// Records as they are answered: their results and logs may lie in the blob store and flow through.

import type { ActivationRecord, Payload } from "../../entities/activation.ts";
import {
  extendedPieces,
  LOST_LOGS,
  resultPieces,
  summaryText,
  withLostResult,
} from "../../entities/activation-view.ts";
import type { Piece } from "../pieces.ts";

/** What is kept, and the text after it; `lost`: both as they are shown where it is gone. */
function kept(payload: Payload, next: string, lost: () => string): Piece[] {
  return "inline" in payload ? [payload, next] : [{ ...payload, next, lost: lost() }];
}

/** All of it, as `GET` of an activation shows it. */
export function extended(record: ActivationRecord): Piece[] {
  const [head, middle, tail] = extendedPieces(record);
  const lost = () => {
    const other = withLostResult(record);
    return other.result.inline + extendedPieces(other)[1];
  };
  return [head, ...kept(record.result, middle, lost), ...kept(record.logs, tail, () => LOST_LOGS + tail)];
}

/** What the result route answers. */
export function result(record: ActivationRecord): Piece[] {
  const [head, tail] = resultPieces(record);
  const lost = () => {
    const other = withLostResult(record);
    return other.result.inline + resultPieces(other)[1];
  };
  return [head, ...kept(record.result, tail, lost)];
}

/** What the logs route answers. */
export function logs(record: ActivationRecord): Piece[] {
  return ['{"logs":', ...kept(record.logs, "}", () => `${LOST_LOGS}}`)];
}

/** A list of whole records. */
export async function* documents(records: AsyncIterable<ActivationRecord>): AsyncGenerator<Piece> {
  let separator = "[";
  for await (const record of records) {
    yield separator;
    yield* extended(record);
    separator = ",";
  }
  yield separator === "[" ? "[]" : "]";
}

/** A list of what lists show of each. */
export async function summaries(records: AsyncIterable<ActivationRecord>): Promise<string> {
  const items: string[] = [];
  for await (const record of records) items.push(summaryText(record));
  return `[${items.join()}]`;
}
