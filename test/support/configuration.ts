// CONFIGURATION.md, made from the code that reads each setting: options of the programs, variables and bindings of the
// Worker, limits. As a program it writes the file.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SETTING_VARIABLES } from "../../runtime-host/cli/shared/settings.ts";
import { TABLE } from "../../runtime-host/cli/table.ts";
import { HOST_SHAPE } from "../../runtime-host/config.ts";
import type { Option, Options } from "../../runtime-host/program/options.ts";
import { START_SHAPE } from "../../runtime-host/standalone/config.ts";
import { variablesOf } from "../../runtime-host/standalone/worker.ts";
import * as limits from "../../src/entities/limits.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const WIDTH = 120;

interface Schema {
  safeParse(value: unknown): { success: boolean; data?: unknown };
}

// Imported by a name that the compiler does not follow: the types of a Worker's bindings are not known to this project.
const ENV = new URL("../../src/env.ts", import.meta.url).href;
const { Variables }: { Variables: { shape: Readonly<Record<string, Schema>> } } = await import(ENV);

/** What the Worker checks: bindings, secrets and variables. */
export const CHECKED: readonly string[] = Object.keys(Variables.shape);

/** What is read from the environment without being an option of a program. Those of the runtimes are between host and
 * container. */
export const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  DOCKER_HOST: "where the container engine answers. Default: its usual socket.",
  WSK_CONFIG_FILE: "the file of `wsk property set`. Default: `~/.wskprops`.",
  HOME: "where `.wskprops` is looked for.",
  CLOUDFLARE_ENV: "which environment of wrangler.toml the one-machine mode takes.",
  EDGEWHISK_DIE_WITH_PARENT: "`1`: a host ends when its standard input does. The one-machine mode sets it.",
  PATH: "where the process engine looks for interpreters.",
  npm_execpath: "npm tells its scripts where it is: the launcher installs with that one.",
  npm_lifecycle_event: "set below npm: the launcher then watches whether npm still lives.",
};

export function configuration(): string {
  return `${[
    ...heading("#", "Configuration"),
    ...paragraph(
      "Every flag, variable, binding and limit. This file is made from the code that reads them: `npm run docs:configuration` " +
        "writes it anew, and a test compares the two.",
    ),
    ...paragraph(
      "A flag goes before its variable, and a variable before the default. An empty variable counts as absent. A switch is on " +
        "where it is given, or where its variable is `1`.",
    ),
    ...programs(),
    ...commands(),
    ...worker(),
    ...limitValues(),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

function programs(): string[] {
  return [
    ...heading("##", "The one-machine mode: `npm start`, `edgewhisk start`"),
    ...optionList(START_SHAPE.options),
    ...heading("##", "The runtime host: `edgewhisk host`"),
    ...paragraph("In the one-machine mode the host's variables are taken from the environment of `npm start`."),
    ...optionList(HOST_SHAPE.options),
  ];
}

function commands(): string[] {
  const own = TABLE.filter((entry) => "run" in entry);
  return [
    ...heading("##", "Commands"),
    ...paragraph("Each command has `--help` and `--json` as well. Where platform and key are no flag, they come from:"),
    item(
      "the platform",
      `${quoted(SETTING_VARIABLES.url)}, \`APIHOST\` of \`~/.wskprops\`, the state folder of a running platform`,
    ),
    item("the key", `${quoted(SETTING_VARIABLES.key)}, \`AUTH\` of \`~/.wskprops\`, the same state folder`),
    item("the admin token", `${quoted(SETTING_VARIABLES.adminToken)}, the same state folder, standard input`),
    item("the passphrase of a backup", "`EDGEWHISK_PASSPHRASE`, standard input"),
    item("the state folder", "`EDGEWHISK_STATE`, else `.edgewhisk` here"),
    "",
    ...own.flatMap(({ name, summary, options }) => [
      ...heading("###", `\`edgewhisk ${name}\``),
      ...paragraph(`${sentence(summary)}`),
      ...optionList(options),
    ]),
    ...heading("###", "Other variables"),
    ...Object.entries(OTHER_VARIABLES).map(([name, meaning]) => item(`\`${name}\``, meaning)),
    "",
  ];
}

