import { expect, test } from "vitest";
import { Denials } from "../../../durable-objects/scheduler/denials.ts";

test("what is denied is denied at this attempt and at earlier ones", () => {
  const denials = new Denials();
  denials.add("a", 2);
  denials.add("a", 1);
  expect([1, 2, 3].map((attempt) => denials.has("a", attempt))).toEqual([true, true, false]);
  expect(denials.has("b", 1)).toBe(false);
});

test("the oldest are forgotten first, and only past fifty thousand", () => {
  const denials = new Denials();
  for (let at = 0; at < 50_000; at++) denials.add(String(at), 1);
  expect(denials.has("0", 1)).toBe(true);
  denials.add("0", 1);
  denials.add("one more", 1);
  expect([denials.has("0", 1), denials.has("1", 1), denials.has("2", 1)]).toEqual([true, false, true]);
});
