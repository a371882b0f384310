// A failure's code tells a script what kind it is.

import { expect, it } from "vitest";
import { exitOf, failed, misused, notFound, refused } from "../../../../runtime-host/cli/shared/exit-codes.ts";

it.each([
  [0, 1],
  [400, 1],
  [401, 4],
  [403, 4],
  [404, 3],
  [409, 1],
  [429, 1],
  [503, 1],
])("where the platform answers %i it is %i", (status, exit) => {
  expect(exitOf(status)).toBe(exit);
  expect(refused({ ok: false, status, reason: "no" })).toEqual({ ok: false, exit, reason: "no" });
});

it("is one of its own for each kind", () => {
  expect([failed("a"), misused("a"), notFound("a")].map((each) => each.exit)).toEqual([1, 2, 3]);
  expect(refused({ ok: false, status: 404, reason: "no" }, "instead").reason).toBe("instead");
});
