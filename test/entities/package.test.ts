// Packages as text.

import { describe, expect, it } from "vitest";
import {
  isShared,
  type Package,
  packageDocument,
  packageSummary,
  readPackage,
  showPackage,
} from "../../src/entities/package.ts";
import { newPackage, parsePackagePut } from "../../src/entities/package-put.ts";

const AT = { path: "ns", name: "p", updated: 1, revision: "r1", writtenWith: "owner" as const };

function put(text: string) {
  const parsed = parsePackagePut(text, { own: "ns" });
  if (!parsed.ok) throw new Error(parsed.text);
  return parsed.value;
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
