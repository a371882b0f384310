// What an action runs: kinds, images, and the texts of refusals.

import { describe, expect, test } from "vitest";
import { deprecationOf, execOf, isImage, parseExec, type RunnableKinds } from "../../src/entities/exec.ts";
import { isSkeleton, MANIFEST, runnableKinds } from "../../src/entities/runtimes.ts";
import { growth, LINEAR } from "../support/growth.ts";

const CODE = { size: 5, binary: false, blank: false };
const ALL: RunnableKinds = { kinds: MANIFEST, blackbox: true };
const FEW: RunnableKinds = {
  kinds: runnableKinds(new Set(["nodejs:22", "nodejs:24", "python:3.12"])),
  blackbox: false,
};

function parse(exec: object, options: { code?: typeof CODE | null; offer?: RunnableKinds } = {}) {
  return parseExec(JSON.stringify(exec), {
    code: options.code === undefined ? CODE : options.code,
    offer: options.offer ?? ALL,
    own: "me",
  });
}

function errorOf(exec: object, options: Parameters<typeof parse>[1] = {}): string {
  const parsed = parse(exec, options);
  return parsed.ok ? "" : parsed.text;
}

describe("kinds", () => {
  test.each([
    ["nodejs:20", "nodejs:20"],
    [" NodeJS:Default ", "nodejs:20"],
    ["python:default", "python:3.10"],
  ])("%j is %s where every host is there", (kind, resolved) => {
    expect(parse({ kind, code: "" })).toEqual({ ok: true, value: { kind: resolved, code: true, binary: false } });
  });

  test("default is the newest that can run where the manifest's cannot", () => {
    expect(parse({ kind: "nodejs:default", code: "" }, { offer: FEW })).toMatchObject({ value: { kind: "nodejs:24" } });
    expect(parse({ kind: "python:default", code: "" }, { offer: FEW })).toMatchObject({
      value: { kind: "python:3.12" },
    });
  });

  test("a known kind that no host offers is refused by name, with what there is", () => {
    for (const kind of ["nodejs:20", "swift:5.3", "swift:default"]) {
      expect(errorOf({ kind, code: "" }, { offer: FEW })).toBe(
        `The request content was malformed:\nThe runtime '${kind}' is known, but no host of this platform offers it. ` +
          "Valid values are: 'nodejs:22', 'nodejs:24', 'python:3.12'.",
      );
    }
    expect(errorOf({ kind: "blackbox", image: "a/b" }, { offer: FEW })).toContain(
      "No host of this platform can run container images",
    );
  });

  test("an unknown kind is refused as upstream does", () => {
    for (const kind of ["cobol:85", "sequences", "", "nodejs", "nodejs:20:1"]) {
      expect(errorOf({ kind, code: "" })).toContain(
        `The specified runtime '${kind}' is not supported by this platform. Valid values are: 'nodejs:18', `,
      );
    }
    expect(errorOf({ kind: "cobol:85", code: "" })).toContain("'native', 'blackbox'.");
  });

  test("none of the manifest's is deprecated now, and an unknown one is not either", () => {
    expect(MANIFEST.map((each) => deprecationOf(each.kind)).filter((each) => each !== null)).toEqual([]);
    expect(deprecationOf("cobol:85")).toBeNull();
  });
});

describe("code and main", () => {
  test("code must be there as a string; its facts are the lifted code's", () => {
    expect(errorOf({ kind: "nodejs:20" }, { code: null })).toContain(
      "'code' must be a string defined in 'exec' for 'nodejs:20' actions",
    );
    expect(errorOf({ kind: "nodejs:20", code: 5 }, { code: null })).toContain("'code' must be a string");
    expect(parse({ kind: "nodejs:20", code: "", binary: false }, { code: { ...CODE, binary: true } })).toMatchObject({
      value: { binary: true },
    });
  });

  test("kinds that need a main say so", () => {
    expect(errorOf({ kind: "java:default", code: "" })).toContain(
      "'main' must be a string defined in 'exec' for 'java:default' actions",
    );
    expect(parse({ kind: "java:8", code: "", main: "M" })).toEqual({
      ok: true,
      value: { kind: "java:8", code: true, binary: false, main: "M" },
    });
  });

  test("a black box needs none, and blank code is none", () => {
    const wanted = { kind: "blackbox", image: "a/b:c", code: false, binary: false };
    expect(parse({ kind: "blackbox", image: "a/b:c" }, { code: null })).toEqual({ ok: true, value: wanted });
    expect(parse({ kind: "blackbox", image: "a/b:c", code: "" }, { code: { ...CODE, blank: true } })).toEqual({
      ok: true,
      value: wanted,
    });
    expect(errorOf({ kind: "blackbox", image: "a/b:c", code: {} }, { code: null })).toContain(
      "'code' must be a string",
    );
  });
});

