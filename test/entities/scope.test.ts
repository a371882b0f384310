// Scopes: which names a key may use, and what several have in common.

import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { holds, inBoth, isNarrower, isPattern, isWanted, namesIn, type ScopedName } from "../../src/entities/scope.ts";

const NAMES: [string, ScopedName][] = [
  ["a", { path: "own", name: "a" }],
  ["ab", { path: "own", name: "ab" }],
  ["b", { path: "own", name: "b" }],
  ["pkg/", { path: "own/pkg" }],
  ["pkg/a", { path: "own/pkg", name: "a" }],
  ["pkg/ab", { path: "own/pkg", name: "ab" }],
  ["pkgs/a", { path: "own/pkgs", name: "a" }],
  ["/other/p/", { path: "other/p" }],
  ["/other/p/a", { path: "other/p", name: "a" }],
  ["/whisk.system/utils/echo", { path: "whisk.system/utils", name: "echo" }],
];
const names = (scope: readonly string[] | undefined, own = "own") =>
  NAMES.filter(([, name]) => holds(scope, own, name)).map(([text]) => text);

describe("a scope", () => {
  it.each<[string[], string[]]>([
    [[], []],
    [["a"], ["a"]],
    [["a*"], ["a", "ab"]],
    [["pkg/*"], ["pkg/", "pkg/a", "pkg/ab"]],
    [["pkg/a"], ["pkg/a"]],
    [["pkg/a*"], ["pkg/a", "pkg/ab"]],
    [["pkg*"], ["pkg/", "pkg/a", "pkg/ab", "pkgs/a"]],
    [["*"], ["a", "ab", "b", "pkg/", "pkg/a", "pkg/ab", "pkgs/a"]],
    [["/other/*"], ["/other/p/", "/other/p/a"]],
    [
      ["/other/p/a", "b"],
      ["b", "/other/p/a"],
    ],
  ])("of %j holds %j, and what ships with the platform", (scope, held) => {
    expect(names(scope)).toEqual([...held, "/whisk.system/utils/echo"]);
  });

  it("that is absent holds all, and the platform's own namespace has none but its own", () => {
    expect(names(undefined)).toHaveLength(NAMES.length);
    expect(names(["b"], "whisk.system")).toEqual([]);
    expect(names(["utils/*"], "whisk.system")).toEqual(["/whisk.system/utils/echo"]);
  });

  it.each([
    "",
    "/",
    "a/",
    "/a",
    "a/b/c",
    "*a",
    "a*b",
    "a**",
    "../a",
    "a\nb",
    `${"a".repeat(129)}`,
    "/ns/",
    "//*",
    "pkg//*",
  ])("takes no pattern %j", (text) => {
    expect(isPattern(text)).toBe(false);
  });

  it.each(["*", "a", "a*", "a b", "pkg/*", "pkg/a*", "/ns/*", "/ns/pkg/*", "/ns/pkg/a", "a@b.c"])(
    "takes %j",
    (text) => {
      expect(isPattern(text)).toBe(true);
    },
  );
});

const segment = fc.constantFrom("a", "ab", "abc", "b");
const pattern = fc
  .tuple(fc.constantFrom("", "/other/"), fc.option(segment), segment, fc.constantFrom("", "*"))
  .map(([home, bundle, name, star]) => `${home}${bundle === null ? "" : `${bundle}/`}${name}${star}`);
const scope = fc.option(fc.array(fc.oneof(pattern, fc.constantFrom("*", "a/*")), { maxLength: 5 }), { nil: undefined });
const named = fc
  .tuple(fc.constantFrom("own", "other"), fc.option(segment), fc.option(segment))
  .map(([home, bundle, name]): ScopedName => {
    const path = bundle === null ? home : `${home}/${bundle}`;
    return bundle === null || name !== null ? { path, name: name ?? "a" } : { path };
  });

describe("of two scopes", () => {
  test("what both hold is held by what they have in common, and nothing else", () => {
    fc.assert(
      fc.property(scope, scope, named, (one, other, name) => {
        expect(holds(inBoth(one, other), "own", name)).toBe(holds(one, "own", name) && holds(other, "own", name));
      }),
      { numRuns: 2_000 },
    );
  });

  test("one that is not narrower holds all that the other holds", () => {
    fc.assert(
      fc.property(scope, scope, named, (one, other, name) => {
        if (!isNarrower(one, other) && holds(other, "own", name)) expect(holds(one, "own", name)).toBe(true);
        expect(isNarrower(one, one)).toBe(false);
        expect(isNarrower(one, inBoth(one, other))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test("what they have in common is bounded, by holding less", () => {
    const many = Array.from({ length: 500 }, (_, n) => `p${String(n).padStart(4, "0")}`);
    const both = inBoth(many, ["*"]) ?? [];
    expect(both.join("").length).toBeLessThanOrEqual(2_000);
    expect(many).toEqual(expect.arrayContaining([...both]));
  });
});

test("a list has what the scope holds of its namespace", () => {
  fc.assert(
    fc.property(scope, fc.constantFrom("own", "other"), named, (held, namespace, { path, name }) => {
      const full = name === undefined ? `${path}/` : `${path}/${name}`;
      if (!full.startsWith(`${namespace}/`)) return;
      const wanted = namesIn(namespace, { scope: held, own: "own" });
      const isListed = wanted === null || isWanted(wanted, full);
      expect(isListed).toBe(holds(held, "own", name === undefined ? { path } : { path, name }));
    }),
    { numRuns: 2_000 },
  );
  expect(namesIn("whisk.system", { scope: ["a"], own: "own" })).toBeNull();
});
