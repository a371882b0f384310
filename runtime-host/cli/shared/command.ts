// What a command is: one entry of the table. Its file holds the entry and what it does; what is slow to load is
// imported by `run`.

import type { Environment, Positional } from "../../program/command-line.ts";
import type { Options, ValuesOf } from "../../program/options.ts";
import type { CommandOutcome } from "./exit-codes.ts";

/** Headings of `edgewhisk help`, in its order. */
export const GROUPS = [
  "Run a platform",
  "Administer a deployment",
  "Look at what happens",
  "Own a namespace",
  "Make and check action images",
] as const;
export type Group = (typeof GROUPS)[number];

export interface Command<O extends Options = Options> {
  /** One word, or two for one of a family: "activation list". */
  readonly name: string;
  readonly group: Group;
  /** One line, as in a list of commands. */
  readonly summary: string;
  /** `--help` and `--json` are added to each. */
  readonly options: O;
  readonly positionals?: readonly Positional[];
  /** Printed below its options. */
  readonly notes?: string;
  run(call: Call<O>): Promise<CommandOutcome>;
}

/** A program of its own, which parses what it is given by itself: it is in the table for its help and its options. */
export interface ProgramCommand extends Omit<Command, "run"> {
  program(argv: readonly string[]): Promise<void>;
}

export type Entry = Command | ProgramCommand;

/** One call of a command. */
export interface Call<O extends Options = Options> {
  readonly options: ValuesOf<O>;
  readonly positionals: readonly string[];
  readonly io: Io;
  /** The result, or one of several: `value` as one line of JSON where --json is given, else `text`, which needs no
   * line end. */
  print(value: unknown, text: string): void;
  /** What stands above results; nothing where --json is given. */
  heading(line: string): void;
  /** What is of interest only while one waits. */
  progress(line: string): void;
}

/** What a command sees of the process it runs in. */
export interface Io {
  readonly env: Environment;
  stdout(text: string): void;
  stderr(text: string): void;
  /** The first line of standard input; at a terminal it is asked for by name and not shown. "" if there is none. */
  readSecret(name: string): Promise<string>;
}

/** Keeps the types of its own options for `run`. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}
