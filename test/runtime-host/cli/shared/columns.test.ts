import { expect, it } from "vitest";
import { columns } from "../../../../runtime-host/cli/shared/columns.ts";

const HEADS = [{ title: "A" }, { title: "N", right: true }] as const;

it("puts numbers at the right", () => {
  const rows = [
    ["long", "1"],
    ["b", "100"],
  ];
  expect(columns(HEADS, rows)).toBe("A       N\nlong    1\nb     100");
});

it("counts characters as they are seen, and leaves out what a row does not have", () => {
  expect(columns(HEADS, [["😀😀"], ["b", "7"]])).toBe("A   N\n😀😀\nb   7");
});
