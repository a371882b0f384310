// One platform per engine for all conformance files of a run, and one browser for those of the console, started when
// the first of them asks: the setup serves a door on loopback, because the files run in processes of their own.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { BrowserServer } from "playwright-core";
import type { TestProject } from "vitest/node";
import { launchBrowser } from "./browser.ts";
import { freePort, type Platform, startPlatform } from "./platform.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Address of the door: GET /process, /docker or /browser. */
    platformDoor: string;
  }
}

/** What the door answers. */
export type SharedPlatform =
  | { url: string; consoleUrl: string; adminToken: string; hostMetrics: string; feedFiles: string }
  | { missing: string };

type Engine = "process" | "docker";

const SOCKET = (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<Engine, Promise<Measured>>();
  let browser: Promise<BrowserServer> | undefined;
  const door = createServer((request, response) => {
    if (request.url === "/browser") {
      browser ??= launchBrowser();
      browser.then(
        (server) => response.end(server.wsEndpoint()),
        (error) => response.writeHead(500).end(String(error)),
      );
      return;
    }
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
    await browser?.then((server) => server.close()).catch(() => {});
    for (const platform of started.values()) await platform.then((each) => each.stop()).catch(() => {});
  };
}

type Measured = Platform & { hostMetrics: string; consoleUrl: string; feedFiles: string };

/** Its host serves its own metrics, and it has a console; feeds may read `shop.sqlite` and `uploads` of a folder. */
async function startMeasured(engine: Engine): Promise<Measured> {
  const hostMetrics = `127.0.0.1:${await freePort()}`;
  const feedFiles = mkdtempSync(join(tmpdir(), "edgewhisk-feeds-"));
  mkdirSync(join(feedFiles, "uploads"));
  new DatabaseSync(join(feedFiles, "shop.sqlite")).close();
  const flags = [`--feed-d1=SHOP=${feedFiles}/shop.sqlite`, `--feed-r2=UPLOADS=${feedFiles}/uploads`];
  const consolePort = String(await freePort());
  const env = { EDGEWHISK_METRICS: hostMetrics, EDGEWHISK_CONSOLE_PORT: consolePort };
  const platform = await startPlatform({ engine, flags, env });
  const stop = async () => {
    const code = await platform.stop();
    rmSync(feedFiles, { recursive: true, force: true });
    return code;
  };
  return { ...platform, stop, hostMetrics, feedFiles, consoleUrl: `http://127.0.0.1:${consolePort}` };
}

async function share(started: Map<Engine, Promise<Measured>>, engine: Engine): Promise<SharedPlatform> {
  if (engine === "docker" && SOCKET.startsWith("/") && !existsSync(SOCKET)) {
    return { missing: `no container engine at ${SOCKET}` };
  }
  const known = started.get(engine);
  const starting = known ?? startMeasured(engine);
  started.set(engine, starting);
  const { url, state, hostMetrics, feedFiles, consoleUrl } = await starting;
  return {
    url,
    consoleUrl,
    hostMetrics,
    feedFiles,
    adminToken: JSON.parse(readFileSync(join(state, "secrets.json"), "utf8")).adminToken,
  };
}
