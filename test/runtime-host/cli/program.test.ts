// The command table: its help, its commands of one and of two words, and how each way of ending is told.

import { expect, it } from "vitest";
import { runProgram } from "../../../runtime-host/cli/program.ts";
import { defineCommand, type Entry, GROUPS } from "../../../runtime-host/cli/shared/command.ts";
import { DONE, failed, notFound } from "../../../runtime-host/cli/shared/exit-codes.ts";
import { FAMILIES, TABLE } from "../../../runtime-host/cli/table.ts";
import { number } from "../../../runtime-host/program/options.ts";
import { edgewhisk } from "./run.ts";

let taken: readonly string[] | null = null;
const table: Entry[] = [
  defineCommand({
    name: "thing list",
    group: "Look at what happens",
    summary: "all things",
    options: { limit: number("at most", { min: 1, max: 9 }, { default: 2, variable: "LIMIT" }) },
    async run({ options, print, progress }) {
      progress("looking …");
      for (let n = 1; n <= options.limit; n++) print({ n }, `thing ${n}`);
      return DONE;
    },
  }),
  defineCommand({
    name: "thing get",
    group: "Look at what happens",
    summary: "one thing",
    options: {},
    positionals: [{ name: "thing", summary: "its name", complaint: "name one thing" }],
    run: async ({ positionals }) => (positionals[0] === "none" ? failed(null) : notFound(`no thing ${positionals[0]}`)),
  }),
  {
    name: "own",
    group: "Run a platform",
    summary: "a program of its own",
    options: {},
    program: async (argv) => {
      taken = argv;
    },
  },
];

async function run(...argv: string[]) {
  let out = "";
  let err = "";
  const code = await runProgram({ table, families: { thing: "what there is" }, version: "1.2.3" }, argv, {
    env: { LIMIT: "3" },
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    readSecret: async () => "",
  });
  return { code, out, err };
}

it("runs a command of two words: results on stdout, progress on stderr", async () => {
  expect(await run("thing", "list")).toEqual({
    code: 0,
    out: "thing 1\nthing 2\nthing 3\n",
    err: "edgewhisk thing list: looking …\n",
  });
  expect((await run("thing", "list", "--limit", "1", "--json")).out).toBe('{"n":1}\n');
});

it.each<[string[], number, string]>([
  [["thing", "get", "x"], 3, "edgewhisk thing get: no thing x\n"],
  [["thing", "get", "none"], 1, ""],
  [["thing", "get"], 2, "edgewhisk thing get: name one thing\n"],
  [["thing", "list", "--limit", "0"], 2, "edgewhisk thing list: --limit 0: expected a number from 1 to 9\n"],
  [
    ["thing", "list", "--limt", "1"],
    2,
    "edgewhisk thing list: Unknown option '--limt' (did you mean --limit?): see --help\n",
  ],
  [["thing", "lst"], 2, "edgewhisk thing: Unknown command 'lst' (did you mean list?): see --help\n"],
  [["thnig"], 2, "edgewhisk: Unknown command 'thnig' (did you mean thing?): see --help\n"],
  [["help", "thnig"], 2, "edgewhisk: Unknown command 'thnig': see --help\n"],
  [["thnig", "--help"], 2, "edgewhisk: Unknown command 'thnig': see --help\n"],
  [["help", "thing", "lst"], 2, "edgewhisk thing: Unknown command 'lst': see --help\n"],
  [["--nonsense"], 2, "edgewhisk: Unknown option '--nonsense': see --help\n"],
])("%j ends with %i", async (argv, code, err) => {
  expect(await run(...argv)).toEqual({ code, out: "", err });
});

it("helps: with all, with a family, with one command, in either way of asking", async () => {
  for (const argv of [[], ["help"], ["--help"], ["-h"]]) {
    const { code, out } = await run(...argv);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/Run a platform:\n {2}own .*\n\nLook at what happens:\n {2}thing/),
    ]);
  }
  for (const argv of [["thing"], ["help", "thing"], ["thing", "--help"]]) {
    expect((await run(...argv)).out).toMatch(/what there is\n[\s\S]*list .*all things\n[\s\S]*get .*one thing/);
  }
  for (const argv of [
    ["help", "thing", "get"],
    ["thing", "get", "--help"],
  ]) {
    expect(await run(...argv)).toEqual({
      code: 0,
      out: expect.stringMatching(/^Usage: edgewhisk thing get \[options\] <thing>[\s\S]*--json/),
      err: "",
    });
  }
  expect((await run("--version")).out).toBe("edgewhisk 1.2.3\n");
});

it("hands a program of its own all that follows its name", async () => {
  expect((await run("own", "--port", "-5", "--help")).code).toBeNull();
  expect(taken).toEqual(["--port", "-5", "--help"]);
  await run("help", "own");
  expect(taken).toEqual(["--help"]);
});

it("has a table in which each command is named once, is described, and is in a group", async () => {
  const names = TABLE.map((each) => each.name);
  expect(names).toEqual(expect.arrayContaining(["start", "host", "bootstrap", "reseal", "logs", "images", "contract"]));
  expect(new Set(names).size).toBe(names.length);
  const { out } = await edgewhisk(["--help"]);
  for (const entry of TABLE) {
    const { name, group, summary } = entry;
    // Those that run get it from the table.
    expect("run" in entry || "json" in entry.options, name).toBe(true);
    expect(GROUPS).toContain(group);
    expect(summary).not.toBe("");
    const [first = "", second] = name.split(" ");
    expect(out).toContain(`  ${first} `);
    if (second !== undefined) expect(FAMILIES[first]).toBeDefined();
  }
});

it.each(TABLE.filter((each) => "run" in each).map((each) => each.name))("%s has --help and --json", async (name) => {
  const { code, out } = await edgewhisk([...name.split(" "), "--help"]);
  expect(code).toBe(0);
  expect(out).toContain(`Usage: edgewhisk ${name} [options]`);
  expect(out).toContain("--json");
  const unknown = await edgewhisk([...name.split(" "), "--no-such-flag"]);
  expect([unknown.code, unknown.out]).toEqual([2, ""]);
});

it("the help of a command names each word that a choice takes", () => {
  const untold = TABLE.filter((each) => "run" in each).flatMap(({ name, options }) =>
    Object.entries(options).flatMap(([flag, option]) => {
      const reading = option.placeholder === null ? null : option.read(["no such word"]);
      // A choice expects "a, b or c".
      const expected = reading === null || reading.ok ? "" : reading.expected;
      const words = /^[\w+]+(, [\w+]+)* or [\w+]+$/.test(expected) ? expected.split(/, | or /) : [];
      const told = `${option.placeholder} ${option.summary}`.split(/[^\w+]+/);
      return words.filter((word) => !told.includes(word)).map((word) => `${name} --${flag}: ${word}`);
    }),
  );
  expect(untold).toEqual([]);
});