function optionList(options: Options): string[] {
  return [...Object.entries(options).map(([flag, option]) => optionItem(flag, option)), ""];
}

function optionItem(flag: string, option: Option<unknown>): string {
  const { short, placeholder, variables, summary, unit, defaultText, range } = option;
  const flags = `\`${short === undefined ? "" : `-${short}, `}--${flag}${placeholder === null ? "" : ` ${placeholder}`}\``;
  const names = variables.length === 0 ? flags : `${flags}, ${quoted(variables)}`;
  const from = range === undefined ? "" : ` From ${range.min} to ${withUnit(String(range.max), unit)}.`;
  const fallback = defaultText === undefined ? "" : ` Default: ${withUnit(defaultText, unit)}.`;
  return item(names, `${sentence(summary)}${from}${fallback}`);
}

function withUnit(text: string, unit: string | undefined): string {
  return unit !== undefined && /^\d+$/.test(text) ? `${text} ${unit}` : text;
}

interface Documented {
  name: string;
  /** As it stands in the source, after the colon or the equals sign. */
  rest: string;
  doc: string;
}

/** Members of an interface, or exported constants, with their docstrings. Throws where one has none. */
function documented(text: string, pattern: RegExp): Documented[] {
  return [...text.matchAll(pattern)].map((match) => {
    const { name = "", rest = "", doc = "" } = match.groups ?? {};
    const said = doc
      .replace(/^\s*\/\*\*|\*\/\s*$/g, "")
      .replace(/\s*\n\s*\* ?/g, " ")
      .trim();
    if (said === "") throw new Error(`${name} has no docstring: CONFIGURATION.md cannot say what it is`);
    return { name, rest: rest.trim(), doc: said };
  });
}

const DOC = String.raw`(?<doc>[ \t]*/\*\*(?:(?!\*/)[\s\S])*\*/\n)?`;

export function bindings(): Documented[] {
  const text = readFileSync(`${ROOT}src/env.ts`, "utf8");
  const body = /export interface Env \{\n([\s\S]*?)\n\}/.exec(text)?.[1] ?? "";
  return documented(`${body}\n`, new RegExp(`${DOC}  (?<name>[A-Z][A-Z0-9_]*)\\??:(?<rest>[^\\n]*);`, "g"));
}

function worker(): string[] {
  const all = bindings();
  const bound = all.filter(({ rest }) => kindOf(rest) !== null);
  const texts = all.filter(({ rest }) => kindOf(rest) === null);
  const secrets = texts.filter(({ doc }) => doc.startsWith("Secret"));
  const set = wranglerVariables();
  const here = variablesOf(
    { loopback: true, developmentKeys: false, feeds: { d1: {}, r2: {} }, vars: {} },
    { adminToken: "", masterSecret: "" },
    ["", ""],
  );
  return [
    ...heading("##", "The Worker"),
    ...paragraph(
      "Bindings and variables stand in `wrangler.toml`; secrets are set by `npx wrangler secret put NAME`. In the one-machine " +
        "mode secrets are made at the first start and kept in the state folder, and `--var NAME=VALUE` lays a variable over all of it. " +
        "What is missing or makes no sense stops the platform and is named.",
    ),
    ...heading("###", "Bindings"),
    ...bound.map(({ name, rest, doc }) => item(`\`${name}\``, `${kindOf(rest)}. ${sentence(doc)}`)),
    "",
    ...heading("###", "Secrets"),
    ...secrets.map(({ name, doc }) => item(`\`${name}\``, sentence(doc.replace(/^Secret:? ?/, "")))),
    "",
    ...heading("###", "Variables"),
    ...texts
      .filter((each) => !secrets.includes(each))
      .map(({ name, doc }) => {
        const standard = defaultOf(name);
        const given = set.get(name);
        const local = here[name];
        return item(
          `\`${name}\``,
          [
            sentence(doc),
            standard === null ? "" : ` Default: ${standard}.`,
            given === undefined ? "" : ` wrangler.toml sets \`${given}\`.`,
            local === undefined || name.startsWith("BUILD")
              ? ""
              : ` The one-machine mode sets \`${local === "" ? '""' : local}\`.`,
          ].join(""),
        );
      }),
    "",
  ];
}

