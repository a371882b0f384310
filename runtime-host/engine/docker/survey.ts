// What there is before a host starts: whether an engine answers, and which kinds its images can run.

import { connectDocker, pingDocker, whyNoEngine } from "./connect.ts";
import { DockerImages } from "./images.ts";

/** `reason`: what stands there instead of "a Docker engine answers". `isDenied`:
 * one is there that this user may not use. */
export type Survey = { answers: true; kinds: string[] } | { answers: false; reason: string; isDenied?: boolean };

export async function surveyDocker(images: { prefix: string; tag: string }): Promise<Survey> {
  try {
    const docker = await connectDocker();
    await pingDocker(docker);
    const found = new DockerImages(docker, images);
    await found.scan();
    return { answers: true, kinds: found.reports().map((each) => each.kind) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { answers: false, reason: whyNoEngine(error), isDenied: code === "EACCES" || code === "EPERM" };
  }
}
