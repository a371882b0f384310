// What the Docker engine does meanwhile: seen in its events and its list, and what it can do on its own.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { removeContainersOf } from "../../runtime-host/engine/docker/leftovers.ts";
import type { Platform } from "../support/platform.ts";
import { type Sample, sampleOf } from "./load.ts";

/** Containers made when only the engine is measured, two at once. */
const ALONE = 16;

export interface Churn {
  /** Per second. */
  made: number;
  removed: number;
}

export interface Watched {
  paused(action: string): Promise<boolean>;
  /** Writes into `churn` what the engine made and removed while `measure` ran. */
  counting(churn: Churn, measure: () => Promise<Sample>): Promise<Sample>;
  /** What it can do without any platform. */
  alone(): Promise<Sample>;
  stop(): void;
  /** Removes what the platform had no time for. */
  clear(): Promise<void>;
}

export async function watch(platform: Platform): Promise<Watched> {
  const docker = new (createRequire(import.meta.url)("dockerode") as typeof Docker)();
  const { hostName } = JSON.parse(readFileSync(join(platform.state, "secrets.json"), "utf8")) as { hostName: string };
  const label = `io.edgewhisk.host=${hostName}`;
  const stream = (await docker.getEvents({
    filters: { type: ["container"], event: ["create", "destroy"], label: [label, "io.edgewhisk.kind"] },
  })) as Readable;
  const seen: Churn = { made: 0, removed: 0 };
  stream.on("data", (chunk: Buffer) => {
    for (const [, action] of chunk.toString().matchAll(/"Action":"(\w+)"/g)) {
      if (action === "create") seen.made++;
      else seen.removed++;
    }
  });
  return {
    async paused(action) {
      const list = await docker.listContainers({ filters: { label: [label], status: ["paused"] } });
      return list.some((each) => each.Names.join().includes(action));
    },
    async counting(churn, measure) {
      const before = { ...seen };
      const began = performance.now();
      const sample = await measure();
      const seconds = (performance.now() - began) / 1000;
      churn.made = (seen.made - before.made) / seconds;
      churn.removed = (seen.removed - before.removed) / seconds;
      return sample;
    },
    async alone() {
      const [image] = await docker.listImages({ filters: { label: ["io.edgewhisk.kind"] } });
      if (image === undefined) throw new Error("no runtime image");
      const times: number[] = [];
      const began = performance.now();
      const worker = async () => {
        for (let n = 0; n < ALONE / 2; n++) {
          const at = performance.now();
          const HostConfig = { NetworkMode: "edgewhisk", LogConfig: { Type: "none", Config: {} } };
          const container = await docker.createContainer({ Image: image.Id, HostConfig });
          await container.start();
          await container.remove({ force: true });
          times.push(performance.now() - at);
        }
      };
      await Promise.all([worker(), worker()]);
      return sampleOf(times, performance.now() - began);
    },
    stop: () => stream.destroy(),
    clear: () => removeContainersOf(hostName),
  };
}
