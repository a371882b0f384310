// Which blobs there are in R2, with whom each was put for.

import type { BlobList, ListedBlob } from "../blob-list.ts";

/** Name of the metadata that says for which namespace a blob was put. */
export const OWNER = "namespace";

/** By R2's own list, which is sorted by key. */
export class R2BlobList implements BlobList {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async page(query: { prefix: string; after: string; max: number }): Promise<{ blobs: ListedBlob[]; more: boolean }> {
    const { prefix, after, max } = query;
    const from = after > prefix ? { startAfter: after } : {};
    const { objects, truncated } = await this.#bucket.list({
      ...{ prefix, limit: max, include: ["customMetadata"], ...from },
    });
    const blobs = objects.map(({ key, size, uploaded, customMetadata }) => ({
      ...{ key, bytes: size, stored: uploaded.getTime(), namespaceId: customMetadata?.[OWNER] ?? null },
    }));
    return { blobs, more: truncated };
  }
}
