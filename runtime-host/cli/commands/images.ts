// `edgewhisk images`, also `npm run images`: builds the images of our runtimes and prints kind, image and digest.

import { choice, text } from "../../program/options.ts";
import { defineCommand } from "../shared/command.ts";
import { DONE, failed } from "../shared/exit-codes.ts";

export const images = defineCommand({
  name: "images",
  group: "Make and check action images",
  summary: "build the action images of the runtimes shipped here",
  options: {
    base: choice(
      ["local", "registry"],
      "make the base image of this machine's interpreters, or take the official one",
      { placeholder: "local|registry", defaultText: "registry, and local where no registry can be reached" },
    ),
    kinds: text("LIST", "for example nodejs:20,python:3.11", { defaultText: "all" }),
    prefix: text("TEXT", "start of the images' names", { defaultText: "edgewhisk/action-" }),
    tag: text("TAG", "their tag", { defaultText: "digest of their content" }),
    "engine-socket": text("PATH", "the container engine's socket", { defaultText: "DOCKER_HOST, else the usual one" }),
  },
  async run({ options, print, progress }) {
    const { base, prefix, tag, "engine-socket": engineSocket } = options;
    const kinds = options.kinds?.split(",").map((kind) => kind.trim());
    const { buildImages, ImageProblem } = await import("../../runtimes/build-images.ts");
    const wishes = { base, prefix, tag, engineSocket, kinds };
    const given = Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined));
    try {
      for (const { kind, image, id, built } of await buildImages(given, progress)) {
        const text = `${kind.padEnd(12)} ${image}  ${id}${built ? "" : "  (unchanged)"}`;
        print({ kind, image, id, built }, text);
      }
      return DONE;
    } catch (error) {
      if (!(error instanceof ImageProblem)) throw error;
      const { whyNoEngine } = await import("../../engine/docker/connect.ts");
      return failed(error.cause === undefined ? error.message.replace(/\.$/, "") : whyNoEngine(error.cause));
    }
  },
});
