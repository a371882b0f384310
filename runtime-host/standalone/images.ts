// The action images of a machine with Docker, as far as a start needs them: their names, and building the missing ones.

import { buildImages, IMAGE_PREFIX, ImageProblem } from "../runtimes/build-images.ts";

export interface ImageNames {
  prefix: string;
  tag: string;
}

/** By the same variables the runtime host reads. */
export function imageNames(env: Readonly<Record<string, string | undefined>>): ImageNames {
  return { prefix: env.EDGEWHISK_IMAGE_PREFIX || IMAGE_PREFIX, tag: env.EDGEWHISK_IMAGE_TAG || "latest" };
}

export async function buildFor(
  names: ImageNames,
  log: (line: string) => void,
): Promise<{ ok: true } | { ok: false; reason: string }> {
  try {
    await buildImages({ prefix: names.prefix }, log);
    return { ok: true };
  } catch (error) {
    if (error instanceof ImageProblem) return { ok: false, reason: error.message.replace(/\.$/, "") };
    throw error;
  }
}
