// Keys of R2 by what they begin with.

/** At most `max` of them, the first ones. */
export async function keysBelow(bucket: R2Bucket, prefix: string, max: number): Promise<string[]> {
  const { objects } = await bucket.list({ prefix, limit: max });
  return objects.map(({ key }) => key);
}
