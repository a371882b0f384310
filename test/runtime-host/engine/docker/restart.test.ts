// An engine that goes away and comes back: played by a proxy in front of the real one, which serves others too.

import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDocker } from "../../../../runtime-host/engine/docker/connect.ts";
import { dockerLacks } from "../../../support/docker-lacks.ts";
import { type Bench, jobOf, openBench } from "../actions.ts";

const missing = await dockerLacks("a Docker engine that restarts");

describe.skipIf(missing !== null)("when the Docker engine goes away", () => {
  let folder: string;
  let proxy: Server;
  let bench: Bench;
  let changes = 0;
  const sockets = new Set<Socket>();
  const before = process.env.DOCKER_HOST;
  const target = (before ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");

  const up = async () => {
    proxy = createServer({ allowHalfOpen: true }, (socket) => {
      const other = connect({ path: target, allowHalfOpen: true });
      for (const each of [socket, other]) {
        sockets.add(each);
        each.on("error", () => each.destroy()).on("close", () => sockets.delete(each));
      }
      socket.pipe(other).pipe(socket);
    });
    await new Promise<void>((resolve) => proxy.listen(join(folder, "s"), resolve));
  };
  const down = () => {
    proxy.close();
    for (const each of sockets) each.destroy();
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "edgewhisk-proxy-"));
    await up();
    process.env.DOCKER_HOST = `unix://${folder}/s`;
    bench = await openBench({ engine: "docker", name: `away-${process.pid}`, changed: () => changes++ });
  });
  afterAll(async () => {
    if (!proxy.listening) await up();
    await bench.close();
    down();
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
    rmSync(folder, { recursive: true, force: true });
    const docker = await connectDocker();
    const filters = { label: [`io.edgewhisk.host=away-${process.pid}`] };
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
  });

  it("the host says why it takes nothing, finishes what runs, and recovers by itself", async () => {
    const quick = jobOf(bench.kind("nodejs"), "function main(){return {}}");
    await bench.run(quick);
    await expect.poll(() => bench.containers.stats().running).toBe(0);
    const slow = jobOf(quick.kind, "function main(){return new Promise(r=>setTimeout(()=>r({done:true}),4000))}");
    const running = bench.run(slow);
    await expect.poll(() => bench.containers.stats().running).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(bench.containers.unhealthy()).toBeNull();

    down();
    await expect.poll(() => bench.containers.unhealthy()).toBe("the Docker engine does not answer");
    expect(changes).toBe(1);
    await expect(bench.run(jobOf(quick.kind, "function main(){}"))).rejects.toThrow("busy");
    const { answer } = await running;
    expect(answer.outcome).toEqual({ statusCode: 0, result: '{"done":true}' });

    await up();
    await expect.poll(() => bench.containers.unhealthy()).toBeNull();
    expect(changes).toBe(2);
    expect((await bench.run(quick)).answer.outcome).toEqual({ statusCode: 0, result: "{}" });
  });
});
