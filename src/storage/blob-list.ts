// What lies in the blob store, for who looks for what nobody owns.

/** A blob as it lies in the store. */
export interface ListedBlob {
  key: string;
  bytes: number;
  /** Epoch ms at which it was put. */
  stored: number;
  /** As its `BlobOwner` says; null: it was put without one. */
  namespaceId: string | null;
}

/** The blobs of activations, by their keys. */
export interface BlobList {
  /** At most `max` of those whose keys begin with `prefix` and come after `after`. `more`:
   * there are others behind the last one. */
  page(query: { prefix: string; after: string; max: number }): Promise<{ blobs: ListedBlob[]; more: boolean }>;
}
