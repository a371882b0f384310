// Built-in entities among stored ones: read, listed, replaced and restored.

import { beforeEach, expect, it } from "vitest";
import { documentOf, readAction } from "../../src/entities/action-document.ts";
import { readPackage } from "../../src/entities/package.ts";
import type { EntityKey, EntityQuery, EntityStore, NewEntity } from "../../src/storage/entity-store.ts";
import { builtinOf, PACKAGES, systemActions } from "../../src/system/catalog.ts";
import { SystemEntities } from "../../src/system/system-entities.ts";
import { noPorts } from "./no-ports.ts";

const UTILS: EntityKey = { path: "whisk.system", name: "utils" };
const ECHO: EntityKey = { path: "whisk.system/utils", name: "echo" };

let rows: NewEntity[];
let blobs: Map<string, string | Uint8Array>;
let kinds: ReadonlySet<string> | null;
let entities: SystemEntities;

beforeEach(() => {
  rows = [];
  blobs = new Map();
  kinds = new Set(["nodejs:24", "python:3.11"]);
  entities = new SystemEntities(storeOver(), {
    kinds: async () => kinds,
    blobs: {
      put: async (key, value) => {
        blobs.set(key, value);
      },
    },
  });
});

/** As much of a store as is asked for here. */
function storeOver(): EntityStore {
  const at = (key: EntityKey) => rows.findIndex((row) => row.path === key.path && row.name === key.name);
  const matching = (query: EntityQuery) =>
    rows.filter(
      (row) =>
        row.type === query.type && (row.path === query.path || (query.deep && row.path.startsWith(`${query.path}/`))),
    );
  return {
    get: async (key) => rows[at(key)] ?? null,
    reserve: async () => {},
    put: async (entity, { expected, package: container }) => {
      if (container !== undefined && at(container) < 0) return { kind: "conflict" };
      const found = at(entity);
      if ((rows[found]?.revision ?? null) !== expected) return { kind: "conflict" };
      rows.splice(found < 0 ? rows.length : found, found < 0 ? 0 : 1, entity);
      return { kind: "written" };
    },
    putTogether: async () => ({ kind: "conflict" }),
    delete: async (key) => {
      rows.splice(at(key), 1);
      return { kind: "written" };
    },
    removePackage: async (key) => {
      rows.splice(at(key), 1);
      return { kind: "written" };
    },
    list: async (query) =>
      matching(query)
        .slice(query.skip, query.skip + query.limit)
        .map(({ path, name, type, revision, updated, summary }) => ({
          path,
          name,
          type,
          revision,
          updated,
          summary: { inline: summary },
        })),
    count: async (query) => matching(query).length,
    sweep: async () => 0,
  };
}

function stored(key: EntityKey, changes: Partial<NewEntity> = {}): NewEntity {
  return {
    ...key,
    type: "action",
    document: "{}",
    summary: '{"mine":1}',
    revision: "mine",
    updated: 9e12,
    blobs: [],
    ...changes,
  };
}

async function names(query: Partial<EntityQuery> & { limit?: number; skip?: number } = {}): Promise<string[]> {
  const listed = await entities.list({
    path: "whisk.system/utils",
    type: "action",
    deep: false,
    limit: 200,
    skip: 0,
    ...query,
  });
  return listed.map((each) => each.name);
}

it("every action of the catalog has a package and a function, and reads back as what it is", async () => {
  for (const bundle of PACKAGES) {
    const found = await entities.get({ path: bundle.namespace, name: bundle.name });
    expect(readPackage(found?.document ?? "")).toEqual(bundle);
  }
  for (const action of systemActions("nodejs:24")) {
    const found = await entities.get({ path: action.namespace, name: action.name });
    expect(readAction(found?.document ?? "")).toEqual(action);
    expect(PACKAGES.map((each) => `${each.namespace}/${each.name}`)).toContain(action.namespace);
    const run = builtinOf(`${action.namespace}/${action.name}`, noPorts());
    expect([action.name, run !== undefined]).toEqual([action.name, action.exec.kind === "builtin"]);
  }
  expect(builtinOf("guest/utils/echo", noPorts())).toBeUndefined();
});

it("other namespaces have none of it", async () => {
  expect(await entities.get({ path: "guest", name: "utils" })).toBeNull();
  expect(await entities.get({ path: "whisk.system2", name: "utils" })).toBeNull();
  expect(await names({ path: "guest", deep: true })).toEqual([]);
});

