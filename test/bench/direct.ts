// Measure (a), the floor: a runtime container called directly by the same client, without any platform.

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { freePort } from "../support/platform.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const CODE = "function main(args) { return { n: args.n }; }";

export interface Direct {
  url: string;
  stop(): Promise<void>;
}

export async function startDirect(engine: "docker" | "process"): Promise<Direct> {
  const direct = engine === "docker" ? await inDocker() : await asProcess();
  for (let tries = 0; ; tries++) {
    try {
      const body = JSON.stringify({ value: { name: "direct", main: "main", code: CODE, binary: false, env: {} } });
      const answer = await fetch(`${direct.url}/init`, { method: "POST", body });
      if (answer.status === 200) return direct;
      throw new Error(`/init answered ${answer.status}`);
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(50);
    }
  }
}

async function inDocker(): Promise<Direct> {
  const docker = new (createRequire(import.meta.url)("dockerode") as typeof Docker)();
  const images = await docker.listImages({ filters: { label: ["io.edgewhisk.kind"] } });
  const image = images.find((each) => /^nodejs/.test(each.Labels?.["io.edgewhisk.kind"] ?? ""));
  if (image === undefined) throw new Error("no nodejs runtime image: run npm run images");
  const container = await docker.createContainer({
    Image: image.Id,
    HostConfig: { Memory: 256 * 1024 * 1024, LogConfig: { Type: "none", Config: {} } },
  });
  await container.start();
  const { NetworkSettings } = await container.inspect();
  const ip = Object.values(NetworkSettings.Networks)[0]?.IPAddress;
  return { url: `http://${ip}:8080`, stop: async () => void (await container.remove({ force: true })) };
}

async function asProcess(): Promise<Direct> {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [`${ROOT}runtime-host/runtimes/nodejs/server.js`], {
    env: { PATH: process.env.PATH ?? "", EDGEWHISK_LISTEN: String(port) },
    stdio: ["ignore", "ignore", "ignore"],
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill("SIGKILL");
    },
  };
}
