// The one-machine mode on a disk that is nearly full, full, and has room again. On the process engine: what differs
// with Docker is the engine's own disk.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { slowness } from "../support/machine-pace.ts";
import { basic, GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { noSmallDisk, type SmallDisk, smallDisk } from "../support/small-disk.ts";

const MB = 1024 * 1024;
const CODE = "function main() { return { served: true }; }";

describe.skipIf(noSmallDisk !== null)(`a disk of its own ${noSmallDisk ?? ""}`, () => {
  let disk: SmallDisk;
  let platform: Platform | null = null;
  beforeEach(() => {
    disk = smallDisk(160);
  });
  afterEach(async () => {
    await platform?.stop();
    platform = null;
    disk.remove();
  });

  const start = (env: Record<string, string>) =>
    startPlatform({ engine: "process", state: `${disk.folder}/state`, env });

  async function ask(method: string, path: string, body?: unknown, key = GUEST) {
    const answer = await fetch(`${platform?.url}${path}`, {
      method,
      headers: { authorization: basic(key), "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, json: JSON.parse(await answer.text()) };
  }
  const actions = "/api/v1/namespaces/_/actions";
  const put = (name: string, code = CODE) =>
    ask("PUT", `${actions}/${name}?overwrite=true`, { exec: { kind: "nodejs:default", code } });
  /** The key of a namespace whose calls are counted. */
  async function limited({ url, state }: Platform): Promise<string> {
    const { adminToken } = JSON.parse(readFileSync(join(state, "secrets.json"), "utf8"));
    const answer = await fetch(`${url}/admin/v1/identities`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({ subject: "counted", limits: { invocationsPerMinute: 1_000, concurrentInvocations: 10 } }),
    });
    const { key } = (await answer.json()) as { key: string };
    return key;
  }
  const served = () => ask("POST", `${actions}/served?blocking=true&result=true`, {}).catch(String);

  it("below --min-disk the start says so at once, with the host's own reason and the way out", async () => {
    const began = performance.now();
    await expect(start({ EDGEWHISK_MIN_DISK: "1000" })).rejects.toThrow(
      /The runtime host takes nothing: the disk of \S+ is full: \d+ MB are free, 1000 must be\. Make room, or .*EDGEWHISK_MIN_DISK/,
    );
    console.log(`told after ${Math.round(performance.now() - began)} ms`);
    disk.fill();
    await expect(start({})).rejects.toThrow(
      /The state folder \S+ cannot be written \(ENOSPC\)|The disk of \S+ is full/,
    );
  });

  it("a full one is told to callers (503), in the log and by the status; with room again it serves within 10 s", async () => {
    platform = await start({ EDGEWHISK_MIN_DISK: "20" });
    expect((await put("served")).status).toBe(200);
    expect(await served()).toEqual({ status: 200, json: { served: true } });
    const key = await limited(platform);
    const bounded = (body = {}) => ask("POST", `${actions}/served?blocking=true`, body, key);
    expect((await ask("PUT", `${actions}/served`, { exec: { kind: "nodejs:default", code: CODE } }, key)).status).toBe(
      200,
    );
    expect((await bounded()).status).toBe(200);
    disk.fill();
    // Longer than an object stays in memory, and than the host and the platform look away.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    const refusal = /^The platform cannot store or read what it must: the disk with its state is full: 0 MB are free/;
    const began = performance.now();
    const large = [
      put("long", `// ${"x".repeat(2 * MB)}\n${CODE}`),
      ask("POST", `${actions}/served`, { long: "x".repeat(300_000) }),
    ];
    for (const { status, json } of await Promise.all(large)) {
      expect(status).toBe(503);
      expect(json.error).toMatch(refusal);
    }
    // A database may have room of its own: what is small is taken and kept, or refused like the rest.
    const small = await Promise.all([put("another"), ask("POST", `${actions}/served`, {})]);
    const accepted = small.flatMap(({ json }) => json.activationId ?? []);
    for (const { status, json } of small) if (status >= 300) expect(json.error).toMatch(refusal);
    // What counts the calls of a namespace with limits may be unable to write, too:
    // nothing is started that is not counted.
    const counted = await Promise.all([bounded(), bounded(), ask("POST", `${actions}/served`, {}, key)]);
    for (const { status, json } of counted) {
      if (status >= 300) expect([status, json.error]).toEqual([503, expect.stringMatching(refusal)]);
    }
    const ours = counted.flatMap(({ json }) => json.activationId ?? []);
    expect((performance.now() - began) / slowness()).toBeLessThan(10_000);
    expect(Object.values((await ask("GET", "/invokers")).json)).toEqual(["unhealthy"]);
    expect(await ask("GET", "/invokers/ready")).toMatchObject({
      status: 500,
      json: { unhealthy: "1/1", reason: expect.stringMatching(/is full/) },
    });
    expect(platform.output()).toMatch(/the disk of \S+ is full: 0 MB are free, 16 must be: calls .* answered 503/);

    disk.empty();
    const emptied = performance.now();
    await expect.poll(served, { interval: 200 }).toEqual({ status: 200, json: { served: true } });
    await expect.poll(async () => Object.values((await ask("GET", "/invokers")).json)).toEqual(["up"]);
    console.log(`served ${Math.round(performance.now() - emptied)} ms after there was room`);
    expect((await put("another")).status).toBe(200);
    const { json } = await ask("POST", `${actions}/served`, {});
    for (const id of [...accepted, json.activationId])
      await expect.poll(async () => (await ask("GET", `/api/v1/namespaces/_/activations/${id}`)).status).toBe(200);
    await expect.poll(async () => (await bounded()).status).toBe(200);
    for (const id of ours)
      await expect
        .poll(async () => (await ask("GET", `/api/v1/namespaces/_/activations/${id}`, undefined, key)).status)
        .toBe(200);
    // No more was let in than it may: what was refused on the full disk took no place that stays taken.
    const taken = async () => (await ask("GET", "/api/v1/namespaces/_/limits", undefined, key)).json.used;
    await expect.poll(taken).toMatchObject({ concurrentInvocations: 0, memoryInUse: 0 });
  });
});
