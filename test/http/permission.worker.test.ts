// The door of each route: which name in its path is asked for, who reads what became of a call,
// and what is everybody's.

import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import type { Identity } from "../../src/entities/identity.ts";
import type { Failure } from "../../src/errors.ts";
import type { AppContext, AppEnv } from "../../src/http/context.ts";
import type { Needs } from "../../src/http/needs.ts";
import { guarded, needsOf, refusalFor } from "../../src/http/permission.ts";

const OWNER: Identity = {
  ...{ subject: "me", namespace: { name: "guest", uuid: "n" }, limits: {}, key: "k:s", keyId: "k", derived: false },
};

async function at<T>(path: string, identity: Identity, read: (c: AppContext) => T): Promise<Awaited<T>> {
  const found: Awaited<T>[] = [];
  const app = new Hono<AppEnv>();
  const handler = async (c: AppContext) => {
    c.set("identity", identity);
    found.push(await read(c));
    return c.text("");
  };
  app.get("/:ns/:name", handler);
  app.get("/:ns/packages/:package/:name", handler);
  await app.request(path);
  const [first] = found;
  if (found.length === 0) throw new Error(`${path} leads nowhere`);
  return first as Awaited<T>;
}

const refused = (path: string, needs: Needs, more: Partial<Identity> = {}): Promise<Failure | null> =>
  at(path, { ...OWNER, ...more }, (c) => refusalFor(c, needs));
const codeOf = async (...given: Parameters<typeof refused>) => (await refused(...given))?.code ?? null;

describe("a key without a scope that was not lent", () => {
  it("is not looked at further, whatever its path says", async () => {
    expect(await codeOf("/other/a", { right: "own", of: "all" })).toBeNull();
    expect(await codeOf("/guest/a", { right: "deploy", of: "action" }, { rights: "read" })).toBeNull();
  });
});

describe("a right", () => {
  const lent = { derived: true, rights: "invoke" as const };

  it("is asked of whoever was lent less", async () => {
    expect(await codeOf("/_/a", { right: "invoke", of: "action" }, lent)).toBeNull();
    expect(await codeOf("/_/a", { right: "deploy", of: "action" }, lent)).toBe("lacks-right");
  });

  it("to records is had by who may invoke, of one record, and not of others' lists", async () => {
    expect(await codeOf("/_/a", { right: "records", of: "record" }, lent)).toBeNull();
    expect(await codeOf("/_/a", { right: "records", of: "list" }, lent)).toBe("lacks-right");
    expect(await codeOf("/_/a", { right: "records", of: "record" }, { derived: true, rights: "none" })).toBe(
      "lacks-right",
    );
  });

  it("to deploy is none of what runs in the platform's own namespace, but a role's is", async () => {
    const system = { derived: true, rights: "deploy" as const, namespace: { name: "whisk.system", uuid: "s" } };
    const needs = { right: "deploy", of: "action" } as const;
    expect(await codeOf("/_/a", needs, system)).toBe("beyond-credential");
    expect(await codeOf("/_/a", needs, { ...system, role: "developer" })).toBeNull();
    expect(await codeOf("/_/a", needs, { ...system, namespace: OWNER.namespace })).toBeNull();
    expect(await codeOf("/_/a", { ...needs, right: "wire" }, system)).toBeNull();
  });
});

describe("a name", () => {
  const scoped = (...scope: string[]) => ({ scope });
  const action = { right: "invoke", of: "action" } as const;

  it("is that of the path, in the caller's namespace for _", async () => {
    for (const ns of ["_", "guest"]) {
      expect(await codeOf(`/${ns}/a`, action, scoped("a"))).toBeNull();
      expect(await codeOf(`/${ns}/a`, action, scoped("b"))).toBe("out-of-scope");
    }
    expect(await codeOf("/other/a", action, scoped("a"))).toBe("out-of-scope");
    expect(await codeOf("/other/a", action, scoped("/other/a"))).toBeNull();
  });

  it("in a package is the package's and its own", async () => {
    expect(await codeOf("/_/packages/p/a", action, scoped("p/a"))).toBeNull();
    expect(await codeOf("/_/packages/p/a", action, scoped("a"))).toBe("out-of-scope");
    expect(await codeOf("/_/packages/p/a", action, scoped("p/*"))).toBeNull();
  });

  it("of a package is all that is in it", async () => {
    const needs = { right: "read", of: "package" } as const;
    expect(await codeOf("/_/p", needs, scoped("p/*"))).toBeNull();
    expect(await codeOf("/_/p", needs, scoped("p/a"))).toBe("out-of-scope");
    expect(await codeOf("/_/p", needs, scoped("p"))).toBe("out-of-scope");
  });

  it("of a trigger or a rule is its own", async () => {
    expect(await codeOf("/_/t", { right: "fire", of: "entity" }, scoped("t"))).toBeNull();
    expect(await codeOf("/_/t", { right: "fire", of: "entity" }, scoped("u"))).toBe("out-of-scope");
  });

  it("is not asked for where what is shown follows the scope, or nothing has a name", async () => {
    for (const of of ["list", "record", "nothing"] as const) {
      expect([of, await codeOf("/_/x", { right: "read", of }, scoped())]).toEqual([of, null]);
    }
  });

  it("is of no use where the whole namespace is meant", async () => {
    expect(await codeOf("/_/x", { right: "own", of: "all" }, scoped("*"))).toBe("out-of-scope");
    expect(await codeOf("/_/x", { right: "own", of: "all" }, { derived: true, rights: "owner" })).toBeNull();
  });
});

describe("a handler", () => {
  const answer = () => new Response("in");

  it("is behind its door, and says what it needs", async () => {
    const needs = { right: "invoke", of: "action" } as const;
    const handler = guarded(needs, answer);
    expect([needsOf(handler), needsOf(guarded(null, answer)), needsOf(answer)]).toEqual([needs, null, undefined]);
    const told = await at("/_/a", OWNER, async (c) => [await (await handler(c)).text(), c.get("needs")]);
    expect(told).toEqual(["in", needs]);
    const shut = await at("/_/a", { ...OWNER, scope: ["b"] }, async (c) => {
      c.set("transactionId", "t");
      return (await handler(c)).status;
    });
    expect(shut).toBe(403);
  });

  it("that asks for no key is open to all", async () => {
    const open = await at("/_/a", { ...OWNER, scope: [] }, async (c) => (await guarded(null, answer)(c)).status);
    expect(open).toBe(200);
  });
});
