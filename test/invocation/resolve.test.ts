// What is found is remembered while nothing it was read from has changed, and read again at once when something has.

import { beforeEach, describe, expect, it } from "vitest";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import { EntityRows } from "./entities.ts";

let shelf: EntityRows;
let actions: ActionResolver;
let epochs: Record<string, number>;
let leased: string[];

beforeEach(() => {
  shelf = new EntityRows();
  actions = new ActionResolver();
  epochs = { a: 1, b: 1 };
  leased = [];
});

async function find(full: string, namespace: string) {
  const context = {
    entities: shelf,
    lease: (name: string) => {
      leased.push(name);
      return { epoch: epochs[name] ?? 0, ttl: 1_000 };
    },
  };
  const at = full.lastIndexOf("/");
  const key = { path: full.slice(0, at), name: full.slice(at + 1) };
  return actions.find(context, key, { namespace, epoch: epochs[namespace] ?? 0 });
}

function bump(namespace: string): void {
  epochs[namespace] = (epochs[namespace] ?? 0) + 1;
}

const value = (key: string, raw: string) => ({ key, value: raw });

describe("what is found", () => {
  it("is not read again while the epoch stands, and asks for no lease of the caller's own", async () => {
    shelf.action("a/act", { version: "1.0.0" });
    const first = await find("a/act", "a");
    expect(first).toMatchObject({ ok: true, value: { path: "a/act", version: "1.0.0" } });
    shelf.action("a/act", { version: "2.0.0" });
    expect(await find("a/act", "a")).toEqual(first);
    expect([shelf.reads, leased]).toEqual([["a/act"], []]);
    bump("a");
    expect(await find("a/act", "a")).toMatchObject({ value: { version: "2.0.0" } });
  });

  it("is nothing, and is not looked for again, until something of the caller's own has changed", async () => {
    for (let times = 0; times < 3; times++) expect(await find("a/act", "a")).toMatchObject({ code: "not-found" });
    expect(shelf.reads).toEqual(["a/act"]);
    shelf.action("a/act");
    bump("a");
    expect(await find("a/act", "a")).toMatchObject({ ok: true });
    shelf.drop("a/act");
    bump("a");
    expect(await find("a/act", "a")).toMatchObject({ code: "not-found" });
  });

  it("through a binding is read again when either namespace has changed", async () => {
    shelf.bundle("a/p", { publish: true, parameters: [value("x", "1"), value("y", "1")] });
    shelf.action("a/p/act", { parameters: [value("z", "1")] });
    shelf.bundle("b/q", { to: "a/p", parameters: [value("y", "2")] });
    const found = await find("b/q/act", "b");
    expect(found).toMatchObject({ value: { path: "a/p/act", binding: "b/q", defaults: '{"x":1,"y":2,"z":1}' } });
    const { length } = shelf.reads;
    expect(await find("b/q/act", "b")).toEqual(found);
    expect(shelf.reads.length).toBe(length);
    bump("a");
    shelf.bundle("a/p", { publish: true, parameters: [value("x", "9")] });
    expect(await find("b/q/act", "b")).toMatchObject({ value: { defaults: '{"x":9,"y":2,"z":1}' } });
    bump("b");
    shelf.bundle("b/q", { to: "a/p" });
    expect(await find("b/q/act", "b")).toMatchObject({ value: { defaults: '{"x":9,"z":1}' } });
    bump("a");
    shelf.bundle("a/p");
    expect(await find("b/q/act", "b")).toMatchObject({ ok: false, code: "not-authorized" });
  });

  it("by others is what they may see, not what the owner found", async () => {
    shelf.bundle("a/p");
    shelf.action("a/p/act");
    expect(await find("a/p/act", "a")).toMatchObject({ ok: true });
    expect(await find("a/p/act", "b")).toMatchObject({ ok: false, code: "not-authorized" });
    shelf.bundle("a/p", { publish: true });
    bump("a");
    expect(await find("a/p/act", "b")).toMatchObject({ ok: true });
    shelf.bundle("a/p");
    bump("a");
    expect(await find("a/p/act", "b")).toMatchObject({ ok: false });
    expect(await find("a/p/act", "a")).toMatchObject({ ok: true });
  });
});

describe("what is refused", () => {
  it("abroad is forbidden without a lease on a namespace that may not even exist", async () => {
    for (const full of ["c/act", "c/p/act"]) {
      expect(await find(full, "a")).toMatchObject({ ok: false, code: "not-authorized" });
    }
    expect(leased).toEqual([]);
  });

  it("at home says why", async () => {
    shelf.bundle("a/p");
    shelf.broken("a/broken", "action");
    const code = async (full: string) => {
      const found = await find(full, "a");
      return found.ok ? "ok" : found.code;
    };
    expect(await code("a/none")).toBe("not-found");
    expect(await code("a/p")).toBe("wrong-collection");
    expect(await code("a/p/none")).toBe("not-found");
    expect(await code("a/none/act")).toBe("not-found");
    expect(await code("a/broken")).toBe("corrupted");
  });
});

describe("an action in a package", () => {
  it("freezes what package, binding or action have set when it is final", async () => {
    shelf.bundle("a/p", { parameters: [value("x", "1"), value("free", "null")] });
    shelf.action("a/p/act", { parameters: [value("z", '""')], annotations: [value("final", "true")] });
    shelf.bundle("a/q", { to: "a/p", parameters: [value("y", "0")] });
    const found = await find("a/q/act", "a");
    expect(found.ok && [...found.value.final].sort()).toEqual(["x", "y", "z"]);
  });

  it("takes no annotations from package or binding", async () => {
    shelf.bundle("a/p");
    shelf.action("a/p/act");
    expect(await find("a/p/act", "a")).toMatchObject({ value: { web: null } });
    shelf.action("a/p/web", { annotations: [value("web-export", "true"), value("raw-http", "true")] });
    expect(await find("a/p/web", "a")).toMatchObject({ value: { web: { raw: true, customOptions: false } } });
    shelf.action("a/p/odd", { annotations: [value("web-export", '"true"')] });
    expect(await find("a/p/odd", "a")).toMatchObject({ value: { web: null } });
  });

  it("gets a new container when the environment its package gives it changes", async () => {
    shelf.bundle("a/p", { parameters: [{ ...value("x", "1"), init: true }] });
    shelf.action("a/p/act");
    const revision = async () => {
      const found = await find("a/p/act", "a");
      return found.ok ? found.value.revision : "";
    };
    const before = await revision();
    shelf.bundle("a/p", { parameters: [{ ...value("x", "2"), init: true }] });
    bump("a");
    expect(await revision()).not.toBe(before);
  });
});
