import { expect, test } from "vitest";
import { type Author, PLATFORM } from "../../../src/entities/audit.ts";
import { MAX_REFUSED, Refusals } from "../../../src/http/audit/refusals.ts";
import { told } from "../../../src/http/told.ts";

const author = (keyId: string, via: Author["via"] = "key"): Author => ({ ...PLATFORM, via, keyId });

test("the first sixty of a key in a minute are written, and the others counted until they are told", () => {
  const refusals = new Refusals();
  const kinds = (who: Author, now: number) => refusals.decide(who, now).kind;
  for (let n = 0; n < MAX_REFUSED; n++) expect(kinds(author("a"), 60_000 + n)).toBe("write");
  expect([kinds(author("a"), 61_000), kinds(author("a"), 61_000), kinds(author("b"), 61_000)]).toEqual([
    "tell",
    "nothing",
    "write",
  ]);
  // Who has no key counts apart from an administrator who has none.
  expect(kinds(author("", "admin"), 61_000)).toBe("write");
  expect(refusals.take(author("a"))).toMatchObject({ minute: 60_000, count: 2 });
  expect(refusals.take(author("a"))).toBeNull();
  expect([kinds(author("a"), 62_000), kinds(author("a"), 120_000)]).toEqual(["tell", "write"]);
  // What was not told of the minute before is not forgotten.
  expect(refusals.take(author("a"))).toMatchObject({ minute: 120_000, count: 1 });
});

test("where others have written as many, the rest of the minute is counted", () => {
  const refusals = new Refusals();
  expect(refusals.decide(author("a"), 60_000)).toEqual({ kind: "write", minute: 60_000 });
  expect(refusals.full(author("a"), 60_000).kind).toBe("tell");
  expect(refusals.decide(author("a"), 119_999).kind).toBe("nothing");
  expect(refusals.take(author("a"))?.count).toBe(2);
  expect(refusals.decide(author("a"), 120_000).kind).toBe("write");
});

test("what it remembers is bounded, and nothing that was counted is forgotten", () => {
  const refusals = new Refusals();
  for (let n = 0; n <= MAX_REFUSED; n++) refusals.decide(author("counted"), 60_000);
  for (let n = 0; n < 3_000; n++) refusals.decide(author(`key ${n}`), 60_000);
  expect(refusals.take(author("counted"))?.count).toBe(1);
});

test("no part of a path is told that could be a key", () => {
  expect(told("/admin/v1/keys/uuid:secret/rotate")).toBe("/admin/v1/keys/uuid/rotate");
  expect(told("/admin/v1/keys/uuid%3Asecret")).toBe("/admin/v1/keys/uuid");
  expect(told(`/api/v1/namespaces/_/rules/${"r".repeat(5_000)}`)).toHaveLength(512);
});
