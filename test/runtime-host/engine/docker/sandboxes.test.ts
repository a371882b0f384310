// Networks that containers of one namespace take over from each other, on a real engine.

import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDocker } from "../../../../runtime-host/engine/docker/connect.ts";
import { dockerLacks } from "../../../support/docker-lacks.ts";
import { type Bench, errorOf, jobOf, openBench } from "../actions.ts";

const missing = await dockerLacks("sandboxes on the Docker engine");

/** Containers there is room for: more than a namespace needs before sandboxes are made for it. */
const ROOM = 6;

describe.skipIf(missing !== null)("a sandbox on the Docker engine", () => {
  const name = `sandbox-${process.pid}`;
  let docker: Docker;
  let bench: Bench;
  let kind: string;

  beforeAll(async () => {
    docker = await connectDocker();
    const container = { pids: 128, cpuShares: 0, idleTimeout: 600_000, pauseGrace: 60_000, max: ROOM };
    bench = await openBench({ engine: "docker", name, container });
    kind = bench.kind("nodejs");
  });
  afterAll(async () => {
    await bench.close();
    expect(await labelled()).toEqual([]);
  });

  const labelled = async (label?: string) => {
    const filters = { label: [`io.edgewhisk.host=${name}`, ...(label === undefined ? [] : [label])] };
    return docker.listContainers({ all: true, filters });
  };
  const sandboxes = () => labelled("io.edgewhisk.sandbox");
  const js = (source: string, path: string, changes: Parameters<typeof jobOf>[2] = {}) =>
    jobOf(kind, source, { path, ...changes });
  const quick = (path: string, changes: Parameters<typeof jobOf>[2] = {}) =>
    js("function main(){return {}}", path, changes);

  /** The host itself may have taken it away meanwhile, or be at it. */
  async function removed(id: string): Promise<void> {
    await docker
      .getContainer(id)
      .remove({ force: true })
      .catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
      });
    await expect.poll(async () => (await sandboxes()).some((each) => each.Id === id)).toBe(false);
  }

  /** The sandbox in which the container of this action is, or null. */
  async function sandboxOf(path: string): Promise<string | null> {
    const [found] = await labelled(`io.edgewhisk.action=${path.replaceAll("/", "_")}`);
    const { HostConfig } = await docker.getContainer(found?.Id ?? path).inspect();
    return /^container:(.*)$/.exec(HostConfig.NetworkMode ?? "")?.[1] ?? null;
  }

  /** Actions in turn, more than there is room for, until a container is in a sandbox that another has left. */
  async function inTurn(
    prefix: string,
    count: number,
    changes: Parameters<typeof jobOf>[2] = {},
  ): Promise<Set<string>> {
    const used: string[] = [];
    for (let n = 0; n < count; n++) {
      const path = `guest/${prefix}-${n}`;
      expect((await bench.run(quick(path, changes))).answer.outcome).toEqual({ statusCode: 0, result: "{}" });
      const sandbox = await sandboxOf(path);
      if (sandbox !== null) used.push(sandbox);
    }
    const all = new Set(used);
    expect(all.size, "no sandbox was used twice").toBeLessThan(used.length);
    return all;
  }

  it("goes from one container to the next of its namespace, and to no other namespace", async () => {
    const mine = await inTurn("turn", 4 * ROOM);
    const theirs = await inTurn("turn", 4 * ROOM, { namespaceId: "another" });
    expect([...theirs].filter((each) => mine.has(each))).toEqual([]);
  });

  it("reaches the same as any network of a container, and nothing can be left in it", async () => {
    await inTurn("before", 3 * ROOM);
    const source = `const fs=require('node:fs');async function main(){
      const has=(f,w)=>fs.readFileSync('/etc/'+f,'utf8').includes(w);
      const out={known:[has('resolv.conf','nameserver'),has('hosts','localhost')]};
      for(const f of ['hosts','hostname','resolv.conf'])try{fs.appendFileSync('/etc/'+f,'x');out[f]='written'}catch(e){out[f]=e.code}
      try{await fetch(process.env.__OW_API_HOST+'/api/v1/namespaces');out.api='answered'}catch(e){out.api=String(e.cause)}
      return out}`;
    const ran = await bench.run(js(source, "guest/probe"));
    expect(await sandboxOf("guest/probe")).not.toBeNull();
    expect(JSON.parse(ran.answer.outcome.result)).toEqual({
      known: [true, true],
      hosts: "EACCES",
      hostname: "EACCES",
      "resolv.conf": "EACCES",
      api: "answered",
    });
    // Not by root either, which the images of others may run as.
    const [found] = await labelled("io.edgewhisk.action=guest_probe");
    const { Mounts } = await docker.getContainer(found?.Id ?? "").inspect();
    const told = Mounts.filter((each) => each.Destination.startsWith("/etc/"));
    expect(told.map((each) => `${each.Destination} ${each.RW}`).toSorted()).toEqual([
      "/etc/hostname false",
      "/etc/hosts false",
      "/etc/resolv.conf false",
    ]);
  });

  it("holds a program that does nothing and may do nothing", async () => {
    await inTurn("quiet", 3 * ROOM);
    const [first] = await sandboxes();
    const { Name, Config, HostConfig } = await docker.getContainer(first?.Id ?? "").inspect();
    expect(Name).toMatch(/^\/edgewhisk-[0-9a-f]{16}$/);
    expect(Config).toMatchObject({ User: "65534:65534", Entrypoint: ["/sandbox"] });
    expect(HostConfig).toMatchObject({
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges", expect.stringMatching(/^seccomp=\{/)],
      ReadonlyRootfs: true,
      NetworkMode: "edgewhisk",
    });
  });

  it("that is killed ends the run in it with a clear error, and the next one finds another", async () => {
    await inTurn("killed", 3 * ROOM);
    const job = js("function main(a){return a.name==='wait'?new Promise(()=>{}):{}}", "guest/cut-off");
    const running = bench.run({ ...job, args: '{"name":"wait"}' });
    await expect.poll(() => bench.containers.stats().running).toBe(1);
    await expect.poll(() => sandboxOf("guest/cut-off")).not.toBeNull();
    const id = (await sandboxOf("guest/cut-off")) ?? "";
    await docker.getContainer(id).kill();
    expect(errorOf(await running)).toBe("The action did not produce a valid response and exited unexpectedly.");
    expect((await bench.run(job)).answer.outcome.statusCode).toBe(0);
    expect(await sandboxOf("guest/cut-off")).not.toBe(id);
  });

  it("is made ahead while new actions come, and is not missed where all are gone", async () => {
    await bench.run(quick("guest/new-1", { namespaceId: "new" }));
    const spares = async () => {
      const all = await sandboxes();
      const used = (await labelled("io.edgewhisk.kind")).map(
        async ({ Id }) => (await docker.getContainer(Id).inspect()).HostConfig.NetworkMode,
      );
      const taken = new Set(await Promise.all(used));
      return all.filter((each) => !taken.has(`container:${each.Id}`)).length;
    };
    await expect.poll(spares).toBeGreaterThan(1);
    for (const { Id } of await sandboxes()) await removed(Id);
    const ran = await bench.run(quick("guest/new-2", { namespaceId: "newer" }));
    expect(ran.answer.outcome).toEqual({ statusCode: 0, result: "{}" });
  });
});
