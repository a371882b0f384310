// What is the caller's own, and what can be no name.

import { expect, test } from "vitest";
import { ownKey, ownPath } from "../../src/catalog/own.ts";

const caller = { namespace: { name: "ns", uuid: "u" } };

test("a well-formed name in the own namespace is one", () => {
  expect(ownKey(caller, { path: "ns", name: "a" })).toEqual({ ok: true, value: { path: "ns", name: "a" } });
  expect(ownPath(caller, "ns")).toEqual({ ok: true, value: "ns" });
});

test("another's is refused by its name, and only where it can be one", () => {
  expect(ownKey(caller, { path: "other", name: "a" })).toMatchObject({
    code: "not-authorized",
    text: expect.stringContaining("'other/a'"),
  });
  expect(ownKey(caller, { path: "other", name: "no/name" })).toMatchObject({ code: "bad-request" });
  expect(ownKey(caller, { path: "no/namespace", name: "a" })).toMatchObject({
    text: "The namespace contains illegal characters.",
  });
  expect(ownPath(caller, "other")).toMatchObject({ code: "not-authorized", text: expect.stringContaining("'other'") });
  expect(ownPath(caller, "no/namespace")).toMatchObject({ code: "bad-request" });
});
