// Packages as text, and the package that follows from a PUT.

import { describe, expect, it } from "vitest";
import {
  isShared,
  type Package,
  packageDocument,
  packageSummary,
  readPackage,
  showPackage,
} from "../../src/entities/package.ts";
import { newPackage, parsePackagePut, updatedPackage } from "../../src/entities/package-put.ts";

const STAMP = { updated: 5, revision: "r2", writtenWith: "owner" as const };
const AT = { path: "ns", name: "p", updated: 1, revision: "r1", writtenWith: "owner" as const };

function put(text: string) {
  const parsed = parsePackagePut(text, { own: "ns" });
  if (!parsed.ok) throw new Error(parsed.text);
  return parsed.value;
}

function refusal(text: string) {
  const parsed = parsePackagePut(text, { own: "ns" });
  return parsed.ok ? null : parsed.code;
}

describe("a package", () => {
  it("comes back from its document with the bytes of its values", () => {
    const values = ["18446744073709551616", "1.0", "1e400", '{"b":1, "a" : [2.50] }', "null"];
    const list = values.map((value, at) => `{"key":"k${at}","value":${value}}`).join(",");
    const made = newPackage(put(`{"parameters":[${list}],"annotations":[${list}]}`), AT);
    expect(readPackage(packageDocument(made))).toEqual(made);
    for (const value of values) expect(showPackage(made).split(`"value":${value}}`)).toHaveLength(3);
  });

  it("is shown with an empty binding, and listed with false and without parameters", () => {
    const made = newPackage(put('{"parameters":[{"key":"a","value":1}]}'), AT);
    expect(JSON.parse(showPackage(made))).toEqual({
      namespace: "ns",
      name: "p",
      version: "0.0.1",
      publish: false,
      annotations: [],
      parameters: [{ key: "a", value: 1 }],
      binding: {},
      updated: 1,
    });
    expect(JSON.parse(packageSummary(made))).toEqual({
      namespace: "ns",
      name: "p",
      version: "0.0.1",
      publish: false,
      annotations: [],
      binding: false,
      updated: 1,
    });
  });

  it("is not read from what is none", () => {
    for (const text of ["{}", "[]", "1", '{"name":1,"binding":{}}', '{"binding":null}', "not json"]) {
      expect(readPackage(text)).toBeNull();
    }
  });

  it("is shared when it is published and no binding", () => {
    const made = (text: string): Package => newPackage(put(text), AT);
    expect(isShared(made('{"publish":true}'))).toBe(true);
    expect(isShared(made("{}"))).toBe(false);
    expect(isShared(made('{"publish":true,"binding":{"namespace":"a","name":"b"}}'))).toBe(false);
  });
});

describe("a binding", () => {
  it("names its provider, in an annotation too, whatever the body says of that", () => {
    const text =
      '{"binding":{"namespace":"_","name":"q"},"annotations":[{"key":"binding","value":"mine"},{"key":"x","value":1}]}';
    const made = newPackage(put(text), AT);
    expect(made.binding).toEqual({ namespace: "ns", name: "q" });
    expect(made.annotations).toEqual([
      { key: "x", value: "1" },
      { key: "binding", value: '{"namespace":"ns","name":"q"}' },
    ]);
    expect(JSON.parse(packageSummary(made)).binding).toEqual({ namespace: "ns", name: "q" });
    expect(readPackage(packageDocument(made))).toEqual(made);
  });

  it("stays one, and its annotation with it, when an update names none", () => {
    const made = newPackage(put('{"binding":{"namespace":"o","name":"q"}}'), AT);
    for (const body of ["{}", '{"binding":{}}', '{"binding":null}', '{"annotations":[]}']) {
      const after = updatedPackage(made, put(body), STAMP);
      expect(after.binding).toEqual({ namespace: "o", name: "q" });
      expect(after.annotations).toEqual(made.annotations);
    }
    const moved = updatedPackage(made, put('{"binding":{"namespace":"o","name":"r"}}'), STAMP);
    expect(moved.annotations).toEqual([{ key: "binding", value: '{"namespace":"o","name":"r"}' }]);
  });

  it("of the wrong shape is refused", () => {
    const wrong = ["1", '"ns/p"', "[]", '{"namespace":"a"}', '{"name":"a"}', '{"namespace":1,"name":"a"}', '{"x":1}'];
    for (const binding of wrong)
      expect([binding, refusal(`{"binding":${binding}}`)]).toEqual([binding, "malformed-body"]);
    for (const name of ["a/b", "", "..", "ä", "a\\u0000"]) {
      expect(refusal(`{"binding":{"namespace":"ns","name":"${name}"}}`)).toBe("malformed-body");
    }
  });
});

describe("an update", () => {
  it("replaces parameters and annotations as a whole where they are named, and raises the version", () => {
    const old = newPackage(
      put('{"parameters":[{"key":"a","value":1}],"annotations":[{"key":"x","value":1}],"publish":true}'),
      AT,
    );
    const kept = updatedPackage(old, put("{}"), STAMP);
    expect(kept).toEqual({ ...old, ...STAMP, version: "0.0.2" });
    const after = updatedPackage(
      old,
      put('{"parameters":[],"annotations":[{"key":"y","value":2}],"version":"2.0"}'),
      STAMP,
    );
    expect(after).toMatchObject({
      parameters: [],
      annotations: [{ key: "y", value: "2" }],
      version: "2.0.0",
      publish: true,
    });
  });

  it("refuses fields of the wrong type and ignores what it does not know", () => {
    for (const body of [
      "[]",
      '"x"',
      "1",
      '{"publish":"yes"}',
      '{"version":"x"}',
      '{"parameters":{}}',
      '{"annotations":[1]}',
    ]) {
      expect([body, refusal(body)]).toEqual([body, "malformed-body"]);
    }
    expect(put('{"exec":{},"__proto__":{"publish":true},"namespace":"x","updated":9}')).toEqual({});
  });
});
