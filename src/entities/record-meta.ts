// What a stored record holds besides the public fields: for operators, searches and figures; the API never shows it. Records from
// before it have none. A newer version adds fields; those it does not know are kept as they are.

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
  /** ms between acceptance and start. */
  waitMs?: number;
  scheduler?: string;
  host?: string;
  /** none: nothing ran; cold: its container was initialised for it. */
  start: "cold" | "warm" | "none";
  initMs?: number;
  runMs?: number;
  logBytes: number;
  attempt?: number;
  /** Name of the trigger whose fire started it. */
  trigger?: string;
  traceId: string;
  memoryMb?: number;
}

/** Who ran it, as far as that is known. */
export interface RunBy {
  scheduler: string;
  attempt: number;
}
