// Keys as a namespace's owner handles them: none lasts longer than his own, none is another namespace's, and the last
// owner stays.

import { describe, expect, it } from "vitest";
import {
  changeOwnKey,
  getOwnKey,
  issueOwnKey,
  MAX_OWN_KEYS,
  type OwnKeyContext,
  replaceOwnKey,
  revokeOwnKey,
} from "../../src/catalog/own-keys.ts";
import { developmentNamespaces } from "../../src/entities/development.ts";
import type { Identity } from "../../src/entities/identity.ts";
import type { Made, NewIdentity } from "../../src/storage/identity-store.ts";
import type { KeyChanges, KeyGuard, RegisteredKey } from "../../src/storage/registry-store.ts";

const NOW = 1_800_000_000_000;
const END = NOW + 1_000;
const OWNER: Identity = {
  ...{
    subject: "me",
    namespace: { name: "home", uuid: "n" },
    limits: {},
    key: "own:secret",
    keyId: "own",
    derived: false,
  },
};

function keyOf(id: string, more: Partial<RegisteredKey> = {}): RegisteredKey {
  return {
    ...{ id, subject: "me", namespace: "home", name: id, created: 1, ends: null, replacedBy: null },
    ...{ role: "owner", scope: null, blocked: false, ...more },
  };
}

/** Keys by their ids; `said` is what was asked of the registry. */
function world({ ends = undefined as number | undefined, keyId = "own" } = {}) {
  const keys = new Map(
    [keyOf("own"), keyOf("other"), keyOf("theirs", { namespace: "work" })].map((key) => [key.id, key]),
  );
  const said: unknown[] = [];
  let made: (asked: NewIdentity) => Made = (asked) => {
    keys.set("new", keyOf("new", { name: asked.name ?? "default", subject: asked.subject }));
    return {
      ...{ kind: "made", fresh: true },
      identity: { ...OWNER, subject: asked.subject, key: "new:secret", keyId: "new" },
    };
  };
  const context = {
    owner: { ...OWNER, keyId, ...(ends === undefined ? {} : { keyEnds: ends }) },
    now: () => NOW,
    shards: 1,
    shard: () => ({ bar: async () => {} }),
    withWrites: async (_: unknown, write: () => Promise<unknown>) => write(),
    identities: {
      create: async (asked: NewIdentity) => {
        said.push(asked);
        return made(asked);
      },
    },
    registry: {
      key: async (id: string) => keys.get(id) ?? null,
      namespace: async () => null,
      changeKey: async (id: string, change: KeyChanges, guard: KeyGuard) => {
        said.push({ id, change, guard });
        return { kind: "changed", key: keyOf(id) };
      },
      rotateKey: async (id: string, rotation: object) => {
        said.push({ id, rotation });
        return { kind: "rotated", key: "next:secret", now: keyOf("next"), before: null };
      },
      revokeKey: async (id: string, guard: KeyGuard) => {
        said.push({ id, guard });
        return { kind: "revoked", key: keyOf(id), more: true };
      },
    },
  } as unknown as OwnKeyContext;
  return {
    ...{ context, said, keys },
    making: (how: typeof made) => {
      made = how;
    },
  };
}

const ORDER = { name: "ci", role: "developer" as const };
const beyond = { ok: false, code: "beyond-own-end", text: expect.stringContaining(new Date(END).toISOString()) };

