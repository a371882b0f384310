// What a store of entities promises, wherever it keeps them: names, revisions, lists,
// packages and writes that are made together.

import { beforeEach, expect, test } from "vitest";
import type { EntityStore, NewEntity } from "../../src/storage/entity-store.ts";

export function entity(name: string, overrides: Partial<NewEntity> = {}): NewEntity {
  const base = { path: "ns", name, type: "action" as const, document: `{"n":"${name}"}`, summary: "{}", blobs: [] };
  return { ...base, revision: "r1", updated: 1, ...overrides };
}

interface Tested {
  /** Asked before each case: the store, with nothing in it. */
  empty(): Promise<EntityStore>;
  /** Blobs that no entity owns, in their order. */
  garbage(): Promise<string[]>;
}

export function entityStoreSuite({ empty, garbage }: Tested): void {
  let entities: EntityStore;
  beforeEach(async () => {
    entities = await empty();
  });

  test("what was put is got, and nothing else", async () => {
    expect(await entities.put(entity("a"), { expected: null })).toEqual({ kind: "written" });
    const { summary: _, blobs: __, ...stored } = entity("a");
    expect(await entities.get({ path: "ns", name: "a" })).toEqual(stored);
    expect(await entities.get({ path: "ns", name: "A" })).toBeNull();
    expect(await entities.get({ path: "ns/p", name: "a" })).toBeNull();
  });

  test("a name that is taken, by whatever type, is a conflict", async () => {
    await entities.put(entity("a"), { expected: null });
    expect(await entities.put(entity("a", { type: "trigger" }), { expected: null })).toEqual({ kind: "conflict" });
    expect((await entities.get(entity("a")))?.type).toBe("action");
  });

  test("only the write that names the stored revision replaces or deletes", async () => {
    await entities.put(entity("a"), { expected: null });
    expect(await entities.put(entity("a", { revision: "r3" }), { expected: "r2" })).toEqual({ kind: "conflict" });
    expect(await entities.put(entity("a", { revision: "r2", document: "2" }), { expected: "r1" })).toEqual({
      kind: "written",
    });
    expect((await entities.get(entity("a")))?.document).toBe("2");
    expect(await entities.delete(entity("a"), { expected: "r1" })).toEqual({ kind: "conflict" });
    expect(await entities.delete(entity("a"), { expected: "r2" })).toEqual({ kind: "written" });
    expect(await entities.get(entity("a"))).toBeNull();
    expect(await entities.delete(entity("a"), { expected: "r2" })).toEqual({ kind: "conflict" });
  });

  test("of two writers at once exactly one wins", async () => {
    await entities.put(entity("a"), { expected: null });
    const writes = ["x", "y", "z"].map((each) => entities.put(entity("a", { revision: each }), { expected: "r1" }));
    const kinds = (await Promise.all(writes)).map((each) => each.kind).sort();
    expect(kinds).toEqual(["conflict", "conflict", "written"]);
  });

  test("lists are newest first, one path or a whole namespace, and never a neighbour's", async () => {
    await entities.put(entity("old", { updated: 1 }), { expected: null });
    await entities.put(entity("new", { updated: 3, summary: '{"s":1}' }), { expected: null });
    await entities.put(entity("in", { path: "ns/p", updated: 2 }), { expected: null });
    await entities.put(entity("trigger", { type: "trigger" }), { expected: null });
    for (const path of ["ns2", "ns-", "n", "ns.x/p"]) await entities.put(entity("x", { path }), { expected: null });
    const names = async (query: { path: string; deep: boolean }, limit = 10, skip = 0) =>
      (await entities.list({ type: "action", limit, skip, ...query })).map((each) => each.name);
    expect(await names({ path: "ns", deep: true })).toEqual(["new", "in", "old"]);
    expect(await names({ path: "ns", deep: false })).toEqual(["new", "old"]);
    expect(await names({ path: "ns/p", deep: false })).toEqual(["in"]);
    expect(await names({ path: "ns", deep: true }, 1, 1)).toEqual(["in"]);
    expect(await entities.count({ path: "ns", type: "action", deep: true })).toBe(3);
    expect(await entities.count({ path: "none", type: "action", deep: true })).toBe(0);
    const [first] = await entities.list({ path: "ns", type: "action", deep: true, limit: 1, skip: 0 });
    expect(first).toEqual({
      path: "ns",
      name: "new",
      type: "action",
      revision: "r1",
      updated: 3,
      summary: { inline: '{"s":1}' },
    });
  });

  test("a name that looks like SQL is only a name", async () => {
    const name = "a'; DROP TABLE entities; --";
    await entities.put(entity(name, { path: "n's" }), { expected: null });
    expect((await entities.get({ path: "n's", name }))?.name).toBe(name);
    expect(await entities.count({ path: "n's", type: "action", deep: true })).toBe(1);
  });

  test("a new entity goes into a package only while the package is there", async () => {
    const home = { path: "ns", name: "p" };
    const inside = entity("a", { path: "ns/p", document: '{"d":"\u00fc"}', summary: '{"s":2}', updated: 7 });
    expect(await entities.put(inside, { expected: null, package: home })).toEqual({ kind: "conflict" });
    await entities.put(entity("p", { type: "trigger" }), { expected: null });
    expect(await entities.put(inside, { expected: null, package: home })).toEqual({ kind: "conflict" });
    await entities.delete(home, { expected: "r1" });
    await entities.put(entity("p", { type: "package" }), { expected: null });
    expect(await entities.put(inside, { expected: null, package: home })).toEqual({ kind: "written" });
    expect(await entities.put(inside, { expected: null, package: home })).toEqual({ kind: "conflict" });
    const { summary: _, blobs: __, ...stored } = inside;
    expect(await entities.get(inside)).toEqual(stored);
    expect(await entities.list({ path: "ns/p", type: "action", deep: false, limit: 9, skip: 0 })).toMatchObject([
      { name: "a", updated: 7, summary: { inline: '{"s":2}' } },
    ]);
  });

  test("a package is removed empty, or with all it holds, or not at all", async () => {
    const home = entity("p", { type: "package", blobs: ["code/p"] });
    await entities.put(home, { expected: null });
    for (const name of ["a", "b"]) {
      await entities.put(entity(name, { path: "ns/p", blobs: [`code/${name}`] }), { expected: null, package: home });
    }
    await entities.put(entity("a", { path: "ns/p2" }), { expected: null });
    await entities.put(entity("a"), { expected: null });
    const remove = (expected: string, force: boolean) => entities.removePackage(home, { expected, force });
    expect(await remove("r1", false)).toEqual({ kind: "not-empty", count: 2 });
    expect(await remove("stale", true)).toEqual({ kind: "conflict" });
    expect(await entities.count({ path: "ns/p", type: "action", deep: false })).toBe(2);
    expect(await garbage()).toEqual([]);
    expect(await remove("r1", true)).toEqual({ kind: "written" });
    expect(await entities.get(home)).toBeNull();
    expect(await entities.count({ path: "ns/p", type: "action", deep: false })).toBe(0);
    expect(await entities.count({ path: "ns/p2", type: "action", deep: false })).toBe(1);
    expect(await entities.get(entity("a"))).not.toBeNull();
    expect(await garbage()).toEqual(["code/a", "code/b", "code/p"]);
    await entities.put(home, { expected: null });
    expect(await remove("r1", false)).toEqual({ kind: "written" });
  });

  test("lists can be narrowed to what is shared", async () => {
    await entities.put(entity("mine", { type: "package" }), { expected: null });
    await entities.put(entity("ours", { type: "package", shared: true }), { expected: null });
    const query = { path: "ns", type: "package" as const, deep: false, shared: true };
    expect((await entities.list({ ...query, limit: 9, skip: 0 })).map((each) => each.name)).toEqual(["ours"]);
    expect(await entities.count(query)).toBe(1);
    await entities.put(entity("ours", { type: "package", revision: "r2" }), { expected: "r1" });
    expect(await entities.count(query)).toBe(0);
  });

  test("writes that belong together happen together", async () => {
    const trigger = (revision: string, blob: string) => entity("t", { type: "trigger", revision, blobs: [blob] });
    const rule = (revision: string) => entity("r", { type: "rule", revision, blobs: [`code/rule-${revision}`] });
    await entities.put(trigger("r1", "code/1"), { expected: null });
    const made = await entities.putTogether(trigger("r2", "code/2"), {
      expected: "r1",
      with: [{ put: rule("r1"), expected: null }],
    });
    expect(made).toEqual({ kind: "written" });
    expect([(await entities.get(rule("")))?.revision, (await entities.get(trigger("", "")))?.revision]).toEqual([
      "r1",
      "r2",
    ]);
    expect(await garbage()).toEqual(["code/1"]);
    const other = entity("u", { type: "trigger", revision: "r1" });
    await entities.put(other, { expected: null });
    const moved = await entities.putTogether(
      { ...other, revision: "r2" },
      {
        expected: "r1",
        with: [
          { put: rule("r2"), expected: "r1" },
          { put: trigger("r3", "code/3"), expected: "r2" },
        ],
      },
    );
    expect(moved).toEqual({ kind: "written" });
    expect(await garbage()).toEqual(["code/1", "code/2", "code/rule-r1"]);
    const gone = await entities.putTogether(
      { ...other, revision: "r3" },
      { expected: "r2", with: [{ delete: rule(""), expected: "r2" }] },
    );
    expect(gone).toEqual({ kind: "written" });
    expect(await entities.get(rule(""))).toBeNull();
    expect(await garbage()).toEqual(["code/1", "code/2", "code/rule-r1", "code/rule-r2"]);
  });

  test("of writes that belong together none happens when one finds something else", async () => {
    const trigger = (revision: string) => entity("t", { type: "trigger", revision, blobs: [`code/t-${revision}`] });
    const rule = (revision: string) => entity("r", { type: "rule", revision, blobs: [`code/r-${revision}`] });
    await entities.put(trigger("r1"), { expected: null });
    await entities.put(rule("r1"), { expected: null });
    const put = trigger("r2");
    const none = entity("none", { type: "rule" });
    for (const [expected, change] of [
      ["r0", { put: none, expected: null }],
      ["r1", { put: rule("r2"), expected: null }],
      ["r1", { put: rule("r2"), expected: "r0" }],
      ["r1", { delete: rule(""), expected: "r0" }],
      ["r1", { delete: none, expected: "r1" }],
      ["r1", { put: none, expected: "r1" }],
    ] as const) {
      const more = { put: entity("more"), expected: null };
      const options = { expected, with: [more, change, { delete: rule(""), expected: "r1" }] };
      expect(await entities.putTogether(put, options)).toEqual({ kind: "conflict" });
      expect((await entities.get(put))?.revision).toBe("r1");
      expect((await entities.get(rule("")))?.revision).toBe("r1");
      expect(await entities.get(none)).toBeNull();
      expect(await entities.get(entity("more"))).toBeNull();
    }
    expect(await garbage()).toEqual([]);
  });

  test("of writers at once that share one of several documents exactly one wins", async () => {
    await entities.put(entity("t", { type: "trigger" }), { expected: null });
    const kinds = await Promise.all(
      ["x", "y", "z"].map((name) =>
        entities.putTogether(entity("t", { type: "trigger", revision: name }), {
          expected: "r1",
          with: [{ put: entity(name, { type: "rule" }), expected: null }],
        }),
      ),
    );
    expect(kinds.map((each) => each.kind).sort()).toEqual(["conflict", "conflict", "written"]);
    expect(await entities.count({ path: "ns", type: "rule", deep: true })).toBe(1);
  });
}
