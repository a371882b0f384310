// A record as it is kept: one text with its checksum and what lists ask for, the same in the object, in D1 and in R2.

import type { ActivationRecord } from "./activation.ts";
import type { ActivationId } from "./activation-id.ts";
import { checksumOf } from "./checksum.ts";
import { internalError } from "./outcome.ts";

/** The sum of records from before there were checksums. */
export const UNCHECKED = -1;

/** A record's place in a list: newest start first, and of one start the greatest id. */
export interface RecordKey {
  /** Epoch ms. */
  start: number;
  id: ActivationId;
}

export interface KeptRecord extends RecordKey {
  /** What a list's name filter is compared with: `name` or `package/name`. */
  name: string;
  /** JSON of the record. */
  text: string;
  /** checksumOf(text) as it was written, or UNCHECKED. */
  sum: number;
}

/** Which records of a namespace a list is about. */
export interface RecordFilter {
  name?: string;
  /** Epoch ms, inclusive. */
  since?: number;
  upto?: number;
  /** Only what comes after this place in the list. */
  after?: RecordKey;
}

export function keptOf(record: ActivationRecord, name: string): KeptRecord {
  const text = JSON.stringify(record);
  return { id: record.activationId, start: Math.floor(record.start), name, text, sum: checksumOf(text) };
}

/** Negative where `one` comes before `other` in a list. */
export function compareKeys(one: RecordKey, other: RecordKey): number {
  if (one.start !== other.start) return other.start - one.start;
  if (one.id === other.id) return 0;
  return one.id > other.id ? -1 : 1;
}

export function matches(record: RecordKey & { name: string }, filter: RecordFilter): boolean {
  const { name, since, upto, after } = filter;
  if (name !== undefined && record.name !== name) return false;
  if (since !== undefined && record.start < since) return false;
  if (upto !== undefined && record.start > upto) return false;
  return after === undefined || compareKeys(after, record) < 0;
}

/** Whether the text is what was written. */
export function isWhole({ text, sum }: Pick<KeptRecord, "text" | "sum">): boolean {
  return sum === UNCHECKED || sum === checksumOf(text);
}

/** The record. One that was altered where it lay is told as a failure of the platform: who reads it learns that it
 * cannot be trusted, and nothing else of it is shown; `damaged` is called with its id. */
export function readKept(
  kept: RecordKey & Pick<KeptRecord, "text" | "sum">,
  damaged: (id: string) => void,
): ActivationRecord {
  if (isWhole(kept)) return JSON.parse(kept.text) as ActivationRecord;
  damaged(kept.id);
  return damagedRecord(kept);
}

/** Whether this is shown in place of one that cannot be read: no other has no name. */
export function isDamaged({ namespace, name }: Pick<ActivationRecord, "namespace" | "name">): boolean {
  return namespace === "" && name === "";
}

/** What is shown in place of a record that cannot be read. */
export function damagedRecord({ id, start }: RecordKey): ActivationRecord {
  const { statusCode, result } = internalError("The record of this activation was damaged on the platform's disk.");
  return {
    ...{ activationId: id, namespace: "", name: "", version: "0.0.0", subject: "", start, end: start, duration: 0 },
    ...{ statusCode, result: { inline: result }, size: result.length, logs: { inline: "[]" }, annotations: "[]" },
  };
}
