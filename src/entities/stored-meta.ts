// What a record's meta must be where it was not made here: of a line of an export, or of a record that came from one.

import * as z from "zod";
import { MAX_NAME } from "./limits.ts";
import { START_KINDS } from "./record-search.ts";

/** The latest that there is a date of, epoch ms. */
export const MAX_TIME = 8.64e15;

const amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const text = z.string().optional();

/** Of a RecordMeta. `nsId` is any: records are brought to a namespace that was made anew, or on another platform. */
export const StoredMeta = z.looseObject({
  v: z.literal(1),
  nsId: z.string().min(1).max(MAX_NAME),
  listName: z.string(),
  kind: z.string().min(1).max(MAX_NAME),
  keyId: text,
  acceptedAt: z.number().min(0).max(MAX_TIME),
  permitMs: amount.optional(),
  waitMs: amount.optional(),
  waitReason: text,
  scheduler: text,
  host: text,
  start: z.enum(START_KINDS),
  initMs: amount.optional(),
  runMs: amount.optional(),
  logBytes: amount.int(),
  attempt: amount.int().optional(),
  trigger: text,
  actionRevision: text,
  rule: text,
  source: text,
  stepRefused: text,
  traceId: z.string(),
  memoryMb: amount.optional(),
});
