// Which engine runs the actions on this machine, and why.

import type { StandaloneConfig } from "./config.ts";
import { StartFailure } from "./failure.ts";
import type { DockerSetup } from "./images.ts";

export type EngineName = "docker" | "process";

export interface ChosenEngine {
  name: EngineName;
  why: string;
}

export interface ChoiceOptions {
  openDocker: () => Promise<DockerSetup>;
  log: (line: string) => void;
}

/** Throws StartFailure if what is asked for cannot be had, or may not be served. */
export async function chooseEngine(
  config: Pick<StandaloneConfig, "engine" | "host" | "loopback">,
  options: ChoiceOptions,
): Promise<ChosenEngine> {
  if (config.engine === "process") return { name: "process", why: "as asked" };
  const docker = await tryDocker(options);
  if (docker.ok) return { name: "docker", why: config.engine === "docker" ? "as asked" : docker.why };
  if (config.engine === "docker") throw new StartFailure(`--engine docker: ${docker.why}.`);
  if (!config.loopback) {
    throw new StartFailure(
      `Without Docker (${docker.why}) actions would not be isolated, which is not served on ${config.host}: start Docker, or use --host 127.0.0.1.`,
    );
  }
  return { name: "process", why: docker.why };
}

async function tryDocker(options: ChoiceOptions): Promise<{ ok: boolean; why: string }> {
  const setup = await options.openDocker();
  const survey = await setup.survey();
  if (!survey.answers) return { ok: false, why: survey.reason };
  if (hasNode(survey.kinds)) return { ok: true, why: "a Docker engine answers and has the images" };
  options.log("building the action images …");
  const built = await setup.build(options.log);
  if (!built.ok)
    return {
      ok: false,
      why: `a Docker engine answers, but has no nodejs image and none could be built (${built.reason})`,
    };
  const again = await setup.survey();
  return again.answers && hasNode(again.kinds)
    ? { ok: true, why: "a Docker engine answers and the images were built" }
    : { ok: false, why: "a Docker engine answers, but the nodejs image is not there after building it" };
}

function hasNode(kinds: readonly string[]): boolean {
  return kinds.some((kind) => kind.startsWith("nodejs:"));
}
