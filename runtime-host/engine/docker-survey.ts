// What there is before a host starts: whether an engine answers, and which kinds its images can run.

import Docker from "dockerode";
import { reasonOf } from "../logger.ts";
import { DockerImages } from "./docker-images.ts";

const PATIENCE = 3_000;

export type Survey = { answers: true; kinds: string[] } | { answers: false; reason: string };

export async function surveyDocker(images: { prefix: string; tag: string }): Promise<Survey> {
  const docker = new Docker();
  try {
    // Also the question whether an engine answers at all.
    await docker.listContainers({ limit: 1, abortSignal: AbortSignal.timeout(PATIENCE) });
    const found = new DockerImages(docker, images);
    await found.scan();
    return { answers: true, kinds: found.reports().map((each) => each.kind) };
  } catch (error) {
    return { answers: false, reason: reasonOf(error) };
  }
}
