// How much a namespace may call: by the minute and at once. Parity 1.3 and 9. Needs edgewhisk's admin API.

import { expect } from "vitest";
import { withinOneMinute } from "../support/minutes.ts";
import { invoke, put, secondKey } from "./owners.ts";
import { ask, code, ECHO, line, pair, recordOf, tenant, useApi } from "./suite.ts";

await useApi();

const needs = "admin";

line(
  "1.32",
  "a limit of 0 refuses every call, and nothing else",
  async () => {
    for (const limits of [{ invocationsPerMinute: 0 }, { concurrentInvocations: 0 }]) {
      const owner = await tenant(limits);
      expect((await put(owner, "never", code(ECHO))).status).toBe(200);
      expect((await invoke(owner, "never")).status).toBe(429);
      expect((await ask("POST", "actions/never", { key: owner.key, body: {} })).status).toBe(429);
      expect((await ask("GET", "actions/never", { key: owner.key })).status).toBe(200);
    }
    const { key } = await tenant({ firesPerMinute: 0 });
    for (const [verb, status] of [
      ["PUT", 200],
      ["POST", 429],
      ["DELETE", 200],
    ] as const)
      expect([verb, (await ask(verb, "triggers/never", { key, body: {} })).status]).toEqual([verb, status]);
  },
  { needs },
);

line(
  "9.01 9.02 9.05 9.07 9.11",
  "calls per minute are counted by namespace, refused ones and those of missing or others' actions too; the rest is not",
  async () => {
    const owner = await tenant({ invocationsPerMinute: 3 });
    const other = { ...owner, key: await secondKey(owner) };
    const beside = await tenant({ invocationsPerMinute: 3 });
    const tooMany = (count: number) => `Too many requests in the last minute (count: ${count}, allowed: 3).`;
    await withinOneMinute(async () => {
      for (const each of [owner, beside]) await put(each, "rated", code(ECHO));
      for (const name of ["rated", "nobody"]) await invoke(owner, name);
      const path = "/api/v1/namespaces/nowhere/actions/theirs";
      expect((await ask("POST", path, { key: owner.key, body: {} })).status).toBe(403);
      expect((await ask("POST", path, { key: owner.key, body: {} })).json.error).toBe(tooMany(4));
      const refused = await invoke(owner, "rated");
      expect(refused).toMatchObject({
        status: 429,
        json: { error: tooMany(5), code: expect.any(String) },
      });
      expect(refused.headers.get("retry-after")).toBeNull();
      expect((await invoke(other, "nobody")).json.error).toBe(tooMany(6));
      expect((await invoke(beside, "rated")).status).toBe(200);
      for (const [verb, path, body] of [
        ["GET", "actions/rated"],
        ["GET", "actions"],
        ["GET", "activations"],
        ["PUT", "actions/rated?overwrite=true", code(ECHO)],
        ["PUT", "triggers/t", {}],
        ["DELETE", "triggers/t"],
        ["DELETE", "actions/rated"],
      ] as const)
        expect([verb, path, (await ask(verb, path, { key: owner.key, body })).status]).toEqual([verb, path, 200]);
      expect((await invoke(owner, "nobody")).json.error).toBe(tooMany(7));
    });
  },
  { needs },
);

line(
  "9.03",
  "what runs at once is bounded, and free again when it has ended",
  async () => {
    const owner = await tenant({ concurrentInvocations: 2 });
    await put(owner, "slow", code("function main(a) { return new Promise((r) => setTimeout(() => r({}), a.ms)); }"));
    // Nobody comes for so long that what counts might have been forgotten by whoever counts.
    const held = await invoke({ ...owner, key: await secondKey(owner) }, "slow", { ms: 25_000 }, "");
    const waited = invoke(owner, "slow", { ms: 25_000 });
    await new Promise((done) => setTimeout(done, 13_000));
    expect(await invoke(owner, "slow", { ms: 0 })).toMatchObject({
      status: 429,
      json: { error: "Too many concurrent requests in flight (count: 2, allowed: 2)." },
    });
    // Nobody waits for the one, with another key of the same namespace.
    expect([held.status, (await waited).status]).toEqual([202, 200]);
    expect((await recordOf(held.json.activationId, owner.key)).response.success).toBe(true);
    await expect.poll(async () => (await invoke(owner, "slow", { ms: 0 })).status).toBe(200);
  },
  { needs },
);

line(
  "9.09 5.07",
  "a web action counts against its owner, whoever calls",
  async () => {
    const owner = await tenant({ invocationsPerMinute: 1 });
    const caller = await tenant();
    await put(owner, "web", code(ECHO, { annotations: [pair("web-export", true)] }));
    const call = () => ask("GET", `/api/v1/web/${owner.namespace}/default/web.json`, { key: caller.key });
    const [first, second] = await withinOneMinute(async () => [await call(), await call()] as const);
    expect(first.status).toBe(200);
    const record = await recordOf(first.headers.get("x-openwhisk-activation-id") ?? "", owner.key);
    expect(record).toMatchObject({ namespace: owner.namespace, subject: owner.subject });
    expect(second).toMatchObject({
      status: 429,
      json: { error: "Too many requests in the last minute (count: 2, allowed: 1)." },
    });
  },
  { needs },
);
