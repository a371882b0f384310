// To where the records of each namespace are forwarded, and whether its objects have been told.

import type { RecordHook, RecordHookSecrets } from "../entities/record-hook.ts";

/** One namespace's, as far as its objects have to know. */
export interface RecordHookEntry {
  /** Permanent id. */
  namespaceId: string;
  /** Higher with each change. */
  revision: number;
  /** False: it was taken away, and its objects have not all been told. */
  on: boolean;
  /** Epoch ms of the last change. */
  changed: number;
  /** Shards that have been told. */
  told: number;
}

/** With all that it takes to send something. */
export interface OpenHook extends RecordHookEntry {
  hook: RecordHook;
  secrets: RecordHookSecrets;
}

/** One entry per namespace that has a hook, or had one of which its objects still know. */
export interface RecordHookBook {
  /** Null: there is none. Throws if its secrets cannot be opened. */
  open(namespaceId: string): Promise<OpenHook | null>;
  /** Whether it was an administrator who set the one there is. Opens no secret. */
  isAdministrators(namespaceId: string): Promise<boolean>;
  set(
    namespaceId: string,
    what: { hook: RecordHook; secrets: RecordHookSecrets },
    now: number,
  ): Promise<RecordHookEntry>;
  /** Null: there is none. */
  remove(namespaceId: string, now: number): Promise<RecordHookEntry | null>;
  /** Those of which not all of so many shards have been told. */
  untold(shards: number, limit: number): Promise<RecordHookEntry[]>;
  /** So many shards have been told of this revision. One that was taken away is forgotten. */
  told(entry: RecordHookEntry, shards: number): Promise<void>;
}