it("lists show stored ones first and page through both without gap or double", async () => {
  const builtin = await names();
  expect(builtin).toEqual([...builtin].sort());
  expect(builtin).toContain("echo");
  rows.push(stored({ path: "whisk.system/utils", name: "newer" }), stored(ECHO));
  const whole = ["newer", "echo", ...builtin.filter((name) => name !== "echo")];
  expect(await names()).toEqual(whole);
  for (const limit of [1, 2, 3, 4, 7, 200]) {
    const paged: string[] = [];
    for (let skip = 0; skip <= whole.length; skip += limit) paged.push(...(await names({ limit, skip })));
    expect(paged).toEqual(whole);
  }
  expect(await names({ skip: 1_000 })).toEqual([]);
  expect(await entities.count({ path: "whisk.system/utils", type: "action", deep: false })).toBe(whole.length);
  expect(await names({ path: "whisk.system", type: "package", shared: true })).toEqual(
    PACKAGES.filter((each) => each.publish).map((each) => each.name),
  );
  const deep = await names({ path: "whisk.system", deep: true });
  expect(deep).toHaveLength(systemActions("nodejs:24").length + 1);
  expect(deep.slice(0, 2)).toEqual(["newer", "echo"]);
});

it("what is stored takes the place of what is built in, and deleting it brings that back", async () => {
  const before = await entities.get(ECHO);
  const options = { expected: before?.revision ?? null, package: UTILS };
  expect(await entities.put(stored(ECHO), options)).toEqual({ kind: "written" });
  expect((await entities.get(ECHO))?.revision).toBe("mine");
  expect(await entities.put(stored(ECHO, { revision: "later" }), options)).toEqual({ kind: "conflict" });
  expect(await entities.delete(ECHO, { expected: "mine" })).toEqual({ kind: "written" });
  expect(await entities.get(ECHO)).toEqual(before);
});

it("what is built in cannot be deleted", async () => {
  for (const key of [ECHO, UTILS]) {
    const { revision = "" } = (await entities.get(key)) ?? {};
    expect(await entities.delete(key, { expected: revision })).toEqual({ kind: "fixed" });
    expect(await entities.removePackage(key, { expected: revision, force: true })).toEqual({ kind: "fixed" });
  }
});

it("a new action goes into a built-in package, but into no other that is not stored", async () => {
  const inside = stored({ path: "whisk.system/utils", name: "new" });
  expect(await entities.put(inside, { expected: null, package: UTILS })).toEqual({ kind: "written" });
  const elsewhere = stored({ path: "whisk.system/none", name: "new" });
  const none = { path: "whisk.system", name: "none" };
  expect(await entities.put(elsewhere, { expected: null, package: none })).toEqual({ kind: "conflict" });
});

const GREETING: EntityKey = { path: "whisk.system/samples", name: "greeting" };

async function kindOf(key: EntityKey): Promise<string | undefined> {
  return readAction((await entities.get(key))?.document ?? "")?.exec.kind;
}

it("what is code runs on the default of what hosts offer; while none has said it, that is not to be remembered", async () => {
  expect(await kindOf(GREETING)).toBe("nodejs:24");
  expect(await entities.get(GREETING)).not.toHaveProperty("unsettled");
  const listed = await entities.list({ path: GREETING.path, type: "action", deep: false, limit: 200, skip: 0 });
  expect(JSON.stringify(listed.find((each) => each.name === "greeting")?.summary)).toContain("nodejs:24");
  const before = (await entities.get(GREETING))?.revision;
  kinds = new Set(["nodejs:20", "nodejs:24"]);
  expect(await kindOf(GREETING)).toBe("nodejs:20");
  expect((await entities.get(GREETING))?.revision).not.toBe(before);
  for (const unknown of [null, new Set(["python:3.11"])]) {
    kinds = unknown;
    expect(await kindOf(GREETING)).toBe("nodejs:20");
    expect((await entities.get(GREETING))?.unsettled).toBe(true);
  }
  expect(await entities.get(ECHO)).not.toHaveProperty("unsettled");
});

it("what is updated from shipped code keeps that code as its own", async () => {
  const shipped = await entities.get(GREETING);
  const action = readAction(shipped?.document ?? "");
  if (shipped === null || action === null || !("code" in action.exec)) throw new Error("no code");
  const code = action.exec.code;
  if (code === undefined) throw new Error("no code");
  const changed = { ...action, version: "0.0.2", revision: "mine" };
  const entity = stored(GREETING, { document: documentOf(changed), blobs: [code.key] });
  const samples = { path: "whisk.system", name: "samples" };
  expect(await entities.put(entity, { expected: shipped.revision, package: samples })).toEqual({ kind: "written" });
  const [row] = rows;
  const kept = readAction(row?.document ?? "")?.exec;
  if (kept === undefined || !("code" in kept) || kept.code === undefined) throw new Error("no code");
  expect(kept.code.key).not.toBe(code.key);
  expect(kept.code).toMatchObject({ hash: code.hash, size: code.size });
  expect(row?.blobs).toEqual([kept.code.key]);
  expect(blobs.get(kept.code.key)).toContain("function main");
});
