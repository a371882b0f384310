// The annotation require-whisk-auth: a secret, a number, or anybody who is known.

import { expect, test } from "vitest";
import type { Identity } from "../../../src/entities/identity.ts";
import { mayCall } from "../../../src/http/web/access.ts";

const known = { user: {} as Identity, key: null };
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
] as const)("%s, given %j: %s", (wanted, given, may) => {
  expect(mayCall(wanted, given)).toBe(may);
});
