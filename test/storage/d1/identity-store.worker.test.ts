// Identities in D1: keys, several namespaces and subjects, limits, blocked subjects, permanent ids and the way there.

import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { openStores } from "../../../src/storage/open.ts";
import { made, testEnv, testSecret, testStores } from "../stores.worker.ts";

const { identities } = testStores();
const SECRET = "s".repeat(64);
const { DB } = testEnv();

beforeEach(async () => {
  await DB.batch(["identities", "subjects", "namespaces"].map((table) => DB.prepare(`DELETE FROM ${table}`)));
});

function split(key: string): [string, string] {
  const at = key.indexOf(":");
  return [key.slice(0, at), key.slice(at + 1)];
}

const opened = (key: string) => identities.byKey(...split(key));

describe("an identity", () => {
  test("has a random key that opens it, and its namespace a random id that is not the key's", async () => {
    const alice = await made(identities, { subject: "alice", namespace: "home" });
    expect(alice.key).toMatch(/^[0-9a-f-]{36}:[A-Za-z0-9]{64}$/);
    const [keyId] = split(alice.key);
    const id = alice.namespace.uuid;
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(id).not.toBe(keyId);
    const whole = { subject: "alice", namespace: { name: "home", uuid: id }, limits: {}, key: alice.key, keyId };
    const named = { ...whole, keyName: "default" };
    expect(alice).toEqual({ ...named, derived: false });
    expect(await opened(alice.key)).toEqual(alice);
    expect(await identities.byNamespace("home")).toEqual({ ...whole, key: "", keyId: "", derived: true });
    expect(await identities.household(id, { orKey: false })).toEqual({
      namespace: alice.namespace,
      limits: {},
      members: [{ keyId, keyName: "default", role: "owner", subject: "alice" }],
    });
    expect(await identities.household(keyId, { orKey: false })).toBeNull();
    expect((await identities.household(keyId, { orKey: true }))?.namespace.uuid).toBe(id);
  });

  test("has a namespace whose records go where those of the fewest are, and stay there", async () => {
    const three = openStores({ ...testEnv(), RECORDS_1: DB, RECORDS_2: DB }, testSecret()).identities;
    const numbers = [];
    for (const namespace of ["a", "b", "c", "d"]) {
      numbers.push((await made(three, { subject: "alice", namespace })).namespace.records ?? 0);
    }
    expect(numbers).toEqual([0, 1, 2, 0]);
    expect((await made(identities, { subject: "bob", namespace: "b" })).namespace.records).toBe(1);
    expect((await identities.byNamespace("c"))?.namespace.records).toBe(2);
  });

  test("is not opened by a wrong secret, an unknown uuid or a shifted colon", async () => {
    await made(identities, { subject: "alice", namespace: "home", key: `uuid:${SECRET}` });
    expect(await identities.byKey("uuid", SECRET.replace("s", "t"))).toBeNull();
    expect(await identities.byKey("uuid", "")).toBeNull();
    expect(await identities.byKey("other", SECRET)).toBeNull();
    expect(await identities.byKey("", "")).toBeNull();
    expect(await identities.household("other", { orKey: true })).toBeNull();
    expect(await identities.byNamespace("nobody")).toBeNull();
  });

  test("has a key that is not in the database", async () => {
    await made(identities, { subject: "alice", namespace: "home", key: `uuid:${SECRET}` });
    const { results } = await DB.prepare("SELECT * FROM identities").all();
    expect(JSON.stringify(results)).not.toContain(SECRET);
  });

  test("is one per subject and namespace; both may have several of the other", async () => {
    const first = await made(identities, { subject: "alice", namespace: "home" });
    expect(await identities.create({ subject: "alice", namespace: "home" })).toEqual({ kind: "exists" });
    expect((await identities.byNamespace("home"))?.namespace).toEqual(first.namespace);
    const work = await made(identities, { subject: "alice", namespace: "work" });
    expect(work.namespace.uuid).not.toBe(first.namespace.uuid);
    const second = await made(identities, { subject: "bobby", namespace: "home" });
    expect(second.namespace).toEqual(first.namespace);
    expect(second.keyId).not.toBe(first.keyId);
    const household = await identities.household(first.namespace.uuid, { orKey: false });
    expect(household?.members.map(({ subject }) => subject).sort()).toEqual(["alice", "bobby"]);
  });

  test("is not made with a uuid that is in use", async () => {
    await made(identities, { subject: "alice", namespace: "home", key: `uuid:${SECRET}` });
    const taken = { subject: "mallory", namespace: "theirs", key: `uuid:${"x".repeat(64)}` };
    expect(await identities.create(taken)).toEqual({ kind: "exists" });
    expect(await identities.standing("mallory")).toBeNull();
    expect((await opened(`uuid:${SECRET}`))?.subject).toBe("alice");
  });

  test("has the limits of its namespace, whoever opens it; a refused creation leaves them alone", async () => {
    const key = `uuid:${SECRET}`;
    await made(identities, { subject: "alice", namespace: "home", key, limits: { firesPerMinute: 7 } });
    const bobby = await made(identities, { subject: "bobby", namespace: "home" });
    expect(bobby.limits).toEqual({ firesPerMinute: 7 });
    const again = await identities.create({ subject: "alice", namespace: "home", limits: { firesPerMinute: 1 } });
    expect(again).toEqual({ kind: "exists" });
    expect((await opened(key))?.limits).toEqual({ firesPerMinute: 7 });
    await made(identities, { subject: "carol", namespace: "home", limits: { firesPerMinute: 8 } });
    expect(await opened(key)).toMatchObject({ limits: { firesPerMinute: 8 }, namespace: bobby.namespace });
  });
});

