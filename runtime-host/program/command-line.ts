// One command line, or the variables in its place, as the values of options: commander parses, the options check. A
// pure function of (arguments, environment).

import { Argument, Command, type CommanderError, Option as Flag } from "commander";
import type { Option, Options, ValuesOf } from "./options.ts";

export interface Positional {
  /** As in a help text. */
  readonly name: string;
  readonly summary: string;
  /** What is said where it is missing, or one is too many. */
  readonly complaint: string;
  readonly optional?: boolean;
}

/** What one program, or one command, takes. */
export interface Shape<O extends Options> {
  /** E.g. "npm start --", as its help says it is called. */
  readonly usage: string;
  /** What it does, in a sentence or two. */
  readonly summary: string;
  readonly options: O;
  readonly positionals?: readonly Positional[];
  /** Printed below the options. */
  readonly notes?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export type ParsedCommandLine<O extends Options> =
  | { kind: "values"; values: ValuesOf<O>; positionals: readonly string[] }
  | { kind: "help"; text: string }
  /** One line, without a full stop. */
  | { kind: "error"; message: string };

/** `argv`: without the program's own name. */
export function parseCommandLine<O extends Options>(
  shape: Shape<O>,
  argv: readonly string[],
  env: Environment,
): ParsedCommandLine<O> {
  const parser = describe(new Command(shape.usage), shape);
  try {
    parser.parse(argv, { from: "user" });
  } catch (error) {
    return refusalOf(error as CommanderError, parser, shape);
  }
  return valuesOf(parser, shape, env);
}

/** Throws CommanderError at what it cannot parse, and at `--help`; prints nothing. */
export function describe(parser: Command, { summary, options, positionals = [], notes }: Shape<Options>): Command {
  parser
    .description(summary)
    .helpOption("-h, --help", "this text")
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .allowExcessArguments(false);
  for (const { name, summary: what, optional = false } of positionals) {
    parser.addArgument(new Argument(optional ? `[${name}]` : `<${name}>`, what));
  }
  for (const [flag, option] of Object.entries(options)) parser.addOption(flagOf(flag, option));
  if (notes !== undefined) parser.addHelpText("after", `\n${notes}`);
  return parser;
}

export function helpOf(shape: Shape<Options>): string {
  return textOf(describe(new Command(shape.usage), shape));
}

/** What a parser that `describe` has filled has found, laid over the environment and checked. */
export function valuesOf<O extends Options>(
  parser: Command,
  { options }: Shape<O>,
  env: Environment,
): ParsedCommandLine<O> {
  const values: Record<string, unknown> = {};
  const given = parser.opts<Record<string, string | boolean | string[] | undefined>>();
  for (const [flag, option] of Object.entries(options)) {
    const source = sourceOf(option, { flag, given: given[attributeOf(flag)], env });
    const reading = option.read(source.texts);
    if (!reading.ok) {
      // An address may carry a password before its "@".
      const wrong = option.secret ? "" : ` ${reading.wrong.slice(0, 200).replace(/\/\/[^/]*@/, "//…@")}`;
      return { kind: "error", message: `${source.name}${wrong}: expected ${reading.expected}` };
    }
    values[flag] = reading.value;
  }
  return { kind: "values", values: values as ValuesOf<O>, positionals: parser.args };
}

/** What the parser has thrown: its help text, or its complaint as one line. */
export function refusalOf(
  error: CommanderError,
  parser: Command,
  { positionals = [] }: Pick<Shape<Options>, "positionals">,
): { kind: "help"; text: string } | { kind: "error"; message: string } {
  switch (error.code) {
    case "commander.helpDisplayed":
    case "commander.help": {
      const [word] = parser.args;
      // Help for what is not there: a script that asks for it is to notice.
      const isUnknown = parser.commands.length > 0 && word !== undefined && !word.startsWith("-");
      if (isUnknown) return { kind: "error", message: `Unknown command '${word}': see --help` };
      return { kind: "help", text: textOf(parser) };
    }
    case "commander.missingArgument": {
      const missing = positionals[parser.args.length] ?? positionals.at(-1);
      return { kind: "error", message: missing?.complaint ?? "an argument is missing" };
    }
    case "commander.excessArguments": {
      const extra = `Unexpected argument '${parser.args[positionals.length] ?? ""}'`;
      return { kind: "error", message: positionals.at(-1)?.complaint ?? `${extra}: see --help` };
    }
    default: {
      if (!error.code?.startsWith("commander.")) throw error;
      const said = error.message.replace(/^error: /, "").replace(/\n\(Did you mean/, " (did you mean");
      return { kind: "error", message: `${said.charAt(0).toUpperCase()}${said.slice(1)}: see --help` };
    }
  }
}

function flagOf(flag: string, option: Option<unknown>): Flag {
  const { short, placeholder, repeatable } = option;
  const letter = short === undefined ? "" : `-${short}, `;
  const value = placeholder === null ? "" : ` <${placeholder}>`;
  const made = new Flag(`${letter}--${flag}${value}`, describedIn(option));
  // Else `--no-wait` would be the opposite of a flag `--wait`, and found under that name.
  made.negate = false;
  return repeatable ? made.argParser((next: string, before: string[] = []) => [...before, next]) : made;
}

/** The summary, then what else there is to know: "(MB; default 256; EDGEWHISK_MIN_DISK)". */
function describedIn({ summary, unit, placeholder, defaultText, variables }: Option<unknown>): string {
  const facts = [
    ...(unit === undefined || unit === placeholder ? [] : [unit]),
    ...(defaultText === undefined ? [] : [`default ${defaultText}`]),
    ...variables,
  ];
  return facts.length === 0 ? summary : `${summary} (${facts.join("; ")})`;
}

/** An empty variable counts as absent. An empty flag hides its variable: it asks for the default. */
function sourceOf(
  option: Option<unknown>,
  { flag, given, env }: { flag: string; given: string | boolean | string[] | undefined; env: Environment },
): { name: string; texts: readonly string[] } {
  if (given === true) return { name: `--${flag}`, texts: ["1"] };
  if (typeof given === "string") return { name: `--${flag}`, texts: given === "" ? [] : [given] };
  if (Array.isArray(given)) return { name: `--${flag}`, texts: given };
  const variable = option.variables.find((each) => (env[each] ?? "") !== "");
  if (variable === undefined) return { name: `--${flag}`, texts: [] };
  return { name: variable, texts: [env[variable] ?? ""] };
}

/** As commander names it among its values. */
function attributeOf(flag: string): string {
  return flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function textOf(parser: Command): string {
  let text = "";
  parser.configureOutput({
    writeOut(part) {
      text += part;
    },
  });
  parser.outputHelp();
  return text;
}
