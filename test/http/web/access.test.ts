// The annotation require-whisk-auth: a secret, a number, or anybody who is known.

import { expect, test } from "vitest";
import type { Identity } from "../../../src/entities/identity.ts";
import { accessFault } from "../../../src/http/web/access.ts";

const user: Identity = { subject: "s", namespace: { name: "ns", uuid: "id" }, limits: {}, key: "", derived: false };
const known = { user, key: null };
const as = (more: Partial<Identity>) => ({ user: { ...user, ...more }, key: null });
const nobody = { user: null, key: null };
const bearing = (key: string) => ({ user: null, key });

test.each([
  [undefined, nobody, true],
  ["false", nobody, true],
  ["true", nobody, false],
  ["true", known, true],
  [" true ", bearing("true"), false],
  ['"secret"', bearing("secret"), true],
  ['"secret"', bearing("other"), false],
  ['"secret"', known, false],
  ['"\\u0073ecret"', bearing("secret"), true],
  ["7", bearing("7"), true],
  ["7.0", bearing("7"), false],
  [" 7.0 ", bearing("7.0"), true],
  ["null", known, false],
  ["[]", bearing("[]"), false],
  ["{}", known, false],
  ["true", as({ derived: true, rights: "invoke", role: "invoker" }), true],
  ["true", as({ scope: ["p/*"] }), true],
] as const)("%s, given %j: %s", (wanted, given, may) => {
  const fault = accessFault(wanted, { ...given, action: { path: "ns/p", name: "a" } });
  expect(fault?.code ?? null).toBe(may ? null : "not-authenticated");
});

test.each([
  [as({ derived: true, rights: "read", role: "reader" }), "lacks-right"],
  [as({ scope: ["a"] }), "out-of-scope"],
])("a caller who is known and may not call it is told why: %j", (given, code) => {
  expect(accessFault("true", { ...given, action: { path: "ns/p", name: "a" } })?.code).toBe(code);
});
