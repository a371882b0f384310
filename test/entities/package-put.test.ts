// What a PUT of a package asks for, and the package that follows from it: its binding, and what an update keeps.

import { describe, expect, it } from "vitest";
import { packageDocument, packageSummary, readPackage } from "../../src/entities/package.ts";
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

describe("a package that is made", () => {
  it("is of the first version, not published, and says whose scope wrote it", () => {
    expect(newPackage({}, AT)).toEqual({
      ...{
        namespace: "ns",
        name: "p",
        version: "0.0.1",
        publish: false,
        annotations: [],
        parameters: [],
        binding: null,
      },
      ...{ updated: 1, revision: "r1", writtenWith: "owner" },
    });
    expect(newPackage(put('{"version":"3"}'), { ...AT, writerScope: ["p/*"] })).toMatchObject({
      ...{ version: "3.0.0", writerScope: ["p/*"] },
    });
  });

  it("of a new writer without a scope has none", () => {
    const old = newPackage({}, { ...AT, writerScope: ["p/*"] });
    expect(updatedPackage(old, {}, STAMP)).not.toHaveProperty("writerScope");
  });

  it("trims the names of its provider, and may stand in any namespace", () => {
    expect(put('{"binding":{"namespace":" o ","name":" q "}}').binding).toEqual({ namespace: "o", name: "q" });
    expect(put('{"binding":{"namespace":"a","name":"b","namespace":"o"}}').binding).toEqual({
      namespace: "o",
      name: "b",
    });
    expect(put('{"binding":{}}')).not.toHaveProperty("binding");
  });
});
