// Records as they are answered: their results and logs may lie in the blob store and flow through.

import type { ActivationRecord } from "../../entities/activation.ts";
import { extendedPieces, resultPieces, summaryText } from "../../entities/activation-view.ts";
import type { Piece } from "../pieces.ts";

/** All of it, as `GET` of an activation shows it. */
export function extended(record: ActivationRecord): Piece[] {
  const [head, middle, tail] = extendedPieces(record);
  return [head, record.result, middle, record.logs, tail];
}

/** What the result route answers. */
export function result(record: ActivationRecord): Piece[] {
  const [head, tail] = resultPieces(record);
  return [head, record.result, tail];
}

/** What the logs route answers. */
export function logs(record: ActivationRecord): Piece[] {
  return ['{"logs":', record.logs, "}"];
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
