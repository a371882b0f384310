// No statement of the stores reads a whole table, whatever is in it.

import { expect, test } from "vitest";
import type { BlobStore } from "../../../src/storage/blob-store.ts";
import { D1EntityStore } from "../../../src/storage/d1/entity-store.ts";
import { D1IdentityStore } from "../../../src/storage/d1/identity-store.ts";
import { D1SinkSecrets } from "../../../src/storage/d1/sink-secrets.ts";
import type { EntityQuery, NewEntity } from "../../../src/storage/entity-store.ts";
import { testEnv } from "../stores.worker.ts";

/** The first stops at the first row it finds; the second is asked once in the life of a namespace. */
const ALLOWED = [/^SELECT 1 FROM identities WHERE namespace NOT IN/, /^INSERT INTO namespaces/];
const DB = testEnv().DB;
const asked = new Set<string>();
const noting = new Proxy(DB, {
  get(database, name) {
    if (name === "prepare") {
      return (text: string) => {
        asked.add(text);
        return database.prepare(text);
      };
    }
    const value = Reflect.get(database, name) as unknown;
    return typeof value === "function" ? value.bind(database) : value;
  },
});
const blobs = { put: async () => {}, text: async () => null, delete: async () => {} } as unknown as BlobStore;

function entity(name: string, revision: string): NewEntity {
  const texts = { document: "{}", summary: "{}", blobs: ["code/a"] };
  return { path: "guest", name, type: "action", revision, updated: 1, ...texts };
}

test("each statement goes by an index", async () => {
  const entities = new D1EntityStore(noting, blobs);
  await entities.reserve("code/a");
  await entities.put(entity("a", "1"), { expected: null, package: { path: "guest", name: "p" } });
  await entities.put(entity("a", "1"), { expected: null });
  await entities.put(entity("a", "2"), { expected: "1" });
  await entities.putTogether(entity("a", "3"), {
    expected: "2",
    with: [
      { put: entity("b", "1"), expected: null },
      { put: entity("c", "2"), expected: "1" },
      { delete: { path: "guest", name: "d" }, expected: "1" },
    ],
  });
  await entities.get({ path: "guest", name: "a" });
  const queries: EntityQuery[] = [
    { path: "guest", type: "action", deep: false },
    { path: "guest", type: "action", deep: true, shared: true },
  ];
  for (const query of queries) {
    await entities.list({ ...query, limit: 10, skip: 0 });
    await entities.count(query);
  }
  for (const force of [true, false])
    await entities.removePackage({ path: "guest", name: "p" }, { expected: "1", force });
  await entities.delete({ path: "guest", name: "a" }, { expected: "3" });
  await entities.sweep(Date.now() + 1_000);
  const secret = { current: "s".repeat(64), previous: null };
  const identities = new D1IdentityStore(noting, secret, { bindings: [0] });
  const made = await identities.create({ subject: "plan.", namespace: "plans", limits: {} });
  if (made.kind !== "made") throw new Error(made.kind);
  await identities.byKey("nobody", "secret");
  await identities.household(made.identity.namespace.uuid, { orKey: true });
  await identities.byNamespace("plans");
  await identities.anyBeside(["guest"]);
  await identities.block("plan.", false);
  await identities.rotate("plan.", "plans", undefined);
  await identities.remove("plan.", undefined);
  const sinks = new D1SinkSecrets(noting, secret);
  const id = await sinks.keep("ns", { authorization: "Bearer x" });
  const later = Date.now() + 1;
  expect(await sinks.keptBefore(later, { after: "a", namespaces: 2 })).toEqual([{ namespaceId: "ns", ids: [id] }]);
  expect(await sinks.keptBefore(0, { after: "", namespaces: 2 })).toEqual([]);
  await sinks.forget("ns", id);
  expect(asked.size).toBeGreaterThan(25);
  const scans: string[] = [];
  for (const text of asked) {
    const slots = Math.max(
      (text.match(/\?(?!\d)/g) ?? []).length,
      ...[...text.matchAll(/\?(\d+)/g)].map((each) => Number(each[1])),
    );
    const values = Array.from({ length: slots }, () => "[]");
    const plan = await DB.prepare(`EXPLAIN QUERY PLAN ${text}`)
      .bind(...values)
      .all<{ detail: string }>();
    for (const { detail } of plan.results) {
      const isWhole = /^SCAN (?!json_each|owned|CONSTANT ROW|\(|value)/.test(detail) && !/VIRTUAL TABLE/.test(detail);
      // A bloom filter: what is given is compared with rows that were found by something else.
      const isSifted = detail.includes("BLOOM FILTER") && !text.includes("NOT IN");
      if ((isWhole || isSifted) && !ALLOWED.some((each) => each.test(text))) scans.push(`${detail}: ${text}`);
    }
  }
  expect(scans).toEqual([]);
});
