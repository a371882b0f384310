// Identities in D1: keys, several namespaces and subjects, limits, blocked subjects.

import { beforeEach, expect, test } from "vitest";
import { openStores } from "../../src/storage/open.ts";
import { testEnv, testSecret, testStores } from "./stores.worker.ts";

const { identities } = testStores();
const SECRET = "s".repeat(64);

beforeEach(async () => {
  const { DB } = testEnv();
  await DB.batch(["identities", "subjects", "namespaces"].map((table) => DB.prepare(`DELETE FROM ${table}`)));
});

function split(key: string): [string, string] {
  const at = key.indexOf(":");
  return [key.slice(0, at), key.slice(at + 1)];
}

test("a new identity has a random key that opens it", async () => {
  const made = await identities.create({ subject: "alice", namespace: "home" });
  expect(made?.key).toMatch(/^[0-9a-f-]{36}:[A-Za-z0-9]{64}$/);
  const [uuid, secret] = split(made?.key ?? "");
  expect(made).toEqual({
    subject: "alice",
    namespace: { name: "home", uuid },
    limits: {},
    key: made?.key,
    derived: false,
  });
  expect(await identities.byKey(uuid, secret)).toEqual(made);
  expect(await identities.byUuid(uuid)).toEqual(made);
  expect(await identities.byNamespace("home")).toEqual(made);
});

test("a wrong secret, an unknown uuid and a shifted colon open nothing", async () => {
  await identities.create({ subject: "alice", namespace: "home", key: `uuid:${SECRET}` });
  expect(await identities.byKey("uuid", SECRET.replace("s", "t"))).toBeNull();
  expect(await identities.byKey("uuid", "")).toBeNull();
  expect(await identities.byKey("other", SECRET)).toBeNull();
  expect(await identities.byKey("", "")).toBeNull();
  expect(await identities.byUuid("other")).toBeNull();
  expect(await identities.byNamespace("nobody")).toBeNull();
});

test("the key is not in the database", async () => {
  await identities.create({ subject: "alice", namespace: "home", key: `uuid:${SECRET}` });
  const { results } = await testEnv().DB.prepare("SELECT * FROM identities").all();
  expect(JSON.stringify(results)).not.toContain(SECRET);
});

test("a subject gets a namespace once, but several of them, and a namespace several subjects", async () => {
  const first = await identities.create({ subject: "alice", namespace: "home" });
  expect(await identities.create({ subject: "alice", namespace: "home" })).toBeNull();
  expect(await identities.byNamespace("home")).toEqual(first);
  expect((await identities.create({ subject: "alice", namespace: "work" }))?.subject).toBe("alice");
  const second = await identities.create({ subject: "bobby", namespace: "home" });
  expect(second?.namespace.name).toBe("home");
  expect(second?.namespace.uuid).not.toBe(first?.namespace.uuid);
});

test("a uuid that is in use is not given to another subject", async () => {
  await identities.create({ subject: "alice", namespace: "home", key: `uuid:${SECRET}` });
  expect(await identities.create({ subject: "mallory", namespace: "home", key: `uuid:${"x".repeat(64)}` })).toBeNull();
  expect((await identities.byKey("uuid", SECRET))?.subject).toBe("alice");
});

test("limits belong to the namespace, whoever opens it, and a refused creation leaves them alone", async () => {
  await identities.create({
    subject: "alice",
    namespace: "home",
    key: `uuid:${SECRET}`,
    limits: { firesPerMinute: 7 },
  });
  const bobby = await identities.create({ subject: "bobby", namespace: "home" });
  expect(bobby?.limits).toEqual({ firesPerMinute: 7 });
  expect(await identities.create({ subject: "alice", namespace: "home", limits: { firesPerMinute: 1 } })).toBeNull();
  expect((await identities.byKey("uuid", SECRET))?.limits).toEqual({ firesPerMinute: 7 });
});

test("a blocked subject is invisible to every look-up", async () => {
  await identities.create({ subject: "alice", namespace: "home", key: `uuid:${SECRET}` });
  await testEnv().DB.prepare("UPDATE subjects SET blocked = 1 WHERE subject = 'alice'").run();
  expect(await identities.byKey("uuid", SECRET)).toBeNull();
  expect(await identities.byUuid("uuid")).toBeNull();
  expect(await identities.byNamespace("home")).toBeNull();
});

test("another master secret opens nothing, and who acts as the namespace has no key to hand on", async () => {
  await identities.create({ subject: "alice", namespace: "home", key: `uuid:${SECRET}` });
  const other = openStores(testEnv(), { current: "another", previous: null }).identities;
  expect(await other.byKey("uuid", SECRET)).toBeNull();
  expect(await other.byNamespace("home")).toMatchObject({ subject: "alice", key: "", derived: true });
});

test("the secret of before opens, and what it sealed is sealed anew when its key is used", async () => {
  await identities.create({ subject: "alice", namespace: "home", key: `uuid:${SECRET}` });
  const next = { current: "the secret of tomorrow", previous: testSecret().current };
  const alone = openStores(testEnv(), { ...next, previous: null }).identities;
  const both = openStores(testEnv(), next).identities;
  expect((await both.byUuid("uuid"))?.key).toBe(`uuid:${SECRET}`);
  expect(await both.byKey("uuid", SECRET.replace("s", "t"))).toBeNull();
  expect(await alone.byKey("uuid", SECRET)).toBeNull();
  expect((await both.byKey("uuid", SECRET))?.subject).toBe("alice");
  expect((await alone.byKey("uuid", SECRET))?.subject).toBe("alice");
  expect((await alone.byUuid("uuid"))?.key).toBe(`uuid:${SECRET}`);
  expect(await identities.byKey("uuid", SECRET)).toBeNull();
});
