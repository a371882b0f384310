// Names, qualified names and versions.

import { describe, expect, test } from "vitest";
import { isName, nameFault, parseQualifiedName, pathOf, printQualifiedName } from "../../src/entities/names.ts";
import { nextVersion, parseVersion } from "../../src/entities/version.ts";

describe("a name", () => {
  test.each(["a", "_", "9", "a b", "a@b.c & d-e", "A.", "a-", "x".repeat(256)])("may be %j", (name) => {
    expect(isName(name)).toBe(true);
    expect(nameFault(name)).toBeNull();
  });

  test.each(["", " ", "a ", " a", "-a", ".a", "@a", "ü", "a/b", "a\n", "a:b", "a*", "😀"])("may not be %j", (name) => {
    expect(isName(name)).toBe(false);
    expect(nameFault(name)?.text).toBe("The name of the entity contains illegal characters.");
  });

  test("has at most 256 characters, and the refusal says so", () => {
    expect(nameFault("x".repeat(300))?.text).toBe("Name segment longer than allowed: 300 > 256.");
  });
});

describe("a qualified name", () => {
  const parse = (text: string) => parseQualifiedName(text, { own: "me" });

  test("has a namespace, perhaps a package, and a name; _ is one's own", () => {
    expect(parse("/ns/name")).toEqual({ ok: true, value: { namespace: "ns", name: "name" } });
    expect(parse("ns/p/n")).toEqual({ ok: true, value: { namespace: "ns", package: "p", name: "n" } });
    expect(parse("/_/n")).toEqual({ ok: true, value: { namespace: "me", name: "n" } });
  });

  test.each(["", "/", "name", "/name", "/a/b/c/d", "/ns/-n", "/ü/n"])("is not %j", (text) => {
    expect(parse(text)).toMatchObject({ ok: false, code: "malformed-body" });
  });

  test("is printed with a leading slash", () => {
    expect(printQualifiedName({ namespace: "ns", name: "n" })).toBe("/ns/n");
    expect(printQualifiedName({ namespace: "ns", package: "p", name: "n" })).toBe("/ns/p/n");
    expect(pathOf({ namespace: "ns", package: "p" })).toBe("ns/p");
  });
});

describe("a version", () => {
  test.each([
    ["0.0.1", "0.0.1"],
    ["1.2.3", "1.2.3"],
    ["1.2", "1.2.0"],
    ["7", "7.0.0"],
    ["01.2.3", "1.2.3"],
  ])("%s is read as %s", (text, version) => expect(parseVersion(text)).toBe(version));

  test.each(["", "0.0.0", "0", "a", "1.2.x", "-1.0.0", "1..2", "1.2.3.4", "1.2.", "2147483648.0.0", " 1.2.3"])(
    "%j is none",
    (text) => expect(parseVersion(text)).toBeNull(),
  );

  test("goes up by its last part", () => {
    expect(nextVersion("0.0.1")).toBe("0.0.2");
    expect(nextVersion("1.2.9")).toBe("1.2.10");
    expect(nextVersion("1.2.2147483647")).toBe("1.2.2147483647");
  });
});