describe("a key that is issued", () => {
  it("is the owner's own, to his namespace, without an end where his has none", async () => {
    const { context, said } = world();
    expect(await issueOwnKey(context, ORDER)).toMatchObject({
      ok: true,
      value: { key: "new:secret", now: { id: "new" } },
    });
    expect(said).toEqual([{ name: "ci", role: "developer", subject: "me", namespace: "home", most: MAX_OWN_KEYS }]);
  });

  it("is another's, with an end and a scope, where that is asked for", async () => {
    const { context, said } = world();
    await issueOwnKey(context, { ...ORDER, subject: "you", ends: 7, scope: ["a*"] });
    expect(said).toMatchObject([{ subject: "you", ends: 7, scope: ["a*"] }]);
  });

  it("lasts no longer than the one that asks; by default as long", async () => {
    const { context, said } = world({ ends: END });
    expect(await issueOwnKey(context, { ...ORDER, ends: END + 1 })).toMatchObject(beyond);
    expect(said).toEqual([]);
    await issueOwnKey(context, { ...ORDER, ends: END });
    await issueOwnKey(context, ORDER);
    expect(said).toMatchObject([{ ends: END }, { ends: END }]);
  });

  it("is told to be too many, or taken; one that was revoked at once is not told", async () => {
    const { context, making, keys } = world();
    making(() => ({ kind: "full" }));
    expect(await issueOwnKey(context, ORDER)).toMatchObject({ code: "too-many-keys" });
    making(() => ({ kind: "exists" }));
    expect(await issueOwnKey(context, ORDER)).toMatchObject({ code: "already-exists" });
    const lost = world();
    lost.making(() => {
      keys.delete("new");
      return { kind: "made", fresh: true, identity: { ...OWNER, key: "new:secret", keyId: "new" } };
    });
    expect(await issueOwnKey(lost.context, ORDER)).toMatchObject({ ok: false, code: "not-found" });
  });
});

describe("a key of another namespace", () => {
  it("is not there, whatever is asked of it, and nothing is changed", async () => {
    const { context, said } = world();
    for (const id of ["theirs", "nobody's"]) {
      const all = [
        getOwnKey(context, id),
        changeOwnKey(context, { id, role: "reader" }),
        replaceOwnKey(context, { id, overlap: 0 }),
        revokeOwnKey(context, id),
      ];
      for (const each of await Promise.all(all)) expect(each).toMatchObject({ ok: false, code: "not-found" });
    }
    expect(said).toEqual([]);
    expect(await getOwnKey(context, "other")).toMatchObject({ ok: true, value: { id: "other" } });
  });
});

describe("a key that is changed or revoked", () => {
  it("leaves the namespace an owner", async () => {
    const { context, said } = world();
    await changeOwnKey(context, { id: "other", role: "reader" });
    await revokeOwnKey(context, "other");
    expect(said).toEqual([
      { id: "other", change: { role: "reader" }, guard: { owned: NOW } },
      { id: "other", guard: { owned: NOW } },
    ]);
  });

  it("may be the last one where a well-known key owns the namespace", async () => {
    const [known] = developmentNamespaces();
    const { context, said } = world({ keyId: known?.uuid ?? "" });
    await revokeOwnKey(context, "other");
    expect(said).toEqual([{ id: "other", guard: {} }]);
  });

  it("ends no later than the one that asks, and never where his has no end", async () => {
    const { context, said } = world({ ends: END });
    expect(await changeOwnKey(context, { id: "other", ends: END + 1 })).toMatchObject(beyond);
    expect(await changeOwnKey(context, { id: "other", ends: null })).toMatchObject(beyond);
    expect(said).toEqual([]);
    expect(await changeOwnKey(context, { id: "other", ends: END })).toMatchObject({ ok: true });
    expect(await changeOwnKey(context, { id: "other", name: "x" })).toMatchObject({ ok: true });
    expect(await changeOwnKey(world().context, { id: "other", ends: null })).toMatchObject({ ok: true });
  });
});

describe("a key that is replaced", () => {
  it("is told to who asks, so that it must end with his; his own may be replaced", async () => {
    const { context, said } = world({ ends: END });
    expect(await replaceOwnKey(context, { id: "other", overlap: 5 })).toMatchObject(beyond);
    expect(await replaceOwnKey(context, { id: "own", overlap: 5 })).toMatchObject({ ok: true });
    expect(said).toEqual([{ id: "own", rotation: { now: NOW, goodUntil: NOW + 5_000 } }]);
  });

  it("may end sooner", async () => {
    const { context, keys } = world({ ends: END });
    keys.set("other", keyOf("other", { ends: END }));
    expect(await replaceOwnKey(context, { id: "other", overlap: 0 })).toMatchObject({
      ...{ ok: true, value: { key: "next:secret", before: null } },
    });
  });
});
