// Rights of keys: what each may do, and what several have in common.

import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { limitedTo, rightsOf } from "../../src/entities/identity.ts";
import { common, isAbove, mayRequest, type Rights } from "../../src/entities/rights.ts";

const ALL: Rights[] = ["use", "deploy", "owner"];
const rights = fc.constantFrom(...ALL);

describe("what several have in common", () => {
  test("is never above any of them, and is one of them", () => {
    fc.assert(
      fc.property(fc.array(fc.option(rights, { nil: undefined }), { minLength: 1 }), (list) => {
        const least = common(...list);
        const known = list.filter((each) => each !== undefined);
        expect(known.some((each) => isAbove(least, each))).toBe(false);
        if (known.length > 0) expect(known).toContain(least);
      }),
    );
    expect(common()).toBe("owner");
    expect(common(undefined)).toBe("owner");
  });

  test("limits a caller, and takes the key from one who has less than it stands for", () => {
    const owner = { derived: false };
    expect(limitedTo(owner, undefined)).toBe(owner);
    expect(limitedTo(owner, "owner")).toBe(owner);
    expect(limitedTo(owner, "deploy")).toEqual({ derived: true, rights: "deploy" });
    const derived = { derived: true, rights: "use" as const };
    expect(limitedTo(derived, "owner")).toBe(derived);
    expect(rightsOf({ derived: true })).toBe("use");
  });
});

describe("a key with rights to", () => {
  const verbs = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"];
  const collections = ["actions", "packages", "triggers", "rules", "activations", "limits", "keys", ""];
  const allowed = (rights: Rights) =>
    verbs
      .filter((method) => !["GET", "HEAD", "OPTIONS"].includes(method))
      .flatMap((method) => collections.map((collection) => ({ method, collection })))
      .filter((request) => mayRequest(rights, request))
      .map(({ method, collection }) => `${method} ${collection}`);

  it("use may read all, invoke, fire, and write triggers and rules", () => {
    expect(allowed("use")).toEqual([
      ...["POST actions", "POST triggers", "POST rules"],
      ...["PUT triggers", "PUT rules", "DELETE triggers", "DELETE rules"],
    ]);
    for (const collection of collections) expect(mayRequest("use", { method: "GET", collection })).toBe(true);
  });

  it("deploy may write actions and packages as well, and nothing else that may come", () => {
    expect(allowed("deploy")).toEqual([
      ...["POST actions", "POST triggers", "POST rules"],
      ...["PUT actions", "PUT packages", "PUT triggers", "PUT rules"],
      ...["DELETE actions", "DELETE packages", "DELETE triggers", "DELETE rules"],
    ]);
  });

  it("an owner's may do everything", () => {
    expect(allowed("owner")).toHaveLength(4 * collections.length);
  });
});
