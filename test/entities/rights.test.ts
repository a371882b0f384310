// Rights of keys: what each may do, and what several have in common.

import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { limitedTo, rightsOf } from "../../src/entities/identity.ts";
import {
  common,
  holdsRight,
  isAbove,
  RIGHTS_OF_ROLE,
  type Right,
  type Rights,
  rolesWith,
} from "../../src/entities/rights.ts";

const ALL: Rights[] = ["none", "read", "invoke", "use", "deploy", "owner"];
const EACH: Right[] = ["enter", "read", "records", "invoke", "fire", "wire", "deploy", "own"];
const rights = fc.constantFrom(...ALL);

describe("what several have in common", () => {
  test("is what each of them has, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.option(rights, { nil: undefined }), { minLength: 1 }), (list) => {
        const least = common(...list);
        const known = list.filter((each) => each !== undefined);
        expect(known.some((each) => isAbove(least, each))).toBe(false);
        for (const right of EACH) {
          expect(holdsRight(least, right)).toBe(known.every((each) => holdsRight(each, right)));
        }
      }),
    );
    expect(common()).toBe("owner");
    expect(common(undefined)).toBe("owner");
  });

  test("one is above another that lacks something of it", () => {
    for (const one of ALL)
      for (const other of ALL)
        expect(isAbove(one, other)).toBe(EACH.some((each) => holdsRight(one, each) && !holdsRight(other, each)));
  });

  test("limits a caller, and takes the key from one who has less than it stands for", () => {
    const owner = { derived: false };
    expect(limitedTo(owner, {})).toBe(owner);
    expect(limitedTo(owner, { rights: "owner" })).toBe(owner);
    expect(limitedTo(owner, { rights: "deploy" })).toEqual({ derived: true, rights: "deploy" });
    const derived = { derived: true, rights: "use" as const };
    expect(limitedTo(derived, { rights: "owner" })).toBe(derived);
    expect(rightsOf({ derived: true })).toBe("use");
  });

  test("of names is less than a stored key stands for as well, unless it is all that the key opens", () => {
    const owner = { derived: false };
    expect(limitedTo(owner, { rights: "owner", scope: ["a*"] })).toEqual({
      ...{ derived: true, rights: "deploy", scope: ["a*"] },
    });
    const scoped = { derived: false, scope: ["a/*"] };
    expect(limitedTo(scoped, { rights: "owner", scope: ["a/*", "b"] })).toBe(scoped);
    expect(limitedTo(scoped, { rights: "owner", scope: ["a/x"] })).toEqual({
      ...{ derived: true, rights: "deploy", scope: ["a/x"] },
    });
    expect(limitedTo(scoped, { scope: ["b"] })).toMatchObject({ scope: [] });
  });
});

describe("a role", () => {
  it.each([
    ["owner", EACH],
    ["developer", ["enter", "read", "records", "invoke", "fire", "wire", "deploy"]],
    ["invoker", ["enter", "invoke", "fire"]],
    ["reader", ["enter", "read", "records"]],
  ] as const)("%s may %j", (role, may) => {
    expect(EACH.filter((each) => holdsRight(RIGHTS_OF_ROLE[role], each))).toEqual(may);
    for (const right of may) expect(rolesWith(right)).toContain(role);
  });
});
