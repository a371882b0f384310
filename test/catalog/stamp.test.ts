// Each write is noted by its time, by a name of its own, and by the rights of who writes.

import { expect, test } from "vitest";
import { stampOf } from "../../src/catalog/stamp.ts";
import { MemoryCatalog } from "./context.ts";

test("a stored key writes as owner, a credential with what it was granted", () => {
  const context = new MemoryCatalog();
  expect(stampOf(context)).toMatchObject({ updated: 1_000, writtenWith: "owner" });
  context.caller = { ...context.caller, derived: true };
  expect(stampOf(context).writtenWith).toBe("use");
  context.caller = { ...context.caller, rights: "deploy" };
  expect(stampOf(context).writtenWith).toBe("deploy");
});

test("no two writes have one name", () => {
  const context = new MemoryCatalog();
  const names = Array.from({ length: 100 }, () => stampOf(context).revision);
  expect(new Set(names).size).toBe(100);
});
