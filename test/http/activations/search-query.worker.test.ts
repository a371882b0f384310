// What a list of activations is asked for beyond what OpenWhisk's takes: each condition, its bounds, and what excludes
// the other.

import { describe, expect, it } from "vitest";
import { cursorOf, SEARCH_PARAMETERS, searchQueryOf } from "../../../src/http/activations/search-query.ts";

const ID = "0123456789abcdef0123456789abcdef";
type Wanted = Parameters<typeof searchQueryOf>[1];

const asked = (query: Record<string, string>, wanted: Partial<Wanted> = {}) =>
  searchQueryOf({ req: { query: (name) => query[name] } }, { skip: 0, count: false, ...wanted });

describe("a list", () => {
  it("without any of these is as OpenWhisk has it, whatever else is wrong", () => {
    expect(asked({}, { skip: 5, count: true, since: 9, upto: 1 })).toEqual({ ok: true, value: null });
    expect(asked({ name: "a" })).toEqual({ ok: true, value: null });
  });

  it("with an empty one is a search for nothing in particular", () => {
    for (const name of SEARCH_PARAMETERS) {
      expect([name, asked({ [name]: "" })]).toEqual([name, { ok: true, value: { search: {} } }]);
    }
  });

  it("has all conditions that are given", () => {
    const given = { kind: "nodejs:20", status: "error", minDuration: "0", maxDuration: "10", start: "none" };
    expect(asked({ ...given, cause: ID, trigger: "my trigger", text: ".*", cursor: `7-${ID}` })).toEqual({
      ok: true,
      value: {
        search: {
          ...{ kind: "nodejs:20", status: "error", minDuration: 0, maxDuration: 10, start: "none" },
          ...{ cause: ID, trigger: "my trigger", text: ".*" },
        },
        after: { start: 7, id: ID },
      },
    });
  });

  it("is neither counted nor skipped; the first parameter is named", () => {
    expect(asked({ text: "x", kind: "nodejs" }, { count: true })).toMatchObject({
      ...{ code: "bad-request", text: expect.stringContaining("'count' is not permitted with 'kind'") },
    });
    expect(asked({ cursor: "" }, { skip: 1 })).toMatchObject({
      ...{ code: "bad-request", text: expect.stringContaining("'skip' is not permitted with 'cursor'") },
    });
  });

  it("does not end before it begins, in time or in durations; the same bounds are good", () => {
    expect(asked({ text: "x" }, { since: 2, upto: 1 })).toMatchObject({
      text: expect.stringContaining("'2' is after"),
    });
    expect(asked({ text: "x" }, { since: 1, upto: 1 })).toMatchObject({ ok: true });
    expect(asked({ text: "x" }, { since: 1 })).toMatchObject({ ok: true });
    expect(asked({ minDuration: "2", maxDuration: "1" })).toMatchObject({
      text: expect.stringContaining("'2' is more than 'maxDuration', '1'"),
    });
    for (const good of [{ minDuration: "1", maxDuration: "1" }, { minDuration: "9" }, { maxDuration: "0" }]) {
      expect(asked(good as Record<string, string>)).toMatchObject({ ok: true });
    }
  });
});

describe("a condition", () => {
  it.each([
    ["kind", ["nodejs", "Python:3", "sequence", "my-kind.x:1_0", "a".repeat(256)]],
    ["status", ["success", "error", "timeout", "application_error", "developer_error", "internal_error"]],
    ["minDuration", ["0", "+1", "999999999999999"]],
    ["start", ["cold", "prewarmed", "warm", "none"]],
    ["trigger", ["t", "my trigger"]],
    ["text", ["%", "a".repeat(256)]],
  ])("%s may be such", (name, values) => {
    for (const value of values) expect([value, asked({ [name]: value })]).toMatchObject([value, { ok: true }]);
  });

  it.each([
    ["kind", ["a b", ":20", "nodejs:", "a:b:c", "a".repeat(257)]],
    ["status", ["Success", "0", "errors"]],
    ["minDuration", ["-1", "1.5", "x", "1".repeat(16)]],
    ["maxDuration", ["-1", "1s"]],
    ["start", ["hot", "COLD"]],
    ["cause", [ID.slice(1), ID.toUpperCase()]],
    ["trigger", ["a/b", "?"]],
    ["text", ["a".repeat(257)]],
    ["cursor", [ID, `-${ID}`, `x-${ID}`, `${"1".repeat(16)}-${ID}`, `7-${ID}0`]],
  ])("%s may not be such, and is named", (name, values) => {
    for (const value of values) {
      expect([value, asked({ [name]: value })]).toMatchObject([
        ...[value, { ok: false, code: "malformed-query", text: expect.stringContaining(`'${name}'`) }],
      ]);
    }
  });
});

it("a cursor is read as it was written", () => {
  const key = { start: 1_800_000_000_000, id: ID };
  expect(asked({ cursor: cursorOf(key) })).toEqual({ ok: true, value: { search: {}, after: key } });
});
