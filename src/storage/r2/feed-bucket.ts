// A bucket as a feed reads it: its list, a page at a time.

import type { FeedBucket } from "../feed-sources.ts";

const PAGE = 1_000;

/** Lists a thousand keys at a time. */
export class R2FeedBucket implements FeedBucket {
  readonly #bucket: Pick<R2Bucket, "list">;

  constructor(bucket: Pick<R2Bucket, "list">) {
    this.#bucket = bucket;
  }

  async list({ prefix, after }: { prefix: string; after: string }): ReturnType<FeedBucket["list"]> {
    const { objects, truncated } = await this.#bucket.list({
      limit: PAGE,
      ...(prefix === "" ? {} : { prefix }),
      ...(after === "" ? {} : { startAfter: after }),
    });
    return {
      objects: objects.map(({ key, version, size, etag, uploaded }) => ({
        ...{ key, version, size, etag },
        uploaded: uploaded.getTime(),
      })),
      more: truncated && objects.length > 0,
    };
  }
}
