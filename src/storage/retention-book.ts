// How long the records of each namespace are to be kept, and how far that has come.

import type { RetentionPolicy } from "../entities/retention.ts";

export interface RetentionEntry {
  /** Permanent id. */
  namespaceId: string;
  /** What an administrator has set. */
  policy: RetentionPolicy;
  /** Epoch ms: what started before is gone, or going. */
  keptFrom: number;
  /** Epoch ms of the next look. */
  due: number;
  /** Why the last look failed; null: it did not. */
  fault: string | null;
}

/** One entry per namespace that has records to drop, or may have. */
export interface RetentionBook {
  get(namespaceId: string): Promise<RetentionEntry | null>;
  /** Replaces what was set; it is looked at next. */
  set(namespaceId: string, policy: RetentionPolicy): Promise<void>;
  /** Entries for those that have none. */
  enroll(namespaceIds: readonly string[]): Promise<void>;
  /** Those that are to be looked at by now, longest overdue first. */
  due(now: number, limit: number): Promise<RetentionEntry[]>;
  note(namespaceId: string, change: Pick<RetentionEntry, "keptFrom" | "due" | "fault">): Promise<void>;
  /** Where the round over all namespaces stands: the last name. */
  reached(): Promise<string>;
  setReached(name: string): Promise<void>;
}
