// What a stored record holds besides the public fields: for operators, searches and figures; the API never shows it.
// Records from before it have none. A newer version adds fields; those it does not know are kept as they are.

export interface RecordMeta {
  v: 1;
  /** Permanent id of the namespace, or one of its former ones. */
  nsId: string;
  /** What a list's name filter is compared with. */
  listName: string;
  kind: string;
  keyId?: string;
  /** Epoch ms. */
  acceptedAt: number;
  /** ms of it that the namespace's permit took; absent where it has no limits. */
  permitMs?: number;
  /** ms between acceptance and start. */
  waitMs?: number;
  /** Why it waited in its store last; absent where it did not. */
  waitReason?: string;
  scheduler?: string;
  host?: string;
  /** none: nothing ran; cold: its container was made and initialised for it; prewarmed: made ahead,
   * and initialised for it. */
  start: "cold" | "prewarmed" | "warm" | "none";
  initMs?: number;
  runMs?: number;
  logBytes: number;
  attempt?: number;
  /** Name of the trigger whose fire started it. */
  trigger?: string;
  /** Of the action's document. */
  actionRevision?: string;
  /** Name of the rule by which that was. */
  rule?: string;
  /** What called it: "api", "web", "rule", "sequence", "conductor"; a newer version has more. */
  source?: string;
  /** Of a composition: why a step of it was not started, the last one that was not. */
  stepRefused?: string;
  traceId: string;
  memoryMb?: number;
}

/** Who ran it, as far as that is known. */
export interface RunBy {
  scheduler: string;
  attempt: number;
}
