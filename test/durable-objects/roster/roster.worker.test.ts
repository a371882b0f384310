// Hosts and their tokens, schedulers and waiting stores, in workerd.

import { abortAllDurableObjects, reset } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { ROSTER_NAME } from "../../../src/protocol/names.ts";
import type { RosterEntry } from "../../../src/protocol/rpc.ts";
import { testEnv } from "../host.worker.ts";

const roster = () => testEnv().ROSTER.getByName(ROSTER_NAME);

const entry: RosterEntry = {
  ...{ scheduler: "one/0", host: "one", connected: true, draining: false, memory: 1024, engine: "docker" },
  ...{ build: "b", blackbox: true, runtimes: [{ kind: "nodejs:20", image: "i", digest: "d" }], since: 5, epoch: 2 },
};

afterEach(() => reset());

async function tokenOf(name: string, options = { rotate: false }): Promise<string> {
  const made = await roster().createHost(name, options);
  if (made.kind !== "made") throw new Error(made.kind);
  return made.token;
}

test("a host's token opens its name, survives the object, and is worth nothing after it was revoked or replaced", async () => {
  const token = await tokenOf("one");
  expect(token).toMatch(/^ewh\.one\.[A-Za-z0-9_-]{43}$/);
  await abortAllDurableObjects();
  expect(await roster().authenticate(token)).toEqual({ host: "one", shards: 1 });
  const newer = await tokenOf("one", { rotate: true });
  expect(await roster().authenticate(token)).toBeNull();
  expect((await roster().hosts()).map((host) => host.name)).toEqual(["one"]);
  expect(await roster().revokeHost("one")).toBe(true);
  expect(await roster().revokeHost("one")).toBe(false);
  expect(await roster().authenticate(newer)).toBeNull();
});

test("a name in use is not given again unasked: the token there is stays good", async () => {
  const token = await tokenOf("one");
  expect(await roster().createHost("one", { rotate: false })).toEqual({ kind: "exists" });
  expect(await roster().authenticate(token)).toEqual({ host: "one", shards: 1 });
  const both = await Promise.all([1, 2].map(() => roster().createHost("two", { rotate: false })));
  expect(both.map((each) => each.kind).sort()).toEqual(["exists", "made"]);
});

test.each(["", "-a", "A", "a".repeat(64), "a/b", "a.b"])("'%s' is no host name", async (name) => {
  expect(await roster().createHost(name, { rotate: false })).toMatchObject({ kind: "bad-name" });
});

test.each(["", "ewh.one", "ewh.one.short", `ewh.two.${"a".repeat(43)}`, `xxx.one.${"a".repeat(43)}`])(
  "'%s' is nobody's token",
  async (token) => {
    await tokenOf("one");
    expect(await roster().authenticate(token)).toBeNull();
  },
);

test("schedulers are kept as they last reported; one that has forgotten its host only says that it is gone", async () => {
  await tokenOf("one");
  await roster().report(entry);
  await roster().report({ ...entry, since: 9 });
  await abortAllDurableObjects();
  expect(await roster().schedulers()).toEqual([entry]);
  const nothing = { memory: 0, engine: "", build: "", blackbox: false, runtimes: [] };
  await roster().report({ ...entry, ...nothing, connected: false, since: 12 });
  await roster().report({ ...entry, ...nothing, scheduler: "one/1", connected: false });
  expect(await roster().schedulers()).toEqual([{ ...entry, connected: false, since: 12 }]);
});

test("a superseded incarnation that misses its host does not take it from the one that has it", async () => {
  await tokenOf("one");
  await roster().report(entry);
  await roster().report({ ...entry, connected: false, epoch: 1 });
  expect(await roster().schedulers()).toEqual([entry]);
  await roster().report({ ...entry, connected: false });
  expect(await roster().schedulers()).toEqual([{ ...entry, connected: false }]);
});

test("a word of the same incarnation that was overtaken by a later one changes nothing", async () => {
  await tokenOf("one");
  await roster().report({ ...entry, since: 20 });
  await roster().report({ ...entry, connected: false, since: 19 });
  expect(await roster().schedulers()).toEqual([{ ...entry, since: 20 }]);
});

test("a host that comes hears who waits; one that goes, drains or is unhealthy hears nothing", async () => {
  await roster().waiting("ns:01", true);
  await roster().waiting("ns:02", true);
  await roster().waiting("ns:02", false);
  await abortAllDurableObjects();
  await tokenOf("one");
  expect(await roster().report(entry)).toEqual(["ns:01"]);
  expect(await roster().report({ ...entry, connected: false })).toEqual([]);
  expect(await roster().report({ ...entry, draining: true })).toEqual([]);
  expect(await roster().report({ ...entry, unhealthy: "disk" })).toEqual([]);
});

test("words of a host that were under way when it was revoked leave nothing, and it is told so", async () => {
  await tokenOf("one");
  expect(await roster().report(entry)).toEqual([]);
  await roster().revokeHost("one");
  expect(await roster().report({ ...entry, since: 6 })).toBeNull();
  expect(await roster().schedulers()).toEqual([]);
});
