// One platform per engine for all conformance files of a run, started when the first of them asks: the setup serves a door
// on loopback, because the files run in processes of their own.

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { freePort, type Platform, startPlatform } from "./platform.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Address of the door: GET /process or /docker. */
    platformDoor: string;
  }
}

/** What the door answers. */
export type SharedPlatform = { url: string; adminToken: string; hostMetrics: string } | { missing: string };

type Engine = "process" | "docker";

const SOCKET = (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<Engine, Promise<Measured>>();
  const door = createServer((request, response) => {
    const engine: Engine = request.url === "/docker" ? "docker" : "process";
    share(started, engine).then(
      (shared) => response.end(JSON.stringify(shared)),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((done) => door.listen(0, "127.0.0.1", done));
  const address = door.address();
  if (address === null || typeof address === "string") throw new Error("the door has no port");
  project.provide("platformDoor", `http://127.0.0.1:${address.port}`);
  return async () => {
    door.closeAllConnections();
    door.close();
    for (const platform of started.values()) await platform.then((each) => each.stop()).catch(() => {});
  };
}

type Measured = Platform & { hostMetrics: string };

/** Its host serves its own metrics. */
async function startMeasured(engine: Engine): Promise<Measured> {
  const hostMetrics = `127.0.0.1:${await freePort()}`;
  return { ...(await startPlatform({ engine, env: { EDGEWHISK_METRICS: hostMetrics } })), hostMetrics };
}

async function share(started: Map<Engine, Promise<Measured>>, engine: Engine): Promise<SharedPlatform> {
  if (engine === "docker" && SOCKET.startsWith("/") && !existsSync(SOCKET)) {
    return { missing: `no container engine at ${SOCKET}` };
  }
  const known = started.get(engine);
  const starting = known ?? startMeasured(engine);
  started.set(engine, starting);
  const { url, state, hostMetrics } = await starting;
  return { url, hostMetrics, adminToken: JSON.parse(readFileSync(join(state, "secrets.json"), "utf8")).adminToken };
}