describe("a blocked subject", () => {
  test("is invisible to every look-up, and visible again when it is unblocked", async () => {
    const alice = await made(identities, { subject: "alice", namespace: "home" });
    expect(await identities.block("alice", true)).toEqual({
      ...{ subject: "alice", blocked: true },
      namespaces: [{ namespace: alice.namespace, open: false }],
    });
    expect(await opened(alice.key)).toBeNull();
    expect(await identities.household(alice.namespace.uuid, { orKey: false })).toBeNull();
    expect(await identities.byNamespace("home")).toBeNull();
    expect((await identities.block("alice", false))?.namespaces).toEqual([{ namespace: alice.namespace, open: true }]);
    expect(await opened(alice.key)).toEqual(alice);
    expect(await identities.block("nobody", true)).toBeNull();
  });

  test("leaves its namespaces open to others", async () => {
    await made(identities, { subject: "alice", namespace: "home" });
    await made(identities, { subject: "alice", namespace: "alone" });
    await made(identities, { subject: "bobby", namespace: "home" });
    const standing = await identities.block("alice", true);
    expect(standing?.namespaces.map(({ namespace, open }) => [namespace.name, open])).toEqual([
      ["alone", false],
      ["home", true],
    ]);
    expect((await identities.byNamespace("home"))?.subject).toBe("bobby");
  });

  test("gets no new key, also after its keys were taken away", async () => {
    await made(identities, { subject: "alice", namespace: "home" });
    await identities.block("alice", true);
    expect(await identities.create({ subject: "alice", namespace: "more" })).toEqual({ kind: "blocked" });
    await identities.remove("alice", undefined);
    expect(await identities.create({ subject: "alice", namespace: "home" })).toEqual({ kind: "blocked" });
    await identities.block("alice", false);
    await made(identities, { subject: "alice", namespace: "home" });
  });
});

describe("a key that is taken away", () => {
  test("opens nothing; the namespace keeps its id for whoever is let in next", async () => {
    const alice = await made(identities, { subject: "alice", namespace: "home", limits: { firesPerMinute: 7 } });
    const bobby = await made(identities, { subject: "bobby", namespace: "home" });
    const work = await made(identities, { subject: "alice", namespace: "work" });
    expect((await identities.remove("alice", "home"))?.namespaces).toEqual([
      { namespace: alice.namespace, open: true },
    ]);
    expect(await opened(alice.key)).toBeNull();
    expect(await opened(bobby.key)).toEqual(bobby);
    expect(await opened(work.key)).toEqual(work);
    expect(await identities.remove("alice", "home")).toBeNull();
    expect((await identities.remove("alice", undefined))?.namespaces).toEqual([
      { namespace: work.namespace, open: false },
    ]);
    expect(await identities.standing("alice")).toBeNull();
    expect((await identities.remove("bobby", undefined))?.namespaces).toMatchObject([{ open: false }]);
    const carol = await made(identities, { subject: "carol", namespace: "home" });
    expect(carol).toMatchObject({ namespace: alice.namespace, limits: { firesPerMinute: 7 } });
  });

  test("and another in its place opens the same", async () => {
    const alice = await made(identities, { subject: "alice", namespace: "home" });
    const rotated = await identities.rotate("alice", "home", undefined);
    if (rotated === null || rotated === "exists") throw new Error("not rotated");
    expect(rotated).toEqual({ ...alice, key: rotated.key, keyId: rotated.keyId });
    expect(rotated.keyId).not.toBe(alice.keyId);
    expect(await opened(alice.key)).toBeNull();
    expect(await opened(rotated.key)).toEqual(rotated);
    const given = await identities.rotate("alice", "home", `given:${SECRET}`);
    expect(given).toMatchObject({ keyId: "given", namespace: alice.namespace });
    await made(identities, { subject: "bobby", namespace: "home", key: `taken:${SECRET}` });
    expect(await identities.rotate("alice", "home", `taken:${SECRET}`)).toBe("exists");
    expect((await opened(`given:${SECRET}`))?.subject).toBe("alice");
    expect(await identities.rotate("alice", "nowhere", undefined)).toBeNull();
    expect(await identities.rotate("nobody", "home", undefined)).toBeNull();
  });
});

