// What the database knows of the deployment's secrets, and the change from one to the next.

import type { Fault } from "../entities/secret-check.ts";

/** What one batch of resealing did. */
export interface Resealed {
  /** Keys that are sealed with the current secret now and were not before. */
  resealed: number;
  /** Keys that no secret at hand opens: whoever has one needs a new one. Of other secrets their purpose,
   * and the namespace's id. */
  lost: { subject: string; namespace: string }[];
  /** Where to go on, or null: all keys have been looked at. */
  next: string | null;
}

/** Knows by which master secret the stored keys were sealed, so that another one cannot go unnoticed. */
export interface SecretBook {
  /** What is wrong with the secrets given, or null. A secret that takes the place of the noted one is noted. */
  check(): Promise<Fault | null>;
  /** Seals a batch of keys, and then of users' secrets, with the current secret, those after `after` ("" = from the
   * first). With the last batch the secret of before is not needed for stored keys any more. */
  reseal(after: string): Promise<Resealed>;
}
