// How much a bucket holds, by listing it: R2 has no shorter way to ask.

import type { StoreSize } from "../store-size.ts";

/** Pages of a thousand keys that are looked at: each costs as much as a write. */
const MAX_PAGES = 20;

/** `atLeast`: there are more objects than were looked at. */
export async function bucketSize(name: string, bucket: R2Bucket): Promise<StoreSize> {
  let bytes = 0;
  let count = 0;
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page: R2Objects = await bucket.list(cursor === undefined ? {} : { cursor });
    count += page.objects.length;
    for (const { size } of page.objects) bytes += size;
    if (!page.truncated) return { name, bytes, objects: count };
    cursor = page.cursor;
  }
  return { name, bytes, objects: count, atLeast: true };
}
