// How large a store is.

export interface StoreSize {
  /** Of its binding. */
  name: string;
  /** Null: it does not say. */
  bytes: number | null;
  /** Of a bucket: how many objects were counted; `atLeast`: there are more. */
  objects?: number;
  atLeast?: true;
}
