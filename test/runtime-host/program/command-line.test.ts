// Flags, variables and defaults of a small program: which one counts, and what is said of what makes no sense.

import { expect, it } from "vitest";
import * as z from "zod";
import { helpOf, parseCommandLine, type Shape } from "../../../runtime-host/program/command-line.ts";
import {
  checkedText,
  choice,
  number,
  repeated,
  text,
  toggle,
  withVariables,
} from "../../../runtime-host/program/options.ts";

const options = withVariables("PROGRAM_", {
  size: number("how much", { min: 1, max: 16 }, { unit: "MB", default: 4, short: "s" }),
  most: number("at most", { min: 0, max: 9 }),
  colour: choice(["red", "green"], "of the thing", { default: "red" }),
  name: text("NAME", "whose", { variable: ["OWNER", "USER_NAME"] }),
  key: checkedText(z.string().regex(/^k-/, "k-…"), "KEY", "opens it", { secret: true }),
  place: checkedText(z.string().startsWith("/", "a path"), "PATH", "where", { default: "/tmp" }),
  item: repeated(z.string().regex(/^[a-z]+$/, "letters"), "WORD", "one of many"),
  "dry-run": toggle("change nothing"),
});
const shape: Shape<typeof options> = { usage: "program", summary: "Does it.", options, notes: "That is all." };

function valuesOf(argv: string[], env: Record<string, string> = {}) {
  const parsed = parseCommandLine(shape, argv, env);
  if (parsed.kind !== "values") throw new Error(JSON.stringify(parsed));
  return parsed.values;
}

function complaintOf(argv: string[], env: Record<string, string> = {}, given: Shape<typeof options> = shape): string {
  const parsed = parseCommandLine(given, argv, env);
  return parsed.kind === "error" ? parsed.message : parsed.kind;
}

it("takes defaults where nothing is given", () => {
  expect(valuesOf([])).toEqual({
    ...{ size: 4, most: undefined, colour: "red", name: undefined, key: undefined, place: "/tmp" },
    ...{ item: [], "dry-run": false },
  });
});

it("lets a flag win over its variable, the last flag over the first, and the first variable over the second", () => {
  const env = { PROGRAM_SIZE: "5", PROGRAM_DRY_RUN: "1", OWNER: "", USER_NAME: "second", PROGRAM_ITEM: "env" };
  expect(valuesOf([], env)).toMatchObject({ size: 5, "dry-run": true, name: "second", item: ["env"] });
  expect(valuesOf(["-s", "6", "--size=7", "--item", "a", "--item", "b"], env)).toMatchObject({
    size: 7,
    item: ["a", "b"],
  });
  expect(valuesOf([], { ...env, OWNER: "first" }).name).toBe("first");
});

it("takes an empty variable for none, and an empty flag for the default", () => {
  expect(valuesOf([], { PROGRAM_SIZE: "" }).size).toBe(4);
  expect(valuesOf(["--size", ""], { PROGRAM_SIZE: "5" }).size).toBe(4);
});

it.each<[string[], Record<string, string>, string]>([
  [["--size", "17"], {}, "--size 17: expected a number of MB from 1 to 16"],
  [["--size", "-1"], {}, "--size -1: expected a number of MB from 1 to 16"],
  [["--most", "1.5"], {}, "--most 1.5: expected a number from 0 to 9"],
  [[], { PROGRAM_COLOUR: "blue" }, "PROGRAM_COLOUR blue: expected red or green"],
  [["--key", "secret"], {}, "--key: expected k-…"],
  [["--place", "http://u:p@x/"], {}, "--place http://…@x/: expected a path"],
  [["--item", "a", "--item", "1"], {}, "--item 1: expected letters"],
  [[], { PROGRAM_DRY_RUN: "yes" }, "PROGRAM_DRY_RUN yes: expected 1 or 0"],
  [["--siz", "1"], {}, "Unknown option '--siz' (did you mean --size?): see --help"],
  [["--size"], {}, "Option '-s, --size <MB>' argument missing: see --help"],
  [["extra"], {}, "Unexpected argument 'extra': see --help"],
])("%j with %j: %s", (argv, env, sentence) => {
  expect(complaintOf(argv, env)).toBe(sentence);
});

it("takes a switch whose name begins with no for what it is, also beside one without", () => {
  const both = { ...shape, options: { wait: toggle("wait"), "no-wait": toggle("do not") } };
  const read = (...argv: string[]) => parseCommandLine(both, argv, {});
  expect(read("--no-wait")).toMatchObject({ values: { wait: false, "no-wait": true } });
  expect(read("--wait")).toMatchObject({ values: { wait: true, "no-wait": false } });
  expect(read()).toMatchObject({ values: { wait: false, "no-wait": false } });
});

it("says with a program's own words that an argument is missing or one too many", () => {
  const positionals = [{ name: "image", summary: "which", complaint: "name one image" }];
  expect(complaintOf([], {}, { ...shape, positionals })).toBe("name one image");
  expect(complaintOf(["a", "b"], {}, { ...shape, positionals })).toBe("name one image");
  expect(parseCommandLine({ ...shape, positionals }, ["a", "--dry-run"], {})).toMatchObject({ positionals: ["a"] });
});

it("shows each option with unit, default and variable, whatever else is on the line", () => {
  const parsed = parseCommandLine(shape, ["--size", "nonsense", "--help"], {});
  expect(parsed).toEqual({ kind: "help", text: helpOf(shape) });
  const help = helpOf(shape);
  expect(help).toMatch(/^Usage: program \[options\]\n\nDoes it\.\n/);
  expect(help).toContain("-s, --size <MB>  how much (default 4; PROGRAM_SIZE)");
  expect(help).toContain("--colour <NAME>");
  expect(help).toMatch(/\nThat is all\.\n$/);
});
