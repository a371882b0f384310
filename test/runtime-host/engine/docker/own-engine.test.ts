// An engine that is killed, stopped, hung or out of disk: one of our own, really.

import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDocker } from "../../../../runtime-host/engine/docker/connect.ts";
import { HUNG } from "../../../../runtime-host/pool/creations.ts";
import { dockerLacks } from "../../../support/docker-lacks.ts";
import { carry, noOwnEngine, type OwnEngine, startOwnEngine } from "../../../support/dockerd.ts";
import { type Bench, errorOf, jobOf, openBench } from "../actions.ts";

const missing = await dockerLacks("a Docker engine of our own", { more: noOwnEngine });
const GONE = "the Docker engine does not answer";
const MB = 1024 * 1024;

describe.skipIf(missing !== null)(`a Docker engine of our own${missing === null ? "" : ` (${missing})`}`, () => {
  let engine: OwnEngine;
  let bench: Bench;
  let kind: string;
  let changes = 0;
  const before = process.env.DOCKER_HOST;
  const name = `own-${process.pid}`;

  beforeAll(async () => {
    const machines = await connectDocker();
    const found = await openBench({ engine: "docker", name: `${name}-look` });
    kind = found.kind("nodejs");
    const image = found.containers.runtimes().find((each) => each.kind === kind)?.image ?? "";
    await found.close();
    engine = await startOwnEngine({ megabytes: 1024 });
    await carry(image, machines, engine.docker);
    process.env.DOCKER_HOST = engine.host;
    bench = await openBench({ engine: "docker", name, minDisk: 100, changed: () => changes++ });
  });
  afterAll(async () => {
    await bench?.close();
    const left = await engine?.docker.listContainers({ all: true });
    await engine?.close();
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
    expect(left).toEqual([]);
  });

  const quick = (path: string) => jobOf(kind, "function main(){return {}}", { path: `guest/${path}` });
  const served = async (path: string) => expect((await bench.run(quick(path))).answer.outcome.statusCode).toBe(0);
  const becomes = (reason: string | null) =>
    expect.poll(() => bench.containers.unhealthy(), { interval: 100 }).toBe(reason);

  /** A run that has begun, and takes its time. */
  async function whileItRuns(): Promise<{ running: ReturnType<Bench["run"]> }> {
    const slow = jobOf(kind, "function main(){return new Promise(r=>setTimeout(()=>r({done:true}),8000))}");
    const running = bench.run(slow);
    running.catch(() => undefined);
    await expect.poll(() => bench.containers.stats().running).toBe(1);
    return { running };
  }

  it("is told for what it is: levels it does not reach are refused, with what is missing", async () => {
    expect(bench.containers.security).toMatchObject({
      level: "containers",
      engine: expect.stringMatching(/^docker \d/),
      seccomp: true,
      firewall: false,
      userNamespaces: false,
      diskQuota: false,
    });
    await expect(
      openBench({ engine: "docker", name: `${name}-strict`, requireLevel: "strict", minDisk: 0 }),
    ).rejects.toThrow(
      /^This host reaches security level "containers", and --require-level asks for "strict"; it lacks firewall \(.+\), user namespaces \(.+\), .*disk quota \(.+\)\.$/,
    );
    await expect(openBench({ engine: "process", requireLevel: "containers" })).rejects.toThrow(
      /an engine that isolates/,
    );
  });

  for (const [how, signal] of [
    ["killed", "SIGKILL"],
    ["stopped in order", "SIGTERM"],
  ] as const) {
    it(`that is ${how} and started again: its reason is told, each run ends, the host serves again by itself`, async () => {
      await served("warm");
      const { running } = await whileItRuns();
      engine.signal(signal);
      await becomes(GONE);
      await expect(bench.run(quick("meanwhile"))).rejects.toThrow("busy");
      await engine.ended();
      await engine.up();
      await becomes(null);
      // A killed engine leaves containers running until it is back: the run may have finished,
      // or is told why it did not.
      const ran = await running;
      if (ran.answer.outcome.statusCode !== 0)
        expect(errorOf(ran)).toMatch(/engine went away|exited unexpectedly|did not initialize/);
      await served("warm");
      await served("new");
      // Beside the sandboxes it keeps ready now.
      const rest = async () => {
        const list = await engine.docker.listContainers({ all: true });
        return list.filter((each) => each.Labels["io.edgewhisk.sandbox"] === undefined || each.State !== "running");
      };
      await expect.poll(async () => (await rest()).length, { interval: 500 }).toBe(2);
    });
  }

  it("that hangs: warm containers go on, new ones wait, and its return is noticed", async () => {
    await served("warm");
    engine.signal("SIGSTOP");
    try {
      await served("warm");
      const waiting = bench.run(quick("waits"));
      await becomes(GONE);
      engine.signal("SIGCONT");
      await becomes(null);
      expect((await waiting).answer.outcome.statusCode).toBe(0);
    } finally {
      engine.signal("SIGCONT");
    }
    await served("after");
  });

  it("that answers, but starts no container: the host says so, gives back who waits, and its return is noticed", async () => {
    const other = await openBench({ engine: "docker", name: `${name}-starts-none` });
    try {
      expect((await other.run(quick("warm"))).answer.outcome.statusCode).toBe(0);
      engine.signalStarter("SIGSTOP");
      await expect(other.run(quick("new"))).rejects.toThrow("busy");
      expect(other.containers.unhealthy()).toBe(HUNG);
      expect(String(await engine.docker.ping())).toBe("OK");
      await expect(other.run(quick("another"))).rejects.toThrow("busy");
      expect((await other.run(quick("warm"))).answer.outcome.statusCode).toBe(0);
      engine.signalStarter("SIGCONT");
      await expect.poll(() => other.containers.unhealthy()).toBe(null);
      expect((await other.run(quick("another"))).answer.outcome.statusCode).toBe(0);
    } finally {
      engine.signalStarter("SIGCONT");
      await other.close();
    }
  });

  it("whose disk is full: the host says so, takes nothing new, and recovers when there is room", async () => {
    const filler = join(engine.data, "filler");
    const { bavail, bsize } = statfsSync(engine.data);
    const said = changes;
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 60 * MB)));
    await expect
      .poll(() => bench.containers.unhealthy())
      .toMatch(/^the disk of .*data is full: \d+ MB are free, 100 must be$/);
    expect(changes).toBeGreaterThan(said);
    await expect(bench.run(quick("no-room"))).rejects.toThrow("busy");
    rmSync(filler);
    await becomes(null);
    await served("room");
  });
});
