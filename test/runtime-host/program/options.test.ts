// The checks of options by themselves: what is read, what is the default, what is expected instead.

import { expect, it } from "vitest";
import * as z from "zod";
import {
  checkedText,
  choice,
  number,
  readable,
  repeated,
  text,
  toggle,
  wholeNumber,
  withVariables,
} from "../../../runtime-host/program/options.ts";

it("numbers are whole, and within their range", () => {
  const schema = wholeNumber({ min: 0, max: 16 }, "MB");
  expect(["0", "16", "007"].map((each) => schema.safeParse(each).data)).toEqual([0, 16, 7]);
  for (const wrong of ["", "17", "-1", "1.5", "1e1", "0x1", " 1", "9999999999"]) {
    expect(schema.safeParse(wrong).error?.issues[0]?.message, wrong).toBe("a number of MB from 0 to 16");
  }
});

it("numbers have as many digits as their range asks for", () => {
  const schema = wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER });
  for (const right of ["1796009651000", "9007199254740991"])
    expect(schema.safeParse(right).data, right).toBe(Number(right));
  const wrong = ["9007199254740992", "99999999999999999999", "-1796009651000", "+1", "1e12", "1796009651000x", "x1"];
  for (const each of wrong)
    expect(schema.safeParse(each).error?.issues[0]?.message, each).toBe("a number from 0 to 9007199254740991");
});

it("know their unit, range and default, for those who show them", () => {
  const option = number("how much", { min: 1, max: 9 }, { unit: "MB", default: 3 });
  expect(option).toMatchObject({ placeholder: "MB", unit: "MB", range: { min: 1, max: 9 }, defaultText: "3" });
  expect(text("NAME", "whose", { default: "" })).not.toHaveProperty("defaultText");
  expect(text("NAME", "whose", { default: "", defaultText: "nobody" }).defaultText).toBe("nobody");
  expect(toggle("on")).toMatchObject({ placeholder: null, repeatable: false, variables: [], secret: false });
});

it("read the last of what is given, but all of what may be repeated", () => {
  expect(choice(["a", "b"], "which").read(["a", "b"])).toEqual({ ok: true, value: "b" });
  expect(repeated(z.string(), "X", "each").read(["a", "b"])).toEqual({ ok: true, value: ["a", "b"] });
  expect(repeated(z.string(), "X", "each").read([])).toEqual({ ok: true, value: [] });
});

it("tell what would have been right", () => {
  const even = readable((given) => (Number(given) % 2 === 0 ? Number(given) : null), "an even number");
  expect(checkedText(even, "N", "of pairs").read(["3"])).toEqual({ ok: false, wrong: "3", expected: "an even number" });
  expect(checkedText(even, "N", "of pairs", { default: 8 }).read([])).toEqual({ ok: true, value: 8 });
  expect(choice(["a", "b", "c"], "which").read(["d"])).toMatchObject({ expected: "a, b or c" });
  expect(toggle("on").read(["yes"])).toMatchObject({ ok: false, expected: "1 or 0" });
});

it("get the variable of their flag's name, unless they have one of their own", () => {
  const options = withVariables("E_", { "a-b": text("X", "x"), own: text("X", "x", { variable: "OWN" }) });
  expect(options["a-b"].variables).toEqual(["E_A_B"]);
  expect(options.own.variables).toEqual(["OWN"]);
});
