// The `edgewhisk` command as a function of (table, arguments, what it sees of its process): finds the command, parses,
// runs it, and says how it ended. What is printed here is help, results, progress, and one sentence where something
// fails.

import { Command as Parser } from "commander";
import { describe, refusalOf, type Shape, valuesOf } from "../program/command-line.ts";
import { type Options, toggle } from "../program/options.ts";
import { type Command, type Entry, GROUPS, type Io } from "./shared/command.ts";
import { type CommandOutcome, EXIT } from "./shared/exit-codes.ts";

const JSON_OPTION = { json: toggle("print the result as JSON, one value a line") };
const NOTES = `edgewhisk <command> --help, or help <command>, for a command's own.
Exit codes: 0 done, 1 failed, 2 misused, 3 not found, 4 not allowed.`;

export interface Program {
  readonly table: readonly Entry[];
  /** The first word of commands of two words, and what they are for. */
  readonly families: Readonly<Record<string, string>>;
  readonly version: string;
}

/** What the arguments ask for. `name`: whose complaint it is. */
type Asked =
  | { kind: "command"; command: Command; shape: Shape<Options>; parser: Parser }
  | { kind: "text"; text: string }
  | { kind: "misuse"; name: string; message: string };

type Found = (asked: Asked) => void;

/** Resolves to the exit code; null where a program of its own has taken over, which ends by itself. `argv`: without
 * node and script. */
export async function runProgram(program: Program, argv: readonly string[], io: Io): Promise<number | null> {
  const words = withoutHelpWord(argv);
  const own = program.table.find((entry) => "program" in entry && entry.name === words[0]);
  if (own !== undefined && "program" in own) {
    await own.program(words.slice(1));
    return null;
  }
  const asked = parse(program, words);
  if (asked.kind === "text") {
    io.stdout(asked.text);
    return EXIT.ok;
  }
  if (asked.kind === "misuse") {
    io.stderr(`${asked.name}: ${asked.message}\n`);
    return EXIT.usage;
  }
  return runCommand(asked, io);
}

async function runCommand({ command, shape, parser }: Extract<Asked, { kind: "command" }>, io: Io): Promise<number> {
  const say = (line: string) => io.stderr(`edgewhisk ${command.name}: ${line}\n`);
  const parsed = valuesOf(parser, shape, io.env);
  if (parsed.kind === "error") {
    say(parsed.message);
    return EXIT.usage;
  }
  if (parsed.kind === "help") throw new Error("a parser that has found its command does not ask for help");
  const json = parsed.values.json === true;
  const outcome: CommandOutcome = await command.run({
    options: parsed.values,
    positionals: parsed.positionals,
    io,
    print: (value, text) => io.stdout(json ? `${JSON.stringify(value)}\n` : `${text}\n`),
    heading: (line) => {
      if (!json) io.stdout(`${line}\n`);
    },
    progress: say,
  });
  if (outcome.ok) return EXIT.ok;
  if (outcome.reason !== null) say(outcome.reason);
  return outcome.exit;
}

/** `help host` is `host --help`; nothing at all asks for the list. */
function withoutHelpWord(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  return first === undefined || first === "help" ? [...rest, "--help"] : argv;
}

function parse(program: Program, argv: readonly string[]): Asked {
  const found: Asked[] = [];
  const root = treeOf(program, (asked) => found.push(asked));
  try {
    root.parse(argv, { from: "user" });
  } catch (error) {
    // Each parser tells what it refuses before it throws.
    if (found.length === 0) throw error;
  }
  const [asked] = found;
  if (asked === undefined) throw new Error("no parser has found what is asked for");
  return asked;
}

function treeOf({ table, families, version }: Program, found: Found): Parser {
  const root = branch("edgewhisk", { summary: "Runs and administers the edgewhisk platform.", notes: NOTES }, found);
  root.version(`edgewhisk ${version}`, "--version", "the version").enablePositionalOptions();
  const branches = new Map<string, Parser>();
  const sorted = table.toSorted((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
  for (const entry of sorted) {
    const [first = "", second] = entry.name.split(" ");
    if (second === undefined) {
      root.addCommand(leaf(entry, first, found));
      continue;
    }
    let family = branches.get(first);
    if (family === undefined) {
      family = branch(first, { summary: families[first] ?? "" }, found).helpGroup(`${entry.group}:`);
      branches.set(first, family);
      root.addCommand(family);
    }
    family.addCommand(leaf(entry, second, found));
  }
  return root;
}

/** A parser that only leads to others. */
function branch(name: string, words: { summary: string; notes?: string }, found: Found): Parser {
  const parser = describe(new Parser(name), { usage: name, options: {}, ...words });
  parser
    .usage("<command> [options]")
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (each) => each.name() });
  return refusing(parser, { name: name === "edgewhisk" ? name : `edgewhisk ${name}`, positionals: [] }, found);
}

function leaf(entry: Entry, word: string, found: Found): Parser {
  const { name, summary, options, positionals = [], notes } = entry;
  const shape: Shape<Options> = {
    usage: `edgewhisk ${name}`,
    summary: `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    positionals,
    options: { ...options, ...JSON_OPTION },
    ...(notes === undefined ? {} : { notes }),
  };
  const parser = describe(new Parser(word), shape).summary(summary).helpGroup(`${entry.group}:`);
  if ("run" in entry) parser.action(() => found({ kind: "command", command: entry, shape, parser }));
  return refusing(parser, { name: `edgewhisk ${name}`, positionals }, found);
}

function refusing(
  parser: Parser,
  { name, positionals }: { name: string } & Pick<Required<Shape<Options>>, "positionals">,
  found: Found,
): Parser {
  return parser.exitOverride((error) => {
    if (error.code === "commander.version") found({ kind: "text", text: `${error.message}\n` });
    else {
      const refusal = refusalOf(error, parser, { positionals });
      found(
        refusal.kind === "help"
          ? { kind: "text", text: refusal.text }
          : { kind: "misuse", name, message: refusal.message },
      );
    }
    throw error;
  });
}
