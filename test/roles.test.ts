// ROLES.md is what the routes say; there is none that says nothing.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { roles } from "./support/roles.ts";

test("is what the code says today: `npm run docs:roles` writes it", () => {
  expect(readFileSync(new URL("../ROLES.md", import.meta.url), "utf8")).toBe(roles.rolesDocument());
});

test("has a row for each route, and the admin API's table has no other", () => {
  expect(roles.unlisted()).toEqual([]);
});
