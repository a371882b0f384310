// How far the sweeping of blobs that nobody owns has come, and what it has found so far.

/** Counts are of all passes together. */
export interface SweepState {
  /** The last key that was looked at; "": a pass begins with the next turn. */
  after: string;
  /** Epoch ms before which no pass begins. */
  due: number;
  /** Passes that have come to their end. */
  passes: number;
  looked: number;
  swept: number;
  /** Of what was swept. */
  bytes: number;
  /** Of the pass under way, and of the one before it: blobs that are old and of which nobody
   * can say whose they are. They stay. */
  unknown: number;
  unknownBefore: number;
  /** Of the pass under way, and of the one before it: blobs that could not be told, again and again, and were left to
   * the next pass. */
  passed: number;
  passedBefore: number;
  /** Why the last of them could not. */
  passedWhy: string | null;
  /** Turns in a row that failed. */
  failures: number;
  /** Why the last turn did nothing, or null. */
  fault: string | null;
}

/** As it begins. */
export const NEVER_SWEPT: SweepState = {
  ...{ after: "", due: 0, passes: 0, looked: 0, swept: 0, bytes: 0, unknown: 0, unknownBefore: 0, fault: null },
  ...{ passed: 0, passedBefore: 0, passedWhy: null, failures: 0 },
};

/** Remembers the state between two turns. */
export interface SweepBook {
  state(): Promise<SweepState>;
  note(state: SweepState): Promise<void>;
  /** How it stands with the deletion of the namespace with this permanent id. */
  deletionOf(namespaceId: string): Promise<"none" | "under way" | "over">;
}
