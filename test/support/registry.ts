// A real image registry (Debian's docker-registry) with a password, and images to put into it.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { tarStream } from "../../runtime-host/runtimes/tar.ts";

export const USER = { username: "tester", password: "registry-pass" };
/** bcrypt, the only form the registry takes. */
const HTPASSWD = "tester:$2b$04$gJn2BKHsv8uKgcfbX11b6.yh.Vexm5Zh4m0CZytCSh.0kjd3thTwi\n";

const MADE = "io.edgewhisk.test-registry";

export interface Registry {
  /** host:port */
  readonly address: string;
  up(): Promise<void>;
  down(): Promise<void>;
  close(): Promise<void>;
}

export function hasRegistry(): boolean {
  return spawnSync("docker-registry", ["--version"]).error === undefined;
}

export async function startRegistry(): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-registry-"));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  writeFileSync(join(folder, "htpasswd"), HTPASSWD);
  writeFileSync(
    join(folder, "config.yml"),
    [
      "version: 0.1",
      "log: { level: error }",
      `storage: { filesystem: { rootdirectory: ${join(folder, "data")} }, delete: { enabled: true } }`,
      `http: { addr: "${address}", secret: test }`,
      `auth: { htpasswd: { realm: test, path: ${join(folder, "htpasswd")} } }`,
      "",
    ].join("\n"),
  );
  let child: ChildProcess | null = null;
  const registry: Registry = {
    address,
    async up() {
      child = spawn("docker-registry", ["serve", join(folder, "config.yml")], { stdio: "ignore" });
      for (let at = 0; at < 100; at++) {
        const answer = await fetch(`http://${address}/v2/`).catch(() => null);
        if (answer?.status === 401) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error("the registry does not come up");
    },
    async down() {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
    async close() {
      await registry.down();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await registry.up();
  return registry;
}

/** Makes `name` of `base` with MARK in its environment, pushes it, and removes it here. Returns its digest. */
export async function push(docker: Docker, name: string, options: { base: string; mark: string }): Promise<string> {
  const dockerfile = `FROM ${options.base}\nENV MARK=${options.mark}\nLABEL ${MADE}=${addressIn(name)}\n`;
  const context = tarStream([{ type: "text", name: "Dockerfile", mode: 0o644, text: dockerfile }]);
  await finished(docker, await docker.buildImage(context, { t: name }));
  const image = docker.getImage(name);
  await finished(docker, await image.push({ authconfig: { ...USER, serveraddress: addressIn(name) } }));
  const repository = name.replace(/:[^/:]+$/, "");
  const digest = (await image.inspect()).RepoDigests.find((each) => each.startsWith(`${repository}@`));
  await forget(docker, repository);
  return digest?.split("@")[1] ?? "";
}

/** Every image that was made for this registry, named or not. */
export async function forgetAll(docker: Docker, address: string): Promise<void> {
  await forget(docker, address);
  const left = await docker.listImages({ filters: { label: [`${MADE}=${address}`] } });
  for (const each of left)
    await docker
      .getImage(each.Id)
      .remove({ force: true })
      .catch(() => undefined);
}

function addressIn(name: string): string {
  return name.split("/")[0] ?? "";
}

/** The images that the engine keeps under names beginning so. */
async function forget(docker: Docker, start: string): Promise<void> {
  for (const each of await docker.listImages()) {
    for (const name of [...(each.RepoTags ?? []), ...(each.RepoDigests ?? [])])
      if (name.startsWith(start))
        await docker
          .getImage(name)
          .remove({ force: true })
          .catch(() => undefined);
  }
}

function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error) => (error === null ? resolve() : reject(error)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
