// Docker as far as a start needs it: whether it answers, what its images can run, and building the missing ones. Loaded
// only where Docker is wanted, since its client is slow to load.

import type { Survey } from "../engine/docker/survey.ts";
import type { Leftovers } from "./reaper.ts";

/** ms */
const MAX_LOOK_MS = 1_000;

export interface DockerSetup {
  survey(): Promise<Survey>;
  /** Makes the images of the default kinds. */
  build(log: (line: string) => void): Promise<{ ok: true } | { ok: false; reason: string }>;
}

/** What the host had no time to remove; null where there is nothing, or nobody answers: then the next start sees to
 * it. */
export async function lookForLeftovers(host: string): Promise<Leftovers | null> {
  const { leftoversOf } = await import("../engine/docker/leftovers.ts");
  const found = await leftoversOf(host, MAX_LOOK_MS);
  return found === null || found.count === 0 ? null : { host, ...found };
}

/** Image names come from the same variables the runtime host reads. */
export async function openDockerSetup(env: Readonly<Record<string, string | undefined>>): Promise<DockerSetup> {
  const { surveyDocker } = await import("../engine/docker/survey.ts");
  const { buildImages, IMAGE_PREFIX, ImageProblem } = await import("../runtimes/build-images.ts");
  const prefix = env.EDGEWHISK_IMAGE_PREFIX || IMAGE_PREFIX;
  const tag = env.EDGEWHISK_IMAGE_TAG ?? "";
  return {
    survey: () => surveyDocker({ prefix, tag }),
    async build(log) {
      try {
        await buildImages({ prefix }, log);
        return { ok: true };
      } catch (error) {
        if (error instanceof ImageProblem) return { ok: false, reason: error.message.replace(/\.$/, "") };
        throw error;
      }
    },
  };
}
