// Deletions of namespaces under way: what of each is still to be done, so that whoever comes next goes on where the
// last one stopped.

import type { Namespace } from "../entities/identity.ts";

/** In this order. "late": waits until what ran when it began has ended;
 * then comes a second pass over all but the entities. */
export type DeletionStage = "entities" | "activations" | "records" | "segments" | "late" | "done";

/** What is gone so far. */
export interface DeletionCounts {
  keys: number;
  entities: number;
  /** Objects of activations, compositions and schedules. */
  objects: number;
  records: number;
}

export interface Deletion {
  namespace: Namespace;
  /** Epoch ms. */
  began: number;
  pass: 1 | 2;
  stage: DeletionStage;
  /** Of the stage "activations": shards that are done. */
  cursor: number;
  gone: DeletionCounts;
  /** Epoch ms; null: under way. */
  ended: number | null;
}

/** Which deletions there are, and what of a namespace lies in the database of entities. */
export interface DeletionStore {
  /** From now on no key opens the namespace, and nobody gets its name; its webhooks and its secrets are gone. Null:
   * there is none, or its deletion is under way. */
  begin(name: string, now: number): Promise<Deletion | null>;
  /** The last one of a namespace of this name. */
  find(name: string): Promise<Deletion | null>;
  /** One that is under way and nobody else works on until `until`; `id`: this one. */
  take(options: { now: number; until: number; id?: string }): Promise<Deletion | null>;
  /** Where it has come to. */
  save(deletion: Deletion): Promise<void>;
  /** Nobody works on it now. */
  leave(id: string): Promise<void>;
  /** Entities that are gone now, at most `max`; their blobs are garbage. */
  dropEntities(name: string, max: number): Promise<number>;
  /** The name may be had again. */
  end(deletion: Deletion, now: number): Promise<void>;
  /** What is in it. */
  contents(namespace: Namespace): Promise<{ keys: number; entities: Record<string, number>; schedules: number }>;
}
