import { expect, it } from "vitest";
import { causesOf } from "../../../runtime-host/standalone/failure.ts";

it("tells an error with all that lies behind it, first lines only", () => {
  const socket = Object.assign(new Error(""), { code: "ECONNREFUSED" });
  const cause = new Error("connect failed\n    at somewhere", { cause: socket });
  expect(causesOf(new TypeError("fetch failed", { cause }))).toBe("fetch failed: connect failed: ECONNREFUSED");
  expect(causesOf(new RangeError(""))).toBe("RangeError");
  expect(causesOf("just a text")).toBe("just a text");
});
