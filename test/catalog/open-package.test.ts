// Who may look into which package, and what is found there.

import { beforeEach, describe, expect, it } from "vitest";
import { openPackage } from "../../src/catalog/open-package.ts";
import { EntityRows } from "../invocation/entities.ts";

let shelf: EntityRows;

beforeEach(() => {
  shelf = new EntityRows();
});

async function open(full: string, caller: string) {
  const [path = "", name = ""] = full.split("/");
  const namespaces: string[] = [];
  const before = async (namespace: string) => {
    namespaces.push(namespace);
  };
  const opened = await openPackage(shelf, { caller, key: { path, name }, before });
  return { opened, namespaces };
}

async function code(full: string, caller: string): Promise<string> {
  const { opened } = await open(full, caller);
  return opened.ok ? "open" : `${opened.code}${opened.code === "not-authorized" ? opened.text.slice(-20) : ""}`;
}

const value = (key: string, raw: string) => ({ key, value: raw });

describe("a package", () => {
  it("is open to its owner, and to others while it is published", async () => {
    shelf.bundle("a/closed");
    shelf.bundle("a/public", { publish: true });
    expect(await code("a/closed", "a")).toBe("open");
    expect(await code("a/closed", "b")).toContain("not-authorized");
    expect(await code("a/public", "b")).toBe("open");
  });

  it("that is not there, or is none, is named to its owner only", async () => {
    shelf.action("a/act");
    shelf.broken("a/broken", "package");
    for (const [full, own] of [
      ["a/none", "not-found"],
      ["a/act", "wrong-collection"],
      ["a/broken", "corrupted"],
    ] as const) {
      expect(await code(full, "a")).toBe(own);
      const { opened } = await open(full, "b");
      expect(opened).toMatchObject({ code: "not-authorized", text: expect.stringContaining(`'${full}'`) });
    }
  });
});

describe("a binding", () => {
  it("is open to its owner if what it is bound to is, and to nobody else", async () => {
    shelf.bundle("a/public", { publish: true });
    shelf.bundle("a/closed");
    shelf.bundle("b/to-public", { to: "a/public", publish: true });
    shelf.bundle("b/to-closed", { to: "a/closed" });
    shelf.bundle("a/to-closed", { to: "a/closed" });
    expect(await code("b/to-public", "b")).toBe("open");
    expect(await code("b/to-closed", "b")).toContain("not-authorized");
    expect(await code("a/to-closed", "a")).toBe("open");
    for (const caller of ["a", "c"]) expect(await code("b/to-public", caller)).toContain("not-authorized");
  });

  it("refuses in its own name, not in its provider's", async () => {
    shelf.bundle("a/closed");
    shelf.bundle("b/bound", { to: "a/closed" });
    const { opened } = await open("b/bound", "b");
    expect(opened).toMatchObject({ text: "The supplied authentication is not authorized to access 'b/bound'." });
  });

  it("lays its parameters over the provider's and says through what it went", async () => {
    shelf.bundle("a/p", { publish: true, parameters: [value("x", "1.0"), value("y", "1")] });
    shelf.bundle("b/q", { to: "a/p", parameters: [value("y", "2"), value("z", "3")] });
    const { opened, namespaces } = await open("b/q", "b");
    expect(opened).toMatchObject({
      ok: true,
      value: {
        path: "a/p",
        binding: "b/q",
        parameters: [value("x", "1.0"), value("y", "2"), value("z", "3")],
        revision: expect.stringMatching(/^r\d\+r\d$/),
      },
    });
    expect(namespaces).toEqual(["b", "a"]);
    const direct = await open("a/p", "b");
    expect(direct.opened).toMatchObject({ ok: true, value: { path: "a/p" } });
    expect(direct.opened.ok && "binding" in direct.opened.value).toBe(false);
  });

  it("to what is gone is missing at home and forbidden abroad", async () => {
    shelf.bundle("a/home", { to: "a/gone" });
    shelf.bundle("a/abroad", { to: "b/gone" });
    expect(await code("a/home", "a")).toBe("not-found");
    expect(await code("a/abroad", "a")).toContain("not-authorized");
  });

  it("may find that its provider has become a binding, but never goes in circles", async () => {
    shelf.bundle("a/end", { parameters: [value("e", "1"), value("m", "1")] });
    shelf.bundle("a/middle", { to: "a/end", parameters: [value("m", "2")] });
    shelf.bundle("a/start", { to: "a/middle" });
    const { opened } = await open("a/start", "a");
    expect(opened).toMatchObject({ value: { path: "a/end", parameters: [value("e", "1"), value("m", "2")] } });
    shelf.bundle("a/self", { to: "a/self" });
    shelf.bundle("a/one", { to: "a/two" });
    shelf.bundle("a/two", { to: "a/one" });
    expect(await code("a/self", "a")).toBe("circular-binding");
    expect(await code("a/one", "a")).toBe("circular-binding");
    for (let n = 0; n < 20; n++) shelf.bundle(`a/chain${n}`, { to: `a/chain${n + 1}` });
    shelf.bundle("a/chain20");
    expect(await code("a/chain0", "a")).toBe("circular-binding");
    expect(shelf.reads.length).toBeLessThan(40);
  });
});
