import { expect, test } from "vitest";
import { nextAction } from "../../../durable-objects/composition/next-action.ts";

test.each([
  ["echo", "guest", "echo"],
  ["utils/echo", "guest/utils", "echo"],
  ["/whisk.system/echo", "whisk.system", "echo"],
  ["/whisk.system/utils/echo", "whisk.system/utils", "echo"],
  ["whisk.system/utils/echo", "whisk.system/utils", "echo"],
  ["/_/echo", "guest", "echo"],
  ["/_/utils/echo", "guest/utils", "echo"],
])("%s is an action of %s", (text, path, name) => {
  expect(nextAction(JSON.stringify(text), "guest")).toEqual({ path, name });
});

test.each(
  ["", "/", "/guest", "a/b/c/d", "a b?", "x/ y"].map((text) => JSON.stringify(text)).concat("1", "null", '{"a":1}'),
)("%s is no name", (value) => {
  expect(nextAction(value, "guest")).toBeNull();
});
