// What an administrator asks of records and is told, as one schema for the Worker and for the command.

import * as z from "zod";

const count = z.number().int().nonnegative();

/** `after`: `next` of the answer before; absent at first. */
export const MoveOrder = z.strictObject({ to: z.enum(["d1", "r2", "d1+r2"]), after: z.string().max(512).optional() });

/** How far the records of one namespace are with coming to where the mode has them. "none": nobody has ordered it. */
export const NamespaceMove = z.object({
  namespace: z.string(),
  state: z.enum(["none", "moving", "waiting", "done", "stopped", "unreachable"]),
  reason: z.string().optional(),
  /** Records that were written to, or taken from, a place. */
  moved: count,
  /** Segments left as they are, since they cannot be read. */
  damaged: count,
});
export type NamespaceMove = z.infer<typeof NamespaceMove>;

/** A database of records. "filling": operators are told; "full": the oldest leave early. `pruned`: so many have. */
export const DatabaseFill = z.object({
  binding: z.string(),
  state: z.enum(["well", "filling", "full", "unreachable"]),
  why: z.string().optional(),
  bytes: count,
  bound: count,
  pruned: count,
});
export type DatabaseFill = z.infer<typeof DatabaseFill>;
/** Arguments, results and logs in the blob store, as far as they have been looked at for what nobody owns, in all
 * passes together. `unknown`: old ones of which nobody can say whose they are; they stay. `passed`: of the last two
 * passes those that could not be told, because of `passedWhy`; they are looked at again in the next pass. `fault`: why
 * the last turn did nothing. */
export const BlobSweep = z.object({
  passes: count,
  looked: count,
  swept: count,
  bytes: count,
  unknown: count,
  passed: count.optional(),
  passedWhy: z.string().optional(),
  fault: z.string().nullable(),
});
export type BlobSweep = z.infer<typeof BlobSweep>;
/** `blobs` is absent from a Worker of an earlier version. */
export const RecordsStatus = z.object({
  mode: z.string(),
  databases: z.array(DatabaseFill),
  blobs: BlobSweep.optional(),
});

export const MovesAnswer = z.object({ mode: z.string(), items: z.array(NamespaceMove), next: z.string().nullable() });

const Amount = z.object({ records: count, bytes: z.number() });
/** How much the records of a namespace take, by the places where they are; `object`: still where they ran. */
export const UsageAnswer = z.object({
  namespace: z.string(),
  total: Amount,
  object: Amount,
  d1: Amount.extend({ binding: z.string() }),
  r2: Amount,
});
export type UsageAnswer = z.infer<typeof UsageAnswer>;

const Bound = z.object({ value: z.number().nullable(), from: z.enum(["namespace", "DEFAULT_RETENTION", "none"]) });
/** How long the records of a namespace are kept, and who says so. Times are epoch ms. */
export const RetentionAnswer = z.object({
  namespace: z.string(),
  bounds: z.object({ maxAge: Bound, maxRecords: Bound, maxBytes: Bound }),
  /** What started before is gone. */
  keptFrom: z.number().nullable(),
  /** When it is looked at next. Absent where nobody has set anything. */
  nextLook: z.number().optional(),
  /** Why the last look failed. */
  fault: z.string().nullable().optional(),
});
export type RetentionAnswer = z.infer<typeof RetentionAnswer>;

const Copy = z.looseObject({
  in: z.string(),
  state: z.string(),
  why: z.string().optional(),
  object: z.string().optional(),
  binding: z.string().optional(),
  table: z.string().optional(),
  bytes: z.number().optional(),
  segment: z.string().optional(),
  offset: z.number().optional(),
  length: z.number().optional(),
});
const Part = z.looseObject({
  in: z.string(),
  key: z.string().optional(),
  bytes: z.number().optional(),
  state: z.string().optional(),
});
/** Where the record of one activation is, with its result and its logs. */
export const LocationAnswer = z.looseObject({
  id: z.string(),
  mode: z.string(),
  namespace: z.object({ name: z.string().nullable(), id: z.string() }),
  object: z.looseObject({ name: z.string(), state: z.string(), since: z.number().optional() }),
  copies: z.array(Copy),
  result: Part.optional(),
  logs: Part.optional(),
  /** `until`: epoch ms; null: no age is too old. `sooner`: newer records may take its place before. */
  kept: z.object({ until: z.number().nullable(), sooner: z.boolean() }).optional(),
});
export type LocationAnswer = z.infer<typeof LocationAnswer>;

/** What became of records that were brought back. */
export const ImportAnswer = z.object({
  imported: count,
  /** Ids of which there is a record already. */
  duplicates: z.array(z.string()),
  /** `line`: from 1. */
  refused: z.array(z.object({ line: z.number(), id: z.string().optional(), reason: z.string() })),
});
