// The audit log. Changes of entities, keys, namespaces and limits write their lines themselves, with the stores that
// were opened for who makes them; this is for the rest, and for reading.

import type { Act, AuditFilter, AuditLine } from "../entities/audit.ts";

export interface AuditLog {
  /** What is done elsewhere than in the database of entities, before it is done: returns what `end` takes. */
  begin(act: Omit<Act, "result" | "detail">): Promise<string>;
  /** What came of it; "refused": nothing, so that the line goes. */
  end(line: string, result: "done" | "failed" | "refused"): Promise<void>;
  /** A refused act, if fewer than `max` of its key were written since `minute` (epoch ms). False: there are as many. */
  refuse(act: Act, bound: { minute: number; max: number }): Promise<boolean>;
  /** So many more of this key were refused in that minute. */
  count(author: Act["author"], more: { minute: number; count: number }): Promise<void>;
  /** An act of which nothing is bounded. */
  note(act: Act): Promise<void>;
  /** Newest first, after the place `after` ("" = from the newest on). */
  page(
    filter: AuditFilter,
    wish: { after: string; limit: number },
  ): Promise<{ items: AuditLine[]; next: string | null }>;
  /** Drops lines from before this epoch ms, and beyond the newest `most`, a bounded number; returns how many. */
  drop(bounds: { before: number; most: number }): Promise<number>;
}