/** What kind of binding a type is; null: a text. */
function kindOf(type: string): string | null {
  if (type.startsWith("D1Database")) return "D1 database";
  if (type.startsWith("R2Bucket")) return "R2 bucket";
  if (type.startsWith("DurableObjectNamespace")) return "Durable Object";
  if (type === "MachineBinding") return "Service";
  return type.startsWith("{") ? "Version metadata" : null;
}

/** What the Worker's own schema makes of a variable that is not set; null: nothing. */
function defaultOf(name: string): string | null {
  const read = Variables.shape[name]?.safeParse(undefined);
  if (read?.success !== true || read.data === undefined || read.data === null) return null;
  // Of LIMITS these are the bounds that the list of limits shows.
  if (name === "LIMITS") return "the bounds under [Limits](#limits)";
  return `\`${typeof read.data === "object" ? JSON.stringify(read.data) : String(read.data)}\``;
}

function wranglerVariables(): Map<string, string> {
  const text = readFileSync(`${ROOT}wrangler.toml`, "utf8");
  const section = /^\[vars\]\n([\s\S]*?)^\[/m.exec(text)?.[1] ?? "";
  return new Map([...section.matchAll(/^(\w+) = "(.*)"$/gm)].map(([, name = "", value = ""]) => [name, value]));
}

function limitValues(): string[] {
  const text = readFileSync(`${ROOT}src/entities/limits.ts`, "utf8");
  const body = /export interface LimitBounds \{\n([\s\S]*?)\n\}/.exec(text)?.[1] ?? "";
  const bounds = documented(`${body}\n`, new RegExp(`${DOC}  (?<name>[a-z]+):(?<rest>[^\\n]*);`, "g"));
  const constants = documented(text, new RegExp(`${DOC}export const (?<name>[A-Z_]+) =(?<rest>[^\\n]*);`, "g"));
  const values: Readonly<Record<string, unknown>> = limits;
  return [
    ...heading("##", "Limits"),
    ...paragraph("What an action may ask for, and gets where it asks for nothing. `LIMITS` changes these:"),
    ...bounds.map(({ name, doc }) => {
      const { min, std, max } = limits.DEFAULT_BOUNDS[name as keyof limits.LimitBounds];
      return item(`\`${name}\``, `${sentence(doc)} From ${min} to ${max}; default ${std}.`);
    }),
    "",
    ...paragraph(
      "What a call and a deployment may carry. These are fixed, but for defaults that a variable above replaces:",
    ),
    ...constants.flatMap(({ name, doc }) => {
      const value = values[name];
      if (typeof value !== "number") throw new Error(`${name} of limits.ts is no number`);
      return name === "MB" ? [] : [item(`\`${name}\``, `${sentence(doc)} Value: ${amount(value, doc)}.`)];
    }),
  ];
}

function amount(value: number, doc: string): string {
  if (!doc.startsWith("Bytes")) return String(value);
  return value % limits.MB === 0 ? `${value} (${value / limits.MB} MB)` : `${value} (${value / 1024} KB)`;
}

function heading(level: string, text: string): string[] {
  return [`${level} ${text}`, ""];
}

function paragraph(text: string): string[] {
  return [wrapped(text, ""), ""];
}

function item(name: string, text: string): string {
  return wrapped(`- ${name}: ${text}`, "  ");
}

function quoted(names: readonly string[]): string {
  return names.map((each) => `\`${each}\``).join(", ");
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** Lines of at most 120 characters; what stands between backticks stays on one line. */
function wrapped(text: string, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    if (line !== "" && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(`${ROOT}CONFIGURATION.md`, configuration());
