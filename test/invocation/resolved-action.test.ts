// What a call needs of an action, worked out from the action and the package it was found in.

import { describe, expect, it } from "vitest";
import type { OpenPackage } from "../../src/catalog/open-package.ts";
import type { Action, Parameter } from "../../src/entities/action.ts";
import { type ResolvedAction, resolvedActionOf } from "../../src/invocation/resolved-action.ts";

const KEY = { path: "guest", name: "hello" };
const PLAIN: Action = {
  ...{
    namespace: "guest",
    name: "hello",
    version: "0.0.1",
    publish: false,
    annotations: [],
    updated: 0,
    revision: "1",
  },
  ...{ parameters: [], limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 } },
  exec: { kind: "nodejs:20", code: { key: "code/x", hash: "x", size: 1 }, binary: false },
};

const bundleOf = (more: Partial<OpenPackage> = {}): OpenPackage =>
  ({ path: "guest/p", parameters: [], writtenWith: "owner", revision: "p1", ...more }) as OpenPackage;

function resolved(
  changes: Partial<Action> = {},
  { bundle = null as OpenPackage | null, caller = "guest" } = {},
): ResolvedAction {
  const made = resolvedActionOf({ ...PLAIN, ...changes }, { key: KEY, revision: "1", bundle, caller });
  if (made === null) throw new Error("it makes no sense");
  return made;
}

const noted = (...annotations: [key: string, value: string][]) =>
  resolved({ annotations: annotations.map(([key, value]) => ({ key, value })) });

describe("an action", () => {
  it("is called under its own path, with what it runs and no more than it asks for", () => {
    expect(resolved()).toMatchObject({
      ...{
        name: "hello",
        path: "guest/hello",
        kind: "nodejs:20",
        version: "0.0.1",
        revision: "1",
        limits: PLAIN.limits,
      },
      ...{ exec: { kind: "nodejs:20", binary: false, code: { key: "code/x" } }, defaults: "{}", builtin: false },
      ...{ writtenWith: "owner", web: null },
    });
    for (const absent of ["plan", "binding", "writerScope"]) expect(resolved()).not.toHaveProperty(absent);
  });

  it("asks for the key that its annotations name", () => {
    const asked = ['"owner"', '"deploy"', "true", "false"].map(
      (value) => noted(["provide-api-key", value]).askedRights,
    );
    expect(asked).toEqual(["owner", "deploy", "use", null]);
    expect(resolved().askedRights).toBe("use");
  });
});

describe("what it runs", () => {
  it("has an entry point and an image where it has been given one", () => {
    const code = { key: "code/x", hash: "x", size: 1 };
    const exec = { kind: "blackbox", image: "me/mine:1", main: "f", code, binary: true } as const;
    expect(resolved({ exec }).exec).toEqual(exec);
    expect(resolved({ exec: { kind: "blackbox", image: "me/mine", binary: false } }).exec).toEqual({
      ...{ kind: "blackbox", image: "me/mine", binary: false },
    });
  });

  it("is a native program where the image is OpenWhisk's skeleton and there is code for it", () => {
    const image = "openwhisk/dockerskeleton:1.14";
    const code = { key: "code/x", hash: "x", size: 1 };
    const made = resolved({ exec: { kind: "blackbox", image, code, binary: true } });
    expect([made.kind, made.exec]).toEqual(["native", { kind: "native", binary: true, code }]);
    expect(resolved({ exec: { kind: "blackbox", image, binary: false } }).kind).toBe("blackbox");
    const itself = resolved({
      exec: { kind: "blackbox", image: "docker.io/openwhisk/dockerskeleton", code, binary: true },
    });
    expect(itself.kind).toBe("blackbox");
  });

  it("is nothing where it makes no sense", () => {
    const exec = { kind: "nodejs:20" } as unknown as Action["exec"];
    expect(resolvedActionOf({ ...PLAIN, exec }, { key: KEY, revision: "1", bundle: null, caller: "guest" })).toBeNull();
  });

  it("is the Worker itself where it is built in", () => {
    expect(resolved({ exec: { kind: "builtin", binary: false } as Action["exec"] }).builtin).toBe(true);
  });
});

