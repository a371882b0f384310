// Whether what needs a Docker engine can be tried on this machine.

import { surveyDocker } from "../../runtime-host/engine/docker/survey.ts";

/** Null where `what` can be tried; else why not, which is printed. Rejects with it where EDGEWHISK_REQUIRE_DOCKER=1
 * says that it must be. `images`: kinds or families the engine has to run; `more`: what else may be lacking. */
export async function dockerLacks(
  what: string,
  { images = ["nodejs"], more }: { images?: readonly string[]; more?: () => string | null } = {},
): Promise<string | null> {
  const survey = await surveyDocker({ prefix: "edgewhisk/action-", tag: "" });
  const lacks = survey.answers ? (imagesLacking(images, survey.kinds) ?? more?.() ?? null) : survey.reason;
  if (lacks === null) return null;
  if (process.env.EDGEWHISK_REQUIRE_DOCKER === "1") throw new Error(lacks);
  console.log(`not run: ${what}: ${lacks}`);
  return lacks;
}

function imagesLacking(images: readonly string[], kinds: readonly string[]): string | null {
  const lacking = images.filter((image) => !kinds.some((kind) => kind === image || kind.startsWith(`${image}:`)));
  return lacking.length === 0
    ? null
    : `the Docker engine has no action image for ${lacking.join(", ")} (npm run images)`;
}
