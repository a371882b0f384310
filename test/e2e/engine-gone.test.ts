// The whole platform on an engine that goes away: what the administrator sees, what becomes of calls, and that all of
// it comes back by itself.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDocker } from "../../runtime-host/engine/docker/connect.ts";
import { dockerLacks } from "../support/docker-lacks.ts";
import { carry, noOwnEngine, type OwnEngine, startOwnEngine } from "../support/dockerd.ts";
import { basic, GUEST, type Platform, startPlatform } from "../support/platform.ts";
import type { Loose } from "./engines.ts";

const missing = await dockerLacks("the platform on an engine that goes away", {
  images: ["nodejs:20"],
  more: noOwnEngine,
});

describe.skipIf(missing !== null)(`an engine that goes away${missing === null ? "" : ` [${missing}]`}`, () => {
  let engine: OwnEngine;
  let platform: Platform;

  beforeAll(async () => {
    const machines = await connectDocker();
    engine = await startOwnEngine({ megabytes: 1024 });
    const images = await machines.listImages({ filters: { label: ["io.edgewhisk.kind=nodejs:20"] } });
    const newest = images.toSorted((a, b) => b.Created - a.Created).flatMap((each) => each.RepoTags ?? []);
    await carry(newest.find((tag) => tag.startsWith("edgewhisk/action-")) ?? "", machines, engine.docker);
    platform = await startPlatform({ engine: "docker", env: { DOCKER_HOST: engine.host } });
  });
  afterAll(async () => {
    await platform?.stop();
    await engine?.close();
  });

  async function ask(path: string, options: { method?: string; body?: object; key?: string } = {}): Promise<Loose> {
    const answer = await fetch(`${platform.url}${path}`, {
      method: options.method ?? "GET",
      headers: { authorization: options.key ?? basic(GUEST), "content-type": "application/json" },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    return { status: answer.status, json: await answer.json().catch(() => null) };
  }
  const actions = "/api/v1/namespaces/_/actions";
  const put = (name: string, exec: object) => ask(`${actions}/${name}`, { method: "PUT", body: { exec } });
  const states = async () => Object.values((await ask("/invokers")).json);
  const record = (id: string) =>
    expect
      .poll(async () => (await ask(`/api/v1/namespaces/_/activations/${id}`)).status)
      .toBe(200)
      .then(async () => (await ask(`/api/v1/namespaces/_/activations/${id}`)).json);

  it("calls are kept while it is gone, and run when it is back; its absence is shown with the reason", async () => {
    await put("kept", { kind: "nodejs:20", code: "function main(a) { return { hello: a.name }; }" });
    expect((await ask(`${actions}/kept?blocking=true&result=true`, { method: "POST", body: {} })).status).toBe(200);
    engine.signal("SIGKILL");
    await expect.poll(states).toEqual(["unhealthy"]);
    const { adminToken } = JSON.parse(readFileSync(join(platform.state, "secrets.json"), "utf8"));
    const shown = await ask("/admin/v1/schedulers", { key: `Bearer ${adminToken}` });
    expect(shown.json).toMatchObject([
      { unhealthy: "the Docker engine does not answer", security: { level: "containers" } },
    ]);
    const accepted = await ask(`${actions}/kept`, { method: "POST", body: { name: "later" } });
    expect(accepted.status).toBe(202);
    await engine.ended();
    await engine.up();
    await expect.poll(states).toEqual(["up"]);
    expect((await record(accepted.json.activationId)).response).toMatchObject({
      status: "success",
      result: { hello: "later" },
    });
  });

  it("an image that cannot be pulled is an error of the activation, with the reason in its logs", async () => {
    await put("nowhere", { kind: "blackbox", image: "127.0.0.1:1/nobody/nothing:1" });
    const answer = await ask(`${actions}/nowhere?blocking=true`, { method: "POST", body: {} });
    expect(answer.status).toBe(502);
    expect(answer.json.response).toMatchObject({
      status: "action developer error",
      result: { error: "Failed to pull container image '127.0.0.1:1/nobody/nothing:1'." },
    });
    const { logs } = await record(answer.json.activationId);
    expect(logs).toEqual([expect.stringMatching(/stderr: The image could not be pulled: .*connection refused/)]);
    expect(await states()).toEqual(["up"]);
  });
});