describe("a composition", () => {
  const sequence = { kind: "sequence", components: ["/guest/a", "/other/p/b"] } as Action["exec"];

  it("is a sequence's components, in their order", () => {
    expect(resolved({ exec: sequence })).toMatchObject({
      ...{ kind: "sequence", exec: { kind: "sequence", binary: false } },
      plan: {
        kind: "sequence",
        components: [
          { path: "guest", name: "a" },
          { path: "other/p", name: "b" },
        ],
      },
    });
  });

  it("is a conductor, under the name it was asked for by; a sequence stays one", () => {
    expect(noted(["conductor", "true"]).plan).toEqual({ kind: "conductor", action: KEY });
    expect(noted(["conductor", '"x"']).plan).toEqual({ kind: "conductor", action: KEY });
    for (const no of ["false", "0", '""', "null"]) expect([no, noted(["conductor", no]).plan]).toEqual([no, undefined]);
    const both = resolved({ exec: sequence, annotations: [{ key: "conductor", value: "true" }] });
    expect(both.plan?.kind).toBe("sequence");
  });
});

describe("parameters", () => {
  const own: Parameter[] = [
    { key: "a", value: "1.0" },
    { key: "none", value: "null" },
  ];

  it("are the package's under the action's, and its defaults with the bytes of both", () => {
    const bundle = bundleOf({
      parameters: [
        { key: "p", value: '{ "x":1 }' },
        { key: "a", value: "2" },
      ],
    });
    const { parameters, defaults } = resolved({ parameters: own }, { bundle });
    expect([...parameters.keys()].sort()).toEqual(["a", "none", "p"]);
    expect(defaults).toBe('{"p":{ "x":1 },"a":1.0,"none":null}');
  });

  it("are final where the annotation is true, but for those that are null", () => {
    const final = (value: string) => resolved({ parameters: own, annotations: [{ key: "final", value }] }).final;
    expect([final("true"), final('"true"'), final("false")]).toEqual([new Set(["a"]), new Set(), new Set()]);
  });

  it("for /init make a container that of the package's revision as well", () => {
    const init = [{ key: "i", value: "1", init: true }];
    expect(resolved({ parameters: init })).toMatchObject({ init: new Set(["i"]), revision: "1" });
    const bundle = bundleOf();
    expect(resolved({ parameters: init }, { bundle }).revision).toBe("1+p1");
    expect(resolved({ parameters: own }, { bundle })).toMatchObject({ init: new Set(), revision: "1" });
    expect(resolved({}, { bundle: bundleOf({ parameters: init }) }).revision).toBe("1+p1");
    const over = resolved({ parameters: [{ key: "i", value: "2" }] }, { bundle: bundleOf({ parameters: init }) });
    expect(over.init).toEqual(new Set());
  });
});

describe("who wrote it", () => {
  it("lends what the writers of action and package have in common", () => {
    expect(resolved({ writtenWith: "deploy" }).writtenWith).toBe("deploy");
    expect(resolved({ writtenWith: "owner" }, { bundle: bundleOf({ writtenWith: "use" }) }).writtenWith).toBe("use");
    expect(resolved({}, { bundle: bundleOf({ writtenWith: "none" }) }).writtenWith).toBe("none");
  });

  it("lends the names of its scope to the caller's own namespace alone", () => {
    const scoped = { writerScope: ["a*"] };
    expect(resolved(scoped).writerScope).toEqual(["a*"]);
    expect(resolved({ ...scoped, namespace: "guest/p" }).writerScope).toEqual(["a*"]);
    expect(resolved(scoped, { caller: "other" })).not.toHaveProperty("writerScope");
    const bundle = bundleOf({ writerScope: ["ab", "c"] });
    expect(resolved(scoped, { bundle }).writerScope).toEqual(["ab"]);
    expect(resolved(scoped, { bundle, caller: "other" }).writerScope).toEqual(["ab", "c"]);
  });

  it("names the binding it was found through", () => {
    expect(resolved({}, { bundle: bundleOf({ binding: "guest/mine" }) }).binding).toBe("guest/mine");
    expect(resolved({}, { bundle: bundleOf() })).not.toHaveProperty("binding");
  });
});

describe("the web", () => {
  it("may call what says so with the boolean, and nothing else", () => {
    expect(noted(["web-export", "true"]).web).toEqual({ raw: false, customOptions: false, auth: undefined });
    for (const no of ["false", '"true"', "1", "null"]) expect([no, noted(["web-export", no]).web]).toEqual([no, null]);
  });

  it("gets it raw, with its own OPTIONS, and for who knows the secret", () => {
    const web = ["web-export", "true"] as [string, string];
    expect(noted(web, ["raw-http", "true"]).web).toMatchObject({ raw: true, customOptions: false });
    expect(noted(web, ["web-custom-options", "true"]).web).toMatchObject({ raw: false, customOptions: true });
    expect(noted(web, ["raw-http", '"true"'], ["require-whisk-auth", '"secret"']).web).toEqual({
      ...{ raw: false, customOptions: false, auth: '"secret"' },
    });
  });
});
