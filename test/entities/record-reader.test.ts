// Which records a caller may read: by right, by scope, by the key that started it; and what a record says of itself.

import { describe, expect, it } from "vitest";
import type { ActivationRecord } from "../../src/entities/activation.ts";
import type { Identity } from "../../src/entities/identity.ts";
import { mayFollow, mayRead, type RecordReader, readerOf } from "../../src/entities/record-reader.ts";

const CALLER: Omit<Identity, "key"> = {
  ...{ subject: "me", namespace: { name: "guest", uuid: "n" }, limits: {}, derived: false, keyId: "k" },
};
const RUN = { keyId: "k", path: "guest/p/hello", name: "hello" };

function recordOf(annotations: string, keyId?: string): ActivationRecord {
  return {
    ...{ activationId: "0".repeat(32), namespace: "guest", name: "hello", version: "0.0.1", subject: "guest" },
    ...{ start: 1, end: 21, duration: 20, statusCode: 0, size: 2, annotations },
    ...{ result: { inline: "{}" }, logs: { inline: "[]" } },
    meta: {
      ...{ v: 1, nsId: "n", listName: "hello", kind: "nodejs:20", acceptedAt: 0, waitMs: 3, runMs: 20, logBytes: 0 },
      ...{ traceId: "t", start: "warm", ...(keyId === undefined ? {} : { keyId }) },
    },
  };
}

const notes = (more: object) => JSON.stringify(Object.entries(more).map(([key, value]) => ({ key, value })));

describe("a caller", () => {
  it("with the right to records and no scope reads all", () => {
    for (const rights of ["owner", "deploy", "use", "read"] as const)
      expect(readerOf({ ...CALLER, rights })).toBeNull();
    expect(readerOf(CALLER)).toBeNull();
  });

  it("with a scope reads what is in it", () => {
    expect(readerOf({ ...CALLER, scope: ["a*"] })).toEqual({ own: "guest", scope: ["a*"] });
  });

  it("with the right to invoke alone reads what its own key started, and nothing where it has none", () => {
    expect(readerOf({ ...CALLER, rights: "invoke" })).toEqual({ own: "guest", keyId: "k" });
    const { keyId: _, ...keyless } = CALLER;
    expect(readerOf({ ...keyless, rights: "invoke", scope: [] })).toEqual({ own: "guest", scope: [], keyId: "" });
    expect(readerOf({ ...CALLER, rights: "none" })).toMatchObject({ keyId: "k" });
  });
});

describe("an activation", () => {
  const follows = (reader: Partial<RecordReader>, run: object = {}) =>
    mayFollow({ own: "guest", ...reader }, { ...RUN, ...run });

  it("is its key's, and nobody's without one", () => {
    expect([follows({ keyId: "k" }), follows({ keyId: "x" })]).toEqual([true, false]);
    expect(follows({ keyId: "" }, { keyId: "" })).toBe(false);
    const { keyId: _, ...keyless } = RUN;
    expect(mayFollow({ own: "guest", keyId: "k" }, keyless)).toBe(false);
  });

  it("is one of the scope by its action, or by the binding it was called through", () => {
    const run = { path: "shared/q/hello", binding: "guest/mine" };
    expect([follows({ scope: ["p/hello"] }), follows({ scope: ["hello"] })]).toEqual([true, false]);
    expect(follows({ scope: ["mine/*"] }, run)).toBe(true);
    expect(follows({ scope: ["/shared/q/hello"] }, run)).toBe(true);
    expect(follows({ scope: ["q/hello"] }, run)).toBe(false);
    expect(follows({ scope: [] })).toBe(false);
  });

  it("must be both its key's and of its scope", () => {
    expect(follows({ scope: ["p/*"], keyId: "x" })).toBe(false);
    expect(follows({ scope: ["p/*"], keyId: "k" })).toBe(true);
  });
});

describe("a record", () => {
  const reads = (scope: string[], record: ActivationRecord, more: object = {}) =>
    mayRead({ own: "guest", scope, ...more }, record);

  it("says its action's path and its binding in its annotations", () => {
    const record = recordOf(notes({ kind: "nodejs:20", path: "shared/q/hello", binding: "guest/mine" }));
    expect([reads(["/shared/q/*"], record), reads(["mine/hello"], record), reads(["hello"], record)]).toEqual([
      ...[true, true, false],
    ]);
  });

  it.each(["[]", "{}", "damaged", "null", '[null,7,{"key":"path","value":7}]'])(
    "with the annotations %s is of its namespace and name",
    (annotations) => {
      const record = recordOf(annotations);
      expect([reads(["hello"], record), reads(["other"], record)]).toEqual([true, false]);
    },
  );

  it("is its key's by its meta", () => {
    expect(reads(["hello"], recordOf("[]", "k"), { keyId: "k" })).toBe(true);
    expect(reads(["hello"], recordOf("[]", "x"), { keyId: "k" })).toBe(false);
    expect(reads(["hello"], recordOf("[]"), { keyId: "k" })).toBe(false);
  });
});
