// Black box images from a real registry with a password, on the real engine.

import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDocker } from "../../../../runtime-host/engine/docker/connect.ts";
import { DockerPulls } from "../../../../runtime-host/engine/docker/pulls.ts";
import { parsePull, type RegistryOptions } from "../../../../runtime-host/engine/registry/registry-rules.ts";
import { createLogger } from "../../../../runtime-host/program/logger.ts";
import { dockerLacks } from "../../../support/docker-lacks.ts";
import { forgetAll, hasRegistry, push, type Registry, startRegistry, USER } from "../../../support/registry.ts";
import { silent } from "../../support.ts";
import { type Bench, errorOf, jobOf, openBench, type Ran } from "../actions.ts";

const missing = await dockerLacks("black box images from a registry", {
  more: () => (hasRegistry() ? null : "docker-registry is not installed (Debian's package of that name)"),
});

const SOURCE = "function main(){return {mark:process.env.MARK}}";

describe.skipIf(missing !== null)(`black box images from a registry${missing === null ? "" : ` (${missing})`}`, () => {
  let docker: Docker;
  let registry: Registry;
  let folder: string;
  let base: string;
  const benches: Bench[] = [];
  const logged: string[] = [];
  let names = 0;

  beforeAll(async () => {
    docker = await connectDocker();
    registry = await startRegistry();
    folder = mkdtempSync(join(tmpdir(), "edgewhisk-auth-"));
    const bench = await open({});
    const kind = bench.kind("nodejs");
    base = bench.containers.runtimes().find((each) => each.kind === kind)?.digest ?? "";
  });
  afterAll(async () => {
    for (const bench of benches) await bench.close();
    await forgetAll(docker, registry.address);
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
    expect(logged.join("")).not.toContain(USER.password);
    expect(logged.join("")).not.toContain(Buffer.from(`${USER.username}:${USER.password}`).toString("base64"));
  });

  async function open(registries: Partial<RegistryOptions> & { rules?: string }, changed = () => {}): Promise<Bench> {
    const { rules = "auto", ...rest } = registries;
    const pull = parsePull(rules) ?? new Map();
    const auth = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
    const bench = await openBench({
      engine: "docker",
      changed,
      log: createLogger({ level: "debug", write: (line) => logged.push(line) }),
      images: {
        prefix: "edgewhisk/action-",
        tag: "",
        registries: {
          pull,
          userRegistry: "",
          credentials: { text: JSON.stringify({ auths: { [registry.address]: { auth } } }) },
          retryEvery: 200,
          ...rest,
        },
      },
    });
    benches.push(bench);
    return bench;
  }

  const fresh = (tag: string) => `${registry.address}/mine/image-${++names}${tag}`;
  const put = (name: string, mark: string) => push(docker, name, { base, mark });
  const run = (bench: Bench, image: string): Promise<Ran> => bench.run(jobOf("blackbox", SOURCE, { image }));
  const markOf = (ran: Ran) => (JSON.parse(ran.answer.outcome.result) as { mark?: string }).mark;

  it("are pulled with the operator's credentials, read anew from their file, and refused honestly without", async () => {
    const image = fresh(":1");
    await put(image, "private");
    const file = join(folder, "config.json");
    writeFileSync(file, '{"auths":{}}');
    const bench = await open({ credentials: { file } });
    const refused = await run(bench, image);
    expect(refused.answer).toMatchObject({ ran: false, outcome: { statusCode: 2 } });
    expect(errorOf(refused)).toBe(`Failed to pull container image '${image}'.`);
    expect(refused.lines).toHaveLength(1);
    expect(refused.lines[0]).toMatch(/^stderr: The image could not be pulled: .*no basic auth credentials/);
    expect(bench.containers.impaired?.()).toBeNull();
    writeFileSync(file, JSON.stringify({ auths: { [`http://${registry.address}/v2/`]: USER } }));
    expect(markOf(await run(bench, image))).toBe("private");
    writeFileSync(file, "{");
    const unread = await run(bench, fresh(":1"));
    expect(unread.lines[0]).toContain("the registry credentials are not in the form of Docker's config.json");
  });

  it("of a registry whose credentials are no credentials keep the host from starting, in one sentence", async () => {
    await expect(open({ credentials: { file: join(folder, "absent.json") } })).rejects.toThrow(
      /registry credentials in .*absent\.json cannot be read \(ENOENT\)/,
    );
  });

  it("follow a tag that moves where it is `latest` or the rule is `always`, and do not where it is `missing`", async () => {
    const bench = await open({});
    const always = await open({ rules: `${registry.address}=always` });
    const lazy = await open({ rules: `${registry.address}=missing,*=always` });
    for (const tag of ["", ":1"]) {
      const image = fresh(tag);
      await put(image, "first");
      expect(markOf(await run(lazy, image))).toBe("first");
      const { Id } = await docker.getImage(image).inspect();
      await put(`${image}${tag === "" ? ":latest" : ""}`, "second");
      const repo = tag === "" ? image : image.slice(0, -tag.length);
      await docker.getImage(Id).tag({ repo, tag: tag === "" ? "latest" : "1" });
      expect(markOf(await run(lazy, image))).toBe("first");
      expect(markOf(await run(bench, image))).toBe("second");
      await docker.getImage(Id).tag({ repo, tag: tag === "" ? "latest" : "1" });
      expect(markOf(await run(always, image))).toBe("second");
      expect(markOf(await run(lazy, image))).toBe("second");
    }
  });

  it("are not pulled where the rule is `never`, and run there if they are here", async () => {
    const image = fresh(":1");
    await put(image, "here");
    const bench = await open({ rules: "never" });
    const ran = await run(bench, image);
    expect(errorOf(ran)).toBe(`Failed to pull container image '${image}'.`);
    expect(ran.lines[0]).toContain("it is not on this host, which may not pull it");
    expect(markOf(await run(await open({}), image))).toBe("here");
    expect(markOf(await run(bench, image))).toBe("here");
  });

  it("named by digest stay what they are, whatever becomes of the tag; another content has no such name", async () => {
    const image = fresh(":1");
    const digest = await put(image, "pinned");
    await put(image, "moved");
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const bench = await open({});
    expect(markOf(await run(bench, image))).toBe("moved");
    expect(markOf(await run(bench, `${image}@${digest}`))).toBe("pinned");
    expect(markOf(await run(bench, image))).toBe("moved");
    const wrong = `${image}@sha256:${"0".repeat(64)}`;
    const ran = await run(bench, wrong);
    expect(errorOf(ran)).toBe(`Failed to pull container image '${wrong}'.`);
    expect(bench.containers.impaired?.()).toBeNull();
  });

  it("without a registry in their name come from the one for users' images", async () => {
    const image = fresh(":1");
    await put(image, "users");
    const bench = await open({ userRegistry: registry.address });
    expect(markOf(await run(bench, image.slice(registry.address.length + 1)))).toBe("users");
  });

  it("cannot pose as the runtime of a kind, nor take its name", async () => {
    const image = fresh(":1");
    await put(image, "posing");
    const bench = await open({});
    const before = bench.containers.runtimes();
    expect(markOf(await run(bench, image))).toBe("posing");
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(bench.containers.runtimes()).toEqual(before);
    const ours = await run(bench, "docker.io/edgewhisk/action-nodejs-24:evil");
    expect(ours.lines[0]).toContain("it is not on this host, which may not pull it");
  });

  it("of a registry that is down: local tags run, others say why, the host says so, serves, and recovers", async () => {
    const local = fresh(":1");
    const remote = fresh(":1");
    await put(local, "local");
    await put(remote, "remote");
    let changes = 0;
    const bench = await open({}, () => changes++);
    expect(markOf(await run(bench, local))).toBe("local");
    await registry.down();
    try {
      expect(markOf(await run(bench, local))).toBe("local");
      const ran = await run(bench, remote);
      expect(errorOf(ran)).toBe(`Failed to pull container image '${remote}'.`);
      expect(ran.lines[0]).toMatch(/connection refused/);
      expect(bench.containers.impaired?.()).toMatch(
        new RegExp(`^images cannot be pulled from ${registry.address}: .*connection refused`),
      );
      expect(bench.containers.unhealthy()).toBeNull();
      expect((await bench.run(jobOf(bench.kind("nodejs"), SOURCE))).answer.outcome.statusCode).toBe(0);
    } finally {
      await registry.up();
    }
    await expect.poll(() => bench.containers.impaired?.()).toBeNull();
    expect(changes).toBeGreaterThanOrEqual(2);
    expect(markOf(await run(bench, remote))).toBe("remote");
  });

  it("make room when the disk is full, except those that containers are made of", async () => {
    const [needed, idle] = [fresh(":1"), fresh(":1")];
    await put(needed, "needed");
    await put(idle, "idle");
    const registries = {
      pull: new Map(),
      userRegistry: "",
      credentials: { text: JSON.stringify({ auths: { [registry.address]: USER } }) },
    };
    const pulls = new DockerPulls(docker, { prefix: "edgewhisk/action-", registries, log: silent, changed() {} });
    for (const image of [needed, idle]) expect(await pulls.fetch(image)).toEqual({ ok: true });
    const container = await docker.createContainer({ Image: needed });
    try {
      expect(await pulls.shed()).toBe(1);
      expect(await pulls.find(idle)).toBeNull();
      expect(await pulls.find(needed)).not.toBeNull();
      expect(await pulls.shed()).toBe(0);
    } finally {
      await container.remove();
    }
    expect(await pulls.shed()).toBe(1);
    expect(await pulls.fetch(idle)).toEqual({ ok: true });
  });

  it("of a registry that never answers hold up nobody else", async () => {
    const dead = createServer().listen(0, "127.0.0.1");
    await once(dead, "listening");
    const { port } = dead.address() as AddressInfo;
    const bench = await open({});
    const hanging = Array.from({ length: 8 }, (_, at) => run(bench, `127.0.0.1:${port}/x${at}:1`));
    const settled = Promise.allSettled(hanging);
    let over = 0;
    for (const each of hanging) each.finally(() => over++).catch(() => {});
    for (let at = 0; at < 3; at++)
      expect((await bench.run(jobOf(bench.kind("nodejs"), SOURCE))).answer.outcome.statusCode).toBe(0);
    expect(over, "pulls that ended before others had run").toBeLessThan(hanging.length);
    dead.close();
    await bench.containers.stop({ fast: true });
    for (const each of await settled) expect(each.status).toBe("rejected");
  });
});
