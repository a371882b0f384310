// The id by which a request is known: the caller's own where it is a decent one.

import { expect, test } from "vitest";
import { transactionIdOf } from "../../src/http/transaction.ts";

test.each(["abc", "a".repeat(4_096), '{"odd":1}'])("%s is kept", (given) => {
  expect(transactionIdOf(given)).toBe(given);
});

test.each([null, "", "two words", "sid_system", "ü", "a".repeat(4_097), "line\nbreak"])(
  "%j gets one of ours",
  (given) => {
    const made = transactionIdOf(given);
    expect(made).toMatch(/^[0-9a-f]{32}$/);
    expect(transactionIdOf(given)).not.toBe(made);
  },
);
