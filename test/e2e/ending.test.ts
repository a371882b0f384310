// How a platform ends: quickly, whatever is left to remove, and with whoever started it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connectDocker } from "../../runtime-host/engine/docker/connect.ts";
import { startOf } from "../../runtime-host/machine/process-table.ts";
import { dockerLacks } from "../support/docker-lacks.ts";
import { pacedMs } from "../support/machine-pace.ts";
import { startPlatform } from "../support/platform.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const missing = await dockerLacks("a platform's end with many containers");

it("a test run that is killed leaves no platform running", async () => {
  const state = mkdtempSync(join(tmpdir(), "edgewhisk-ending-"));
  const node = join(ROOT, "node_modules/.bin/node");
  const run = spawn(node, [join(ROOT, "test/support/start-and-wait.ts"), state], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(run.stdout, "data")) as [Buffer];
    const pids = JSON.parse(line.toString("utf8")) as number[];
    expect(pids.length).toBeGreaterThan(2);
    run.kill("SIGKILL");
    await expect.poll(() => pids.filter((pid) => startOf(pid) !== null)).toEqual([]);
  } finally {
    run.kill("SIGKILL");
    rmSync(state, { recursive: true, force: true });
  }
});

describe.skipIf(missing !== null)("with a host that has not removed its containers", () => {
  it("is down within ten seconds with exit code 0, and another process removes them within a minute", async () => {
    const docker = await connectDocker();
    const platform = await startPlatform({ engine: "docker" });
    const host = JSON.parse(readFileSync(join(platform.state, "secrets.json"), "utf8")).hostName as string;
    const filters = { label: [`io.edgewhisk.host=${host}`] };
    const left = async () => (await docker.listContainers({ all: true, filters })).length;
    // It has no time to, as with a hundred of them.
    for (const pid of platform.pids().host) process.kill(pid, "SIGSTOP");
    const [Image = ""] = (await docker.listImages({ filters: { label: ["io.edgewhisk.kind"] } })).map(
      (each) => each.Id,
    );
    const Labels = { "io.edgewhisk.host": host, "io.edgewhisk.boot": "1-left" };
    await Promise.all(Array.from({ length: 10 }, () => docker.createContainer({ Image, Labels })));
    const took = await pacedMs(async () => expect(await platform.stop()).toBe(0));
    expect(took).toBeLessThan(10_000);
    const [, count, pid] = /(\d+) containers are still to be removed: process (\d+) /.exec(platform.output()) ?? [];
    expect(Number(count)).toBeGreaterThanOrEqual(10);
    await expect.poll(left, { interval: 250 }).toBe(0);
    await expect.poll(() => startOf(Number(pid))).toBeNull();
  });
});
