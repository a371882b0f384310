// Subjects and keys without HTTP: which caches are told before a change is answered, and which stores after it.

import { beforeEach, describe, expect, test } from "vitest";
import {
  blockSubject,
  createIdentity,
  getSubject,
  type IdentityContext,
  removeSubject,
  rotateKey,
} from "../../src/catalog/identities.ts";
import type { Identity } from "../../src/entities/identity.ts";
import type { Made, NewIdentity, SubjectStanding } from "../../src/storage/identity-store.ts";

/** Two namespaces of one subject; `story` is what happened, in its order. */
class Registry implements IdentityContext {
  readonly shards = 2;
  readonly story: string[] = [];
  standing: SubjectStanding | null = {
    subject: "someone",
    blocked: false,
    namespaces: [
      { namespace: { name: "home", uuid: "h", former: ["h0"] }, open: true },
      { namespace: { name: "work", uuid: "w" }, open: true },
    ],
  };
  made: (asked: NewIdentity) => Made = (asked) => ({
    kind: "made",
    identity: identity(asked),
    fresh: true,
  });
  rotated: Identity | "exists" | null = null;

  readonly identities: IdentityContext["identities"] = {
    create: async (asked) => this.#wrote(`create ${asked.subject} in ${asked.namespace}`, this.made(asked)),
    standing: async () => this.standing,
    block: async (_, blocked) => this.#wrote("block", this.standing && { ...this.standing, blocked }),
    remove: async (_, namespace) => this.#wrote(`remove ${namespace}`, this.standing),
    rotate: async (subject, namespace) => this.#wrote(`rotate ${subject} in ${namespace}`, this.rotated),
  };

  readonly withWrites = async <T>(namespaces: readonly string[], write: () => Promise<T>): Promise<T> => {
    this.story.push(`begin ${namespaces}`);
    const done = await write();
    this.story.push(`end ${namespaces}`);
    return done;
  };

  shard(namespaceId: string, shard: number) {
    return {
      bar: async (subject: string, { barred, everybody }: { barred: boolean; everybody: boolean }) => {
        this.story.push(`bar ${subject} at ${namespaceId}:${shard} ${barred}${everybody ? " all" : ""}`);
      },
    };
  }

  #wrote<T>(what: string, result: T): T {
    this.story.push(what);
    return result;
  }
}

function identity({ subject, namespace, key = "made:key" }: NewIdentity): Identity {
  return { subject, namespace: { name: namespace, uuid: "u" }, limits: {}, key, derived: false };
}

let registry: Registry;
beforeEach(() => {
  registry = new Registry();
});

describe("a new identity", () => {
  test("has the namespace that is named as it is, unless another is asked for", async () => {
    expect(await createIdentity(registry, { subject: "alone" })).toMatchObject({
      value: { namespace: { name: "alone" } },
    });
    const named = await createIdentity(registry, { subject: "a b/c", namespace: "place" });
    expect(named).toMatchObject({ value: { subject: "a b/c", namespace: { name: "place" } } });
    expect(registry.story).toEqual([
      ...["begin alone", "create alone in alone", "end alone"],
      ...["begin place", "create a b/c in place", "end place"],
    ]);
  });

  test("is refused for a name that can be no namespace, and nothing is written", async () => {
    expect(await createIdentity(registry, { subject: "a b/c" })).toMatchObject({
      text: "The namespace contains illegal characters.",
    });
    expect(registry.story).toEqual([]);
  });

  test.each([
    ["exists", "already-exists"],
    ["blocked", "subject-blocked"],
  ] as const)("%s: %s", async (kind, code) => {
    registry.made = () => ({ kind });
    expect(await createIdentity(registry, { subject: "alone" })).toMatchObject({ ok: false, code });
  });

  test("in a namespace that others had opens it to what waits there", async () => {
    registry.made = (asked) => ({ kind: "made", identity: identity(asked), fresh: false });
    await createIdentity(registry, { subject: "alone" });
    expect(registry.story.slice(3)).toEqual(["bar alone at u:0 false", "bar alone at u:1 false"]);
  });
});

describe("a subject", () => {
  test("that is blocked is out of all caches before the stores are told, under all ids of its namespaces", async () => {
    expect(await blockSubject(registry, { subject: "someone", blocked: true })).toMatchObject({
      value: { blocked: true },
    });
    const stores = ["h:0", "h:1", "h0:0", "h0:1", "w:0", "w:1"].map((at) => `bar someone at ${at} true`);
    expect(registry.story).toEqual(["begin home,work", "block", "end home,work", ...stores]);
  });

  test("that got a namespace in between is out of its caches as well", async () => {
    const standing = registry.standing as SubjectStanding;
    registry.identities.block = async () => {
      const more = { namespace: { name: "more", uuid: "m" }, open: false };
      return { ...standing, namespaces: [...standing.namespaces, more] };
    };
    await blockSubject(registry, { subject: "someone", blocked: true });
    expect(registry.story.slice(0, 4)).toEqual(["begin home,work", "end home,work", "begin more", "end more"]);
    expect(registry.story).toContain("bar someone at m:1 true all");
  });

  test("loses one key or all", async () => {
    expect(await removeSubject(registry, { subject: "someone", namespace: "home" })).toMatchObject({ ok: true });
    expect(registry.story).toContain("remove home");
    expect(registry.story).toContain("bar someone at h:0 true");
  });

  test("that is not there is told so, and nothing is written", async () => {
    registry.standing = null;
    const subject = "nobody";
    expect(await getSubject(registry, subject)).toMatchObject({ code: "not-found" });
    expect(await blockSubject(registry, { subject, blocked: true })).toMatchObject({ code: "not-found" });
    expect(await removeSubject(registry, { subject, namespace: undefined })).toMatchObject({ code: "not-found" });
    expect(registry.story).toEqual([]);
  });

  test("gets another key, unless somebody has that one", async () => {
    expect(await rotateKey(registry, { subject: "someone" })).toMatchObject({ code: "not-found" });
    registry.rotated = "exists";
    expect(await rotateKey(registry, { subject: "someone", key: "k" })).toMatchObject({ code: "already-exists" });
    registry.rotated = identity({ subject: "someone", namespace: "home", key: "new:key" });
    expect(await rotateKey(registry, { subject: "someone", namespace: "home" })).toMatchObject({
      value: { key: "new:key" },
    });
    expect(registry.story.slice(-3)).toEqual(["begin home", "rotate someone in home", "end home"]);
  });
});
