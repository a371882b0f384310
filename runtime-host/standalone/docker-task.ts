// What a start wants of Docker, as a process of its own: Docker's client holds 16 MB, and the launcher, which lives on,
// never needs it again. Arguments: what to do, the start of the images' names ("" = ours), their tag. Lines of progress
// go to stdout, what came of it to the launcher.

import { surveyDocker } from "../engine/docker/survey.ts";
import { buildImages, IMAGE_PREFIX, ImageProblem } from "../runtimes/build-images.ts";
import type { DockerSetup } from "./images.ts";

const [task, given = "", tag = ""] = process.argv.slice(2);
const prefix = given || IMAGE_PREFIX;
// The launcher has gone.
process.on("disconnect", () => process.exit(1));
const outcome = task === "survey" ? await surveyDocker({ prefix, tag }) : await build();
process.send?.(outcome, () => process.exit(0));

async function build(): ReturnType<DockerSetup["build"]> {
  try {
    await buildImages({ prefix }, (line) => process.stdout.write(`${line}\n`));
    return { ok: true };
  } catch (error) {
    if (error instanceof ImageProblem) return { ok: false, reason: error.message.replace(/\.$/, "") };
    throw error;
  }
}
