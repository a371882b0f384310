// How much is kept of activations' records: in an object that cannot hand them over, and in a database of records.

export interface RecordBounds {
  /** Records, and bytes of them, that one object holds at most; past it calls that would make more are refused. */
  ledgerRecords: number;
  ledgerBytes: number;
  /** Bytes at which a database of records ends. */
  databaseBytes: number;
}

export const RECORD_BOUNDS: Readonly<RecordBounds> = {
  ...{ ledgerRecords: 2_000_000, ledgerBytes: 2_000_000_000, databaseBytes: 10_000_000_000 },
};
