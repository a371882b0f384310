// What a start asks of Docker, asked by a process of its own: no engine, one that answers nonsense, and the real one.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openDockerSetup } from "../../../runtime-host/standalone/images.ts";

let folder: string;
let server: Server | undefined;
const before = process.env.DOCKER_HOST;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "images-"));
});
afterEach(() => {
  if (before === undefined) delete process.env.DOCKER_HOST;
  else process.env.DOCKER_HOST = before;
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

async function engineThat(answer: (path: string) => unknown): Promise<void> {
  const socket = join(folder, "docker.sock");
  server = createServer((request, response) => {
    const said = answer(request.url ?? "");
    response.writeHead(said === null ? 500 : 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(said ?? { message: "out of order" }));
  });
  await new Promise<void>((resolve) => server?.listen(socket, resolve));
  process.env.DOCKER_HOST = `unix://${socket}`;
}

it("says that no engine answers", async () => {
  process.env.DOCKER_HOST = `unix://${join(folder, "none.sock")}`;
  expect(await openDockerSetup({}).survey()).toMatchObject({ answers: false, reason: expect.stringMatching(/ENOENT/) });
  const built = await openDockerSetup({}).build(() => undefined);
  expect(built).toMatchObject({ ok: false, reason: expect.stringMatching(/^No container engine answers .*ENOENT/) });
});

it("names the kinds whose images are there, of the prefix and tag that are asked for", async () => {
  const image = (name: string, kind: string) => ({
    Id: `sha256:${"a".repeat(64)}`,
    RepoTags: [name],
    Labels: { "edgewhisk.kind": kind },
  });
  const asked: string[] = [];
  await engineThat((path) => {
    asked.push(path);
    return path.includes("/images/json") ? [image("mine/x-nodejs-20:7", "nodejs:20")] : {};
  });
  const found = await openDockerSetup({ EDGEWHISK_IMAGE_PREFIX: "mine/x-", EDGEWHISK_IMAGE_TAG: "7" }).survey();
  expect(found).toEqual({ answers: true, kinds: ["nodejs:20"] });
  expect(asked.some((path) => path.includes("/_ping"))).toBe(true);
});

it("an engine that is out of order is none, with its words", async () => {
  await engineThat((path) => (path.includes("/_ping") ? {} : null));
  expect(await openDockerSetup({}).survey()).toMatchObject({
    answers: false,
    reason: expect.stringMatching(/out of order/),
  });
});
