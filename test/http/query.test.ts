// Query parameters, as they are read once at the door.

import { expect, test } from "vitest";
import { callWishOf, flag, paging } from "../../src/http/query.ts";

const of = (query: Record<string, string>) => ({ req: { query: (name: string) => query[name] } });

test.each([
  ["true", true],
  ["YES", true],
  ["1", true],
  ["off", false],
  ["0", false],
])("%s is %s", (given, value) => {
  expect(flag(of({ f: given }), "f")).toEqual({ ok: true, value });
});

test("what is not given is what it is by default; what is no Boolean is told", () => {
  expect(flag(of({}), "f")).toEqual({ ok: true, value: false });
  expect(flag(of({}), "f", true)).toEqual({ ok: true, value: true });
  expect(flag(of({ f: "perhaps" }), "f")).toMatchObject({
    code: "malformed-query",
    text: "The query parameter 'f' was malformed:\n'perhaps' is not a valid Boolean value.",
  });
});

test.each<[Record<string, string>, object]>([
  [{}, { limit: 30, skip: 0, count: false }],
  [
    { limit: "0", skip: "7" },
    { limit: 200, skip: 7, count: false },
  ],
  [
    { limit: "+5", count: "true" },
    { limit: 5, skip: 0, count: true },
  ],
])("a page by %j", (query, page) => {
  expect(paging(of(query), "rules")).toEqual({ ok: true, value: page });
});

test.each<[Record<string, string>, RegExp]>([
  [{ limit: "201" }, /range of 0 to 200 for rules/],
  [{ limit: "-1" }, /range of 0 to 200/],
  [{ limit: "many" }, /not an integer/],
  [{ skip: "-1" }, /greater than or equal to 0/],
  [{ count: "7" }, /Boolean/],
])("no page by %j", (query, text) => {
  expect(paging(of(query), "rules")).toMatchObject({ ok: false, text: expect.stringMatching(text) });
});

test.each<[Record<string, string>, { waitMs: number; resultOnly: boolean }]>([
  [{}, { waitMs: 0, resultOnly: false }],
  [{ blocking: "true" }, { waitMs: 60_000, resultOnly: false }],
  [
    { blocking: "true", timeout: "100", result: "true" },
    { waitMs: 100, resultOnly: true },
  ],
  [{ timeout: "100" }, { waitMs: 0, resultOnly: false }],
])("an answer as %j wants it", (query, value) => {
  expect(callWishOf(of(query))).toEqual({ ok: true, value });
});

test.each(["0", "-1", "60001", "1.5", "", "soon"])("timeout=%s is malformed, blocking or not", (timeout) => {
  expect(callWishOf(of({ timeout }))).toMatchObject({ ok: false, code: "malformed-query" });
});
