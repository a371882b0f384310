// The engine that isolates, against a real Docker engine with our images.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDocker } from "../../../../runtime-host/engine/docker/connect.ts";
import { tarStream } from "../../../../runtime-host/runtimes/tar.ts";
import { dockerLacks } from "../../../support/docker-lacks.ts";
import { silent } from "../../support.ts";
import { type Bench, errorOf, jobOf, openBench } from "../actions.ts";
import { runsActions } from "../engine-suite.ts";

const missing = await dockerLacks("the Docker engine's tests", { images: ["nodejs", "python"] });

if (missing !== null) {
  describe.skip(`the Docker engine (${missing})`, () => it("is tested where there is one", () => {}));
} else {
  runsActions("docker");
  describe("the Docker engine", () => isolates());
}

function isolates(): void {
  let bench: Bench;
  let api: { url: string; seen: string[]; close(): void };
  const name = `iso-${process.pid}`;
  const ours = async () => {
    const docker = await connectDocker();
    const filters = { label: [`io.edgewhisk.host=${name}`] };
    return (await docker.listContainers({ all: true, filters })).map((each) => docker.getContainer(each.Id));
  };
  /** Those of an action; its label has "_" for "/". */
  const ofAction = async (action: string) => {
    const docker = await connectDocker();
    const filters = { label: [`io.edgewhisk.host=${name}`, `io.edgewhisk.action=${action}`] };
    return (await docker.listContainers({ all: true, filters })).map((each) => docker.getContainer(each.Id));
  };
  /** What the engine says of ours. One that has gone since they were listed is none. */
  const inspected = async () => {
    const all = (await ours()).map((each) =>
      each.inspect().catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404) throw error;
        return null;
      }),
    );
    return (await Promise.all(all)).filter((each) => each !== null);
  };
  const js = (source: string, changes: Parameters<typeof jobOf>[2] = {}) =>
    jobOf(bench.kind("nodejs"), source, changes);

  beforeAll(async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers["cf-connecting-ip"]}`);
      request.pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    api = { url: `http://127.0.0.1:${port}`, seen, close: () => server.close() };
    bench = await openBench({ engine: "docker", name, apiUrl: api.url });
  });
  afterAll(async () => {
    await bench.close();
    api.close();
    expect(await ours()).toEqual([]);
  });

  it("names and labels containers and gives them nothing they do not need", async () => {
    await bench.run(js("function main(){return {}}", { path: "guest/pack/named" }));
    const all = await inspected();
    const it = all.find((each) => each.Config.Labels["io.edgewhisk.action"] === "guest_pack_named");
    expect(it?.Name).toMatch(/^\/edgewhisk-[0-9a-f]{16}$/);
    expect(it?.Config.Labels).toMatchObject({
      "io.edgewhisk.host": name,
      "io.edgewhisk.namespace": "guest",
      "io.edgewhisk.revision": "1",
    });
    expect(it?.HostConfig).toMatchObject({
      Memory: 256 * 1024 * 1024,
      MemorySwap: 256 * 1024 * 1024,
      PidsLimit: 128,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges", expect.stringMatching(/^seccomp=\{/)],
      LogConfig: { Type: "none" },
      NetworkMode: "edgewhisk",
    });
  });

  it("says in its log whose a prewarmed container has become, since labels stay", async () => {
    const kind = bench.kind("nodejs");
    const host = `${name}-prewarm`;
    const said: unknown[] = [];
    const log = { ...silent, info: (event: string, fields: unknown) => void said.push([event, fields]) };
    const prewarm = [{ kind, memory: 256, count: 1 }];
    const prewarmed = await openBench({ engine: "docker", name: host, prewarm, log });
    try {
      await expect.poll(() => prewarmed.containers.stats().prewarmed).toBe(1);
      await prewarmed.run(js("function main(){return {}}", { path: "guest/adopted", revision: "7-abc" }));
      const id = expect.stringMatching(/^[0-9a-f]{12}$/);
      expect(said).toContainEqual([
        "container-adopted",
        { id, namespace: "guest", action: "guest_adopted", revision: "7-abc" },
      ]);
    } finally {
      await prewarmed.close();
    }
  });

  it("counts a container without a run with what it holds, not with its limit", async () => {
    const container = { pids: 128, cpuShares: 0, idleTimeout: 600_000, pauseGrace: 50, max: 50 };
    const pausing = await openBench({ engine: "docker", name: `${name}-paused`, container });
    try {
      await pausing.run(js("function main(){return {}}", { limits: { memory: 512 } }));
      await expect.poll(() => pausing.containers.stats().paused).toBe(1);
      const { memoryUsed } = pausing.containers.stats();
      expect(memoryUsed).toBeGreaterThan(10);
      expect(memoryUsed).toBeLessThan(100);
    } finally {
      await pausing.close();
    }
  });

  it("names memory when the victim is a child of the action, and lets the next run be", async () => {
    const child = "const a=[];for(;;)a.push(Buffer.alloc(4e6,1))";
    const source = `function main(){const r=require('node:child_process').spawnSync(process.execPath,['-e',${JSON.stringify(child)}]);throw new Error('child: '+r.signal)}`;
    const ran = await bench.run(js(source));
    expect(errorOf(ran)).toBe("The action exhausted its memory and was aborted.");
  });

  it("holds a fork bomb, while a neighbour keeps answering", async () => {
    const neighbour = js("function main(){return {}}");
    await bench.run(neighbour);
    // It goes on until the system refuses, and says so 1.5 s later: until then the neighbour is to answer.
    const bomb = `
      const { spawn } = require("node:child_process");
      let failed = 0;
      function main() {
        return new Promise((done) => {
          const go = () => {
            for (let i = 0; i < 20; i++) spawn("sleep", ["60"]).on("error", () => failed++);
            if (failed) setTimeout(() => done({ failed: true }), 1500);
            else setTimeout(go, 1);
          };
          go();
        });
      }`;
    const exploding = bench.run(js(bomb, { limits: { timeout: 60_000 } }));
    for (let at = 0; at < 20; at++) {
      expect((await bench.run(neighbour)).answer.outcome.statusCode).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await exploding).answer.outcome.result).toBe('{"failed":true}');
  });

  it("ends a run clearly when its container is killed, and starts another for the next", async () => {
    const job = js("function main(a){return a.name==='wait'?new Promise(()=>{}):{}}", { path: "guest/killed" });
    await expect.poll(() => bench.containers.stats().running).toBe(0);
    const running = bench.run({ ...job, args: '{"name":"wait"}' });
    await expect.poll(() => bench.containers.stats().running).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const each of await ofAction("guest_killed")) await each.kill();
    const ran = await running;
    expect(errorOf(ran)).toBe("The action did not produce a valid response and exited unexpectedly.");
    expect((await bench.run(job)).answer.outcome.statusCode).toBe(0);
  });

  it("notices that an idle container has gone, and runs elsewhere", async () => {
    const job = js("function main(){return {}}", { path: "guest/vanished" });
    await bench.run(job);
    for (const each of await ofAction("guest_vanished")) await each.kill();
    const { answer } = await bench.run(job);
    expect(answer.outcome).toEqual({ statusCode: 0, result: "{}" });
    expect(answer.initTime).toBeDefined();
  });

  it("removes at start what an earlier host of its name left behind, and nobody else's", async () => {
    const docker = await connectDocker();
    const Image = bench.containers.runtimes()[0]?.image ?? "";
    const leave = (host: string) =>
      docker.createContainer({ Image, Labels: { "io.edgewhisk.host": host, "io.edgewhisk.boot": "earlier" } });
    const mine = await leave(`${name}-left`);
    const another = await leave(`${name}-another`);
    try {
      const second = await openBench({ engine: "docker", name: `${name}-left` });
      await second.close();
      await expect(mine.inspect()).rejects.toMatchObject({ statusCode: 404 });
      await another.inspect();
    } finally {
      await another.remove();
      await mine.remove().catch(() => undefined);
    }
  });

  it("removes strays that carry its label while it runs", async () => {
    const docker = await connectDocker();
    const Image = bench.containers.runtimes()[0]?.image ?? "";
    await bench.run(js("function main(){return {}}"));
    // From the list, since one that is listed may have gone when it is asked for.
    const filters = { label: [`io.edgewhisk.host=${name}`] };
    const boot = (await docker.listContainers({ all: true, filters }))[0]?.Labels["io.edgewhisk.boot"] ?? "";
    expect(boot).not.toBe("");
    const labels = [{}, { "io.edgewhisk.boot": "earlier" }, { "io.edgewhisk.boot": boot }];
    const strays = await Promise.all(
      labels.map((each) => docker.createContainer({ Image, Labels: { "io.edgewhisk.host": name, ...each } })),
    );
    const left = async () => {
      const ids = new Set((await ours()).map((each) => each.id));
      return strays.filter((stray) => ids.has(stray.id)).length;
    };
    await expect.poll(left, { interval: 500 }).toBe(0);
  });

  it("leaves no stray of its own when it ends, however young", async () => {
    const host = `${name}-ending`;
    const ending = await openBench({ engine: "docker", name: host });
    const docker = await connectDocker();
    const filters = { label: [`io.edgewhisk.host=${host}`] };
    const list = () => docker.listContainers({ all: true, filters });
    await ending.run(js("function main(){return {}}"));
    // Not what holds a network for the next.
    const made = (await list()).find((each) => each.Labels["io.edgewhisk.kind"] !== undefined);
    const Labels = { "io.edgewhisk.host": host, "io.edgewhisk.boot": made?.Labels["io.edgewhisk.boot"] ?? "" };
    await docker.createContainer({ Image: made?.Image ?? "", Labels });
    await ending.close();
    expect(await list()).toEqual([]);
  });

  it("lets actions reach the API, its paths only, and no other container", async () => {
    const source = `async function main(a){const out={};
      for(const path of a.paths)try{const r=await fetch(process.env.__OW_API_HOST+path,{method:'POST',body:'hi',headers:{'cf-connecting-ip':'127.0.0.1'}});out[path]=r.status+' '+(await r.text()).slice(0,20)}catch(e){out[path]=String(e.cause?.code??e)}
      return out}`;
    const paths = [
      "/api/v1/namespaces?x=1",
      "/cdn-cgi/x",
      "/admin/v1/hosts",
      "/host/v1/connect",
      "/api/v1/../../admin",
    ];
    const ran = await bench.run(js(source, { args: JSON.stringify({ paths }) }));
    const result = JSON.parse(ran.answer.outcome.result) as Record<string, string>;
    expect(result["/api/v1/namespaces?x=1"]).toBe("200 hi");
    for (const path of paths.slice(1)) expect(result[path]).toMatch(/^404 /);
    expect(api.seen).toEqual([`POST /api/v1/namespaces?x=1 ${new URL(api.url).host} undefined`]);
    const info = await inspected();
    const hosts = info.map((each) => each.NetworkSettings.Networks.edgewhisk?.IPAddress).filter(Boolean);
    const probe = `async function main(a){const me=Object.values(require('node:os').networkInterfaces()).flat().map(i=>i.address);const out=[];
      for(const h of a.hosts){if(me.includes(h))continue;try{await fetch('http://'+h+':8080/hello',{signal:AbortSignal.timeout(500)});out.push(h)}catch{}}return {reached:out}}`;
    const reached = await bench.run(js(probe, { args: JSON.stringify({ hosts }) }));
    expect(hosts.length).toBeGreaterThan(0);
    expect(reached.answer.outcome.result).toBe('{"reached":[]}');
  });

  it("says which image could not be pulled, in the record of the run", async () => {
    const ran = await bench.run(jobOf("blackbox", "", { image: "127.0.0.1:1/nobody/nothing:1" }));
    expect(ran.answer).toMatchObject({ ran: false, outcome: { statusCode: 2 } });
    expect(errorOf(ran)).toBe("Failed to pull container image '127.0.0.1:1/nobody/nothing:1'.");
  });

  it("runs a black box image that is here", async () => {
    const image = bench.containers.runtimes().find((each) => each.kind === bench.kind("nodejs"))?.image ?? "";
    const ran = await bench.run(jobOf("blackbox", "function main(a){console.log('x');return a}", { image }));
    expect(ran.answer.outcome).toEqual({ statusCode: 0, result: '{"name":"world"}' });
    expect(ran.lines).toEqual(["stdout: x"]);
  });

  it.each([
    [
      "says why it does not start",
      "echo starting; echo 'no such library' >&2; exit 3",
      { code: 2, error: /during initialization|exited unexpectedly/ },
    ],
    [
      "prints before it serves",
      "echo loading >&2; exec node --expose-gc /edgewhisk/server.js",
      { code: 0, error: /^$/ },
    ],
  ])("gives a run what its black box printed before /init: one that %s", async (_name, script, { code, error }) => {
    const base = bench.containers.runtimes().find((each) => each.kind === bench.kind("nodejs"))?.image ?? "";
    const image = await imageOf(base, script);
    try {
      const ran = await bench.run(jobOf("blackbox", "function main(a){console.log('x');return {}}", { image }));
      expect(ran.answer.outcome.statusCode).toBe(code);
      expect(code === 0 ? "" : errorOf(ran)).toMatch(error);
      const dies = ["stderr: no such library", "stdout: starting"];
      expect(ran.lines.toSorted()).toEqual(code === 0 ? ["stderr: loading", "stdout: x"] : dies);
    } finally {
      await (await connectDocker()).getImage(image).remove({ force: true });
    }
  });
}

/** An image like `base` that starts as `script` says. */
async function imageOf(base: string, script: string): Promise<string> {
  const docker = await connectDocker();
  const name = `edgewhisk-test/blackbox-${process.pid}:${Date.now()}`;
  const text = `FROM ${base}\nENTRYPOINT ${JSON.stringify(["/bin/sh", "-c", script])}\n`;
  const context = tarStream([{ type: "text", name: "Dockerfile", mode: 0o644, text }]);
  const stream = await docker.buildImage(context, { t: name });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (failed) => (failed ? reject(failed) : resolve()));
  });
  return name;
}
