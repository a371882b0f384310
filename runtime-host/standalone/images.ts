// Docker as far as a start needs it: whether it answers, what its images can run, and building the missing ones. In
// processes of their own, see docker-task.ts.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import type { Survey } from "../engine/docker/survey.ts";
import type { Leftovers } from "./reaper.ts";

const TASK = fileURLToPath(new URL("docker-task.ts", import.meta.url));
/** ms */
const MAX_LOOK_MS = 1_000;
/** Characters of what a task that failed has said. */
const MAX_WORDS = 2_000;
const Surveyed = z.union([
  z.object({ answers: z.literal(true), kinds: z.array(z.string()) }),
  z.object({ answers: z.literal(false), reason: z.string(), isDenied: z.boolean() }),
]) satisfies z.ZodType<Survey>;
const Built = z.union([z.object({ ok: z.literal(true) }), z.object({ ok: z.literal(false), reason: z.string() })]);

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
export function openDockerSetup(env: Readonly<Record<string, string | undefined>>): DockerSetup {
  const names = [env.EDGEWHISK_IMAGE_PREFIX ?? "", env.EDGEWHISK_IMAGE_TAG ?? ""];
  return {
    survey: async () => Surveyed.parse(await runTask(["survey", ...names])),
    build: async (log) => Built.parse(await runTask(["build", ...names], log)),
  };
}

/** What came of it. Rejects with its last words where it failed. */
function runTask(args: readonly string[], log: (line: string) => void = () => undefined): Promise<unknown> {
  const child = spawn(process.execPath, [TASK, ...args], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let outcome: unknown;
  let words = "";
  child.on("message", (message) => {
    outcome = message;
  });
  createInterface({ input: child.stdout as Readable }).on("line", log);
  child.stderr?.on("data", (chunk: Buffer) => {
    words = (words + chunk.toString("utf8")).slice(-MAX_WORDS);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (outcome !== undefined) resolve(outcome);
      else reject(new Error(`looking for Docker ended with ${signal ?? `exit code ${code}`}: ${words.trim()}`));
    });
  });
}
