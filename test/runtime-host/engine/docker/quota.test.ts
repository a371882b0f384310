// The disk of a container: bounded by the engine where its file system can do that, and said where it cannot.

import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDocker } from "../../../../runtime-host/engine/docker/connect.ts";
import { dockerLacks } from "../../../support/docker-lacks.ts";
import { carry, noOwnEngine, type OwnEngine, startOwnEngine } from "../../../support/dockerd.ts";
import { type Bench, jobOf, openBench } from "../actions.ts";

const missing = await dockerLacks("a container's quota of disk", { more: noOwnEngine });

const FILL = `const fs=require("node:fs");
function main({megabytes}){let written=0,errno=null;const chunk=Buffer.alloc(1024*1024,1);
  try{for(;written<megabytes;written++)fs.writeFileSync("/tmp/"+written,chunk)}catch(e){errno=e.errno}
  for(let at=0;at<=written;at++)fs.rmSync("/tmp/"+at,{force:true});
  return {written,errno}}`;

describe.skipIf(missing !== null)(`a container's quota of disk${missing === null ? "" : ` (${missing})`}`, () => {
  let engine: OwnEngine;
  let bench: Bench;
  let kind: string;
  const before = process.env.DOCKER_HOST;

  beforeAll(async () => {
    const machines = await connectDocker();
    const found = await openBench({ engine: "docker", name: `quota-${process.pid}-look` });
    kind = found.kind("nodejs");
    const image = found.containers.runtimes().find((each) => each.kind === kind)?.image ?? "";
    await found.close();
    engine = await startOwnEngine({ megabytes: 2_000, btrfs: true }).catch((error: Error) => {
      console.log(`no btrfs here (${error.message.split("\n")[0]}): tried on a disk without quotas`);
      return startOwnEngine({ megabytes: 1_000 });
    });
    await carry(image, machines, engine.docker);
    process.env.DOCKER_HOST = engine.host;
    bench = await openBench({
      engine: "docker",
      name: `quota-${process.pid}`,
      container: { pids: 128, cpuShares: 0, idleTimeout: 600_000, pauseGrace: 60_000, max: 50, disk: 400 },
    });
  });
  afterAll(async () => {
    await bench?.close();
    await engine?.close();
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
  });

  it("ends the writing, not the disk; where there is none the level's report says why", async () => {
    const { security } = bench.containers;
    if (security?.diskQuota !== true) {
      expect(security?.lacks.join()).toMatch(/strict: disk quota \(.+\)/);
      return;
    }
    expect(security.lacks.join()).not.toContain("disk quota");
    const fill = (megabytes: number) =>
      bench.run(jobOf(kind, FILL, { path: "guest/fills", args: JSON.stringify({ megabytes }) }));
    expect((await fill(1)).answer.outcome.result).toBe('{"written":1,"errno":null}');
    // The first container with a quota has btrfs count its whole disk. Until that is done nothing is held to a quota.
    execFileSync("btrfs", ["quota", "rescan", "-w", engine.data]);
    const ran = await fill(1_000);
    expect(ran.answer.initTime, "in the container that was counted").toBeUndefined();
    const { written, errno } = JSON.parse(ran.answer.outcome.result) as { written: number; errno: number };
    // EDQUOT, which Node has no name for, or ENOSPC.
    expect([-122, -28]).toContain(errno);
    expect(written).toBeGreaterThan(100);
    expect(written).toBeLessThan(410);
    expect((await fill(50)).answer.outcome.result).toBe('{"written":50,"errno":null}');
  });
});