test("the stored form follows from request and code", () => {
  const code = { key: "code/1", hash: "h", size: 5 };
  expect(execOf({ kind: "nodejs:20", code: true, binary: true, main: "m" }, code)).toEqual({
    kind: "nodejs:20",
    code,
    binary: true,
    main: "m",
  });
  expect(execOf({ kind: "blackbox", image: "i", code: false, binary: false }, undefined)).toEqual({
    kind: "blackbox",
    image: "i",
    binary: false,
  });
  expect(() => execOf({ kind: "nodejs:20", code: true, binary: false }, undefined)).toThrow("no code");
});

describe("images", () => {
  const digest = "a".repeat(32);
  test.each([
    "alpine",
    "openwhisk/dockerskeleton:nightly",
    "registry.example.com/a/b/c:1.0_x",
    "localhost:5000/a",
    "Upper.Host.io/lower",
    "a__b/c-d.e",
    "a--b",
    `a@sha256:${digest}`,
    `a:t@sha256:${digest}`,
    "1.2.3.4:80/x",
  ])("%s is one", (image) => expect(isImage(image)).toBe(true));

  test.each([
    "",
    " a",
    "A",
    "a b",
    "a/",
    "/a",
    "a:",
    "a:b:c/d",
    "a..b",
    "a_-b",
    "-a",
    "a@sha256:abc",
    "a:-t",
    "https://a/b",
    `a${"a".repeat(512)}`,
  ])("%s is none", (image) => expect(isImage(image)).toBe(false));

  test.each(["a.", "a-", "a_a", "a/", "-"])(
    "an endless attempt with %j is told in time that grows with its length",
    (part) => {
      expect(growth((scale) => isImage(`${part.repeat(16 * scale)}!`))).toBeLessThan(LINEAR);
    },
  );
});

describe("sequences", () => {
  const of = (components: unknown) => parse({ kind: " Sequence ", components, code: "x" });

  test("name their components in full, in order and as often as they come", () => {
    const parsed = of(["/_/a", "other/b", "/other/p/b", "/_/a"]);
    const components = ["/me/a", "/other/b", "/other/p/b", "/me/a"];
    expect(parsed).toEqual({ ok: true, value: { kind: "sequence", components, code: false, binary: false } });
    expect(parsed.ok && execOf(parsed.value, undefined)).toEqual({ kind: "sequence", components });
  });

  test("may be empty here: how many there may be is asked where they are looked up", () => {
    expect(of([])).toMatchObject({ ok: true, value: { components: [] } });
  });

  test("are refused where a component is no qualified name", () => {
    expect(errorOf({ kind: "sequence" })).toBe(
      "The request content was malformed:\n'components' must be defined for sequence kind",
    );
    for (const list of ["/ns/a", {}, null]) expect(of(list)).toMatchObject({ ok: false, code: "malformed-body" });
    for (const one of ["a", "/a", "", "/a/b/c/d", "/ns/b*d"]) {
      expect(of(["/ns/a", one])).toMatchObject({ ok: false, code: "malformed-body" });
    }
    for (const one of [7, null, ["/ns/a"]]) expect(of([one])).toMatchObject({ ok: false, code: "malformed-body" });
    expect(errorOf({ kind: "sequence", components: ["a"] })).toContain(
      "The fully qualified name of the entity must contain",
    );
  });
});

describe("the images OpenWhisk has for programs", () => {
  const image = "openwhisk/dockerskeleton";
  const native: RunnableKinds = { kinds: runnableKinds(new Set(["native"])), blackbox: false };
  const asIs = (name: string) => ({ ok: true, value: { kind: "blackbox", image: name, code: true, binary: false } });

  test.each([image, `${image}:nightly`, `${image}:latest`])(
    "%s with code needs only a host with the kind native",
    (name) => {
      expect(parse({ kind: "blackbox", image: name, code: "" }, { offer: native })).toEqual(asIs(name));
      expect(parse({ kind: "blackbox", image: name, code: "" })).toEqual(asIs(name));
    },
  );

  test("are pulled where no host has that kind, or there is no code", () => {
    const pulls: RunnableKinds = { kinds: FEW.kinds, blackbox: true };
    expect(parse({ kind: "blackbox", image, code: "" }, { offer: pulls })).toEqual(asIs(`docker.io/${image}`));
    expect(errorOf({ kind: "blackbox", image, code: "" }, { offer: FEW })).toContain(
      "No host of this platform can run",
    );
    expect(errorOf({ kind: "blackbox", image }, { code: null, offer: native })).toContain(
      "No host of this platform can run",
    );
    expect(parse({ kind: "blackbox", image }, { code: null })).toMatchObject({ value: { image, code: false } });
  });

  test.each([
    "openwhisk/dockerskeleton2",
    "me/dockerskeleton",
    `docker.io/${image}`,
    `localhost:5000/${image}`,
    `${image}@sha256:${"a".repeat(64)}`,
  ])("%s is another image", (name) => {
    expect(isSkeleton(name)).toBe(false);
    expect(errorOf({ kind: "blackbox", image: name, code: "" }, { offer: native })).toContain(
      "No host of this platform",
    );
    expect(parse({ kind: "blackbox", image: name, code: "" })).toEqual(asIs(name));
  });
});