describe("another master secret", () => {
  test("opens nothing", async () => {
    const alice = await made(identities, { subject: "alice", namespace: "home" });
    const other = openStores(testEnv(), { current: "another", previous: null }).identities;
    expect(await other.byKey(...split(alice.key))).toBeNull();
  });

  test("beside the one of before opens all, and what that sealed is sealed anew when its key is used", async () => {
    const { key } = await made(identities, { subject: "alice", namespace: "home" });
    const next = { current: "the secret of tomorrow", previous: testSecret().current };
    const alone = openStores(testEnv(), { ...next, previous: null }).identities;
    const both = openStores(testEnv(), next).identities;
    expect(await both.byKey(split(key)[0], SECRET)).toBeNull();
    expect(await alone.byKey(...split(key))).toBeNull();
    expect((await both.byKey(...split(key)))?.subject).toBe("alice");
    expect((await alone.byKey(...split(key)))?.subject).toBe("alice");
    expect(await identities.byKey(...split(key))).toBeNull();
  });
});

describe("what was stored before namespaces had ids", () => {
  const { TEST_MIGRATIONS } = env as unknown as { TEST_MIGRATIONS: D1Migration[] };
  const older = TEST_MIGRATIONS.filter(({ name }) => name < "0004");
  const rows: [uuid: string, subject: string, namespace: string, created: number][] = [
    ["u2", "bobby", "team", 2],
    ["u1", "alice", "team", 1],
    ["u0", "carol", "team", 2],
    ["u3", "alice", "alone", 3],
  ];

  async function oldTables(): Promise<void> {
    // All there are: those of later versions come anew as well.
    const { results } = await DB.prepare(
      `SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table') AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'
        ORDER BY type DESC`,
    ).all<{ type: string; name: string }>();
    await DB.batch(results.map(({ type, name }) => DB.prepare(`DROP ${type} ${name}`)));
    await applyD1Migrations(DB, older);
    await DB.batch([
      DB.prepare("INSERT INTO namespaces VALUES ('team', '{\"firesPerMinute\":7}'), ('nobody', '{}')"),
      ...["alice", "bobby", "carol"].map((name) => DB.prepare("INSERT INTO subjects VALUES (?, 0, 1)").bind(name)),
      ...rows.map((row) => DB.prepare("INSERT INTO identities VALUES (?1, ?2, ?3, 'lookup', 'v1.', ?4)").bind(...row)),
    ]);
  }

  test("takes the uuid of the oldest key as id, and knows under which others its activations lie", async () => {
    await oldTables();
    await applyD1Migrations(DB, TEST_MIGRATIONS);
    const { results } = await DB.prepare("SELECT name, limits, id, former FROM namespaces ORDER BY name").all();
    expect(results).toEqual([
      { name: "alone", limits: "{}", id: "u3", former: "[]" },
      { name: "nobody", limits: "{}", id: null, former: "[]" },
      { name: "team", limits: '{"firesPerMinute":7}', id: "u1", former: '["u0","u2"]' },
    ]);
    const team = { name: "team", uuid: "u1", former: ["u0", "u2"] };
    expect(await identities.byNamespace("team")).toMatchObject({ subject: "alice", namespace: team });
    expect((await identities.household("u2", { orKey: true }))?.namespace).toEqual(team);
    expect((await made(identities, { subject: "david", namespace: "team" })).namespace).toEqual(team);
    // The oldest key's uuid stays the id when that key goes.
    await identities.remove("alice", undefined);
    expect((await identities.byNamespace("team"))?.namespace).toEqual(team);
    expect((await made(identities, { subject: "david", namespace: "nobody" })).namespace.uuid).toMatch(
      /^[0-9a-f-]{36}$/,
    );
  });

  test("and by an earlier version since the tables were brought up to date gets its id when it is first met", async () => {
    await oldTables();
    await applyD1Migrations(DB, TEST_MIGRATIONS);
    const late =
      "INSERT INTO identities (uuid, subject, namespace, lookup, sealed_key, created) VALUES ('u5', 'alice', 'late', 'l', 'v1.', 5), ('u6', 'bobby', 'late', 'l', 'v1.', 6)";
    const met = [
      async () => (await identities.byNamespace("late"))?.namespace,
      async () => (await identities.household("u6", { orKey: true }))?.namespace,
      async () => (await made(identities, { subject: "carol", namespace: "late" })).namespace,
      async () => {
        await identities.rotate("alice", "late", undefined);
        return (await identities.byNamespace("late"))?.namespace;
      },
    ];
    for (const meet of met) {
      await DB.batch(["identities", "namespaces"].map((table) => DB.prepare(`DELETE FROM ${table}`)));
      await DB.prepare(late).run();
      expect(await meet()).toEqual({ name: "late", uuid: "u5", former: ["u6"] });
    }
  });
});
