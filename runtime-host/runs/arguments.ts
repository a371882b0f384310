// Arguments that are too large for a frame.

import { type BlobApi, BlobApiError } from "../link/blob-api.ts";

/** Arguments with all parameter layers merged. */
const MAX_ARGS_BYTES = 16 * 1024 * 1024;

/** Rejects if they cannot be had, or are not whole. `size`: their bytes. */
export async function argumentsFrom(
  blobs: Pick<BlobApi, "getBlob">,
  { blob, size }: { blob: string; size: number },
): Promise<string> {
  const bytes = await blobs.getBlob(blob, { max: MAX_ARGS_BYTES });
  if (bytes.length !== size) throw new BlobApiError("they are not whole", { final: true });
  return bytes.toString("utf8");
}
