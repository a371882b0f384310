// What an administrator asks of records and is told, as one schema for the Worker and for the command.

import { z } from "zod";

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
export const RecordsStatus = z.object({ mode: z.string(), databases: z.array(DatabaseFill) });

export const MovesAnswer = z.object({ mode: z.string(), items: z.array(NamespaceMove), next: z.string().nullable() });
